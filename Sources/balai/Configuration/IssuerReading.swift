import Foundation
import Gateway
import Governance

/// Somebody whose tokens the hub is to accept, and where the keys are.
struct IssuerSettings: Sendable {
    var issuer: TokenIssuer
    /// A file, or an https URL.
    var keys: String

    var isRemote: Bool { keys.hasPrefix("https://") || keys.hasPrefix("http://") }
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
        guard let issuer = text("issuers", name, "issuer"), !issuer.isEmpty,
            let keys = text("issuers", name, "keys"), !keys.isEmpty, !audiences.isEmpty
        else {
            findings.append("\(section) needs issuer, audience and keys.")
            return nil
        }
        var settings = IssuerSettings(
            issuer: TokenIssuer(name: issuer, audiences: Set(audiences)),
            keys: keys
        )
        let host = URL(string: keys)?.host() ?? ""
        if keys.hasPrefix("http://"), !Loopback.isLoopback(host: host) {
            findings.append(
                "\(section).keys: \"\(keys)\" must be https: who changes the answer on its way "
                    + "could be anybody."
            )
        }
        readAlgorithms(name, into: &settings.issuer)
        readClaims(name, into: &settings.issuer)
        return settings
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
