import Gateway
import Governance

/// Somebody whose tokens the hub is to accept, or at whom people are to sign in.
struct IssuerSettings: Sendable {
    var issuer: TokenIssuer
    /// Where the keys of its tokens are: a file, or an https URL; nil where it only signs people in.
    var keys: String?
    /// nil where nobody signs in there.
    var client: Client?

    var isRemote: Bool {
        keys?.hasPrefix("https://") == true || keys?.hasPrefix("http://") == true
    }

    /// This hub as a client of the identity provider.
    struct Client: Sendable {
        /// The provider's name in the configuration.
        var name: String
        var id: String
        /// Where the secret is; nil for a client without one.
        var secret: Secret?
        var scopes: [String]
        var label: String
    }

    /// A place of a secret: none is in the configuration itself, which more people read.
    enum Secret: Sendable, Equatable {
        case file(String)
        case variable(String)
    }
}

extension SettingsReader {
    /// What `issuers` says.
    mutating func issuers(names: [String]) -> [IssuerSettings] {
        let issuers = names.compactMap { issuer(named: $0) }
        for (name, same) in Dictionary(grouping: issuers, by: \.issuer.name) where same.count > 1 {
            findings.append("issuers: two are called \"\(name)\".")
        }
        return issuers
    }

    private mutating func issuer(named name: String) -> IssuerSettings? {
        let section = "issuers.\(name)"
        let audiences = list("issuers", name, "audience")
        let keys = text("issuers", name, "keys").flatMap { $0.isEmpty ? nil : $0 }
        let client = client(named: name)
        guard let issuer = text("issuers", name, "issuer"), !issuer.isEmpty else {
            findings.append("\(section) needs issuer.")
            return nil
        }
        guard (keys == nil) == audiences.isEmpty, keys != nil || client != nil else {
            findings.append(
                "\(section) needs audience and keys for its tokens, or clientID for people to sign "
                    + "in."
            )
            return nil
        }
        var settings = IssuerSettings(
            issuer: TokenIssuer(name: issuer, audiences: Set(audiences)),
            keys: keys,
            client: client
        )
        if let keys, settings.isRemote, !Loopback.isSafe(url: keys) {
            findings.append(
                "\(section).keys: \"\(keys)\" must be https: who changes the answer on its way "
                    + "could be anybody."
            )
        }
        if client != nil, !Loopback.isSafe(url: issuer) {
            findings.append(
                "\(section).issuer: \"\(issuer)\" must be an https URL to sign in there."
            )
        }
        readAlgorithms(name, into: &settings.issuer)
        readClaims(name, into: &settings.issuer)
        return settings
    }

    private mutating func client(named name: String) -> IssuerSettings.Client? {
        let file = text("issuers", name, "clientSecretFile")
        let variable = text("issuers", name, "clientSecretVariable")
        let scopes = list("issuers", name, "scopes")
        let label = text("issuers", name, "label")
        guard let id = text("issuers", name, "clientID"), !id.isEmpty else {
            if file != nil || variable != nil || !scopes.isEmpty || label != nil {
                findings.append("issuers.\(name) needs clientID for people to sign in.")
            }
            return nil
        }
        if file != nil, variable != nil {
            findings.append("issuers.\(name) has its secret in a file or in a variable, not both.")
        }
        if let wrong = scopes.first(where: { $0.isEmpty || $0.contains(" ") }) {
            findings.append("issuers.\(name).scopes: \"\(wrong)\" is no scope.")
        }
        return IssuerSettings.Client(
            name: name,
            id: id,
            secret: file.map(IssuerSettings.Secret.file)
                ?? variable.map(IssuerSettings.Secret.variable),
            scopes: scopes,
            label: label ?? name
        )
    }

    private mutating func readAlgorithms(_ name: String, into issuer: inout TokenIssuer) {
        let names = list("issuers", name, "algorithms")
        let algorithms = names.compactMap { word -> TokenAlgorithm? in
            let algorithm = TokenAlgorithm(rawValue: word)
            if algorithm == nil {
                let known = TokenAlgorithm.allCases.map(\.rawValue).joined(separator: ", ")
                findings.append("issuers.\(name).algorithms: \"\(word)\" is none of \(known).")
            }
            return algorithm
        }
        if !algorithms.isEmpty { issuer.algorithms = Set(algorithms) }
    }

    private mutating func readClaims(_ name: String, into issuer: inout TokenIssuer) {
        issuer.claims.party = text("issuers", name, "partyClaim") ?? issuer.claims.party
        issuer.claims.roles = text("issuers", name, "rolesClaim") ?? issuer.claims.roles
        issuer.claims.subject = text("issuers", name, "subjectClaim")
        issuer.claims.purpose = text("issuers", name, "purposeClaim") ?? issuer.claims.purpose
        issuer.partyPrefix = text("issuers", name, "partyPrefix") ?? ""
        issuer.subjectPrefix = text("issuers", name, "subjectPrefix") ?? ""
        issuer.rolePrefix = text("issuers", name, "rolePrefix") ?? ""
        issuer.rolesTarget = text("issuers", name, "rolesTarget")
        for role in list("issuers", name, "adminRoles") { issuer.roles[role] = .admin }
        issuer.credentialTypes = Set(list("issuers", name, "credentialTypes"))
        issuer.credentialIssuers = Set(list("issuers", name, "credentialIssuers"))
    }
}
