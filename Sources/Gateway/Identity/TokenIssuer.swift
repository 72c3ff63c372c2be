import Broker
import ContextModel
package import Governance

/// Somebody whose signed tokens the hub accepts, and how what they say is read.
package struct TokenIssuer: Sendable {
    /// Which claims tell what; a name may be a path, as `realm_access.roles`, which leads through lists to
    /// what each of their elements has.
    package struct Claims: Sendable, Hashable {
        package var party = "sub"
        package var roles = "roles"
        /// nil when tokens name no person.
        package var subject: String?
        package var purpose = "purpose"
        package init() {}
    }

    /// As tokens name it (`iss`).
    package let name: String
    /// What a token must be for, one of these (`aud`).
    package var audiences: Set<String>
    package var keys: any KeySource
    package var algorithms: Set<TokenAlgorithm> = [.eddsa, .es256, .es384, .ps256, .rs256]
    /// What a token may say that it is (`typ`); nil for saying nothing.
    package var types: Set<String?> = [nil, "jwt", "at+jwt"]
    /// How far the clocks may be apart, in seconds.
    package var leewaySeconds: Int64 = 30
    package var claims = Claims()
    /// What stands before the party's name in the hub, so that no two issuers name the same party.
    package var partyPrefix = ""
    /// What makes a URI of the person's name.
    package var subjectPrefix = ""
    /// What the issuer's roles let their bearer do here, beside what policies say of them.
    package var roles: [String: Roles] = [:]
    /// What stands before the name of a role in policies, so that no two issuers give the same role.
    package var rolePrefix = ""
    /// Whose roles count where each is for somebody, as in the credentials of FIWARE's data spaces: elements
    /// with `names` and the `target` that they are for.
    package var rolesTarget: String?
    /// Of the credentials inside a token those of one of these types, by one of these issuers, count alone;
    /// any where a set is empty.
    package var credentialTypes: Set<String> = []
    package var credentialIssuers: Set<String> = []

    /// Whether the operator's own name is the operator: of what the hub signs for itself alone.
    var namesOperator = false

    package init(
        name: String,
        audiences: Set<String>,
        keys: any KeySource = FixedKeys(VerificationKeys())
    ) {
        self.name = name
        self.audiences = audiences
        self.keys = keys
    }

    /// Until when the claims hold; throws `unauthenticated` when they are not for this hub, or not now.
    func checkedEnd(of claims: JSONObject, at now: Timestamp) throws(BrokerError) -> Timestamp {
        guard let named = strings(claims["aud"]), !audiences.isDisjoint(with: named) else {
            throw .refusedToken("The token is not for this hub.")
        }
        let leeway = leewaySeconds * 1_000_000
        guard let end = try moment("exp", of: claims) else {
            throw .refusedToken("The token does not say when it expires.")
        }
        guard now.microseconds < end + leeway else {
            throw .refusedToken("The token has expired.")
        }
        for name in ["nbf", "iat"] {
            if let start = try moment(name, of: claims), now.microseconds < start - leeway {
                throw .refusedToken("The token is not valid yet.")
            }
        }
        return Timestamp(microseconds: end + leeway)
    }

    /// What the claims say of the bearer; throws `unauthenticated` when that cannot be understood.
    func credential(_ all: JSONObject) throws(BrokerError) -> Credential {
        let claims = try counted(all)
        guard let name = try text(self.claims.party, of: claims) else {
            throw .refusedToken("The token names no party.")
        }
        var credential = Credential(party: try party(partyPrefix + name))
        if credential.party == .operator {
            credential.roles = .admin
        } else {
            for name in try roleNames(of: claims) {
                credential.roles.formUnion(roles[name] ?? [])
                // What policies call `admin` is only what the configuration makes one.
                credential.otherRoles.formUnion(
                    Standing(roleNames: [rolePrefix + name]).otherRoles
                )
            }
        }
        if let claim = self.claims.subject, let name = try text(claim, of: claims) {
            let uri = subjectPrefix + name
            guard URIText.isValid(uri), uri.utf8.count <= 256 else {
                throw .refusedToken("The token's subject is no URI.")
            }
            credential.subject = SubjectID(uri)
        }
        if let text = try text(self.claims.purpose, of: claims) {
            guard (1...256).contains(text.utf8.count) else {
                throw .refusedToken("The token's purpose has 1 to 256 bytes.")
            }
            credential.purpose = Purpose(text)
        }
        return credential
    }

    private func party(_ name: String) throws(BrokerError) -> Party {
        if namesOperator, name == Party.operator.text { return .operator }
        guard Party.isName(name) else {
            throw .refusedToken("The token's party cannot be the name of one.")
        }
        return .named(PartyID(name))
    }

    /// The claims with those credentials alone that count, as `verifiableCredential`.
    ///
    /// FIWARE's verifier puts a single credential under that name, and several under
    /// `verifiablePresentation`.
    private func counted(_ claims: JSONObject) throws(BrokerError) -> JSONObject {
        if credentialTypes.isEmpty && credentialIssuers.isEmpty { return claims }
        let inside = claims["verifiableCredential"] ?? claims["verifiablePresentation"]
        let counted = inside.map(Self.elements)?.filter { credential in
            let object = credential.objectValue
            let types = strings(object?["type"]) ?? []
            let issuer =
                object?["issuer"]?.stringValue ?? object?["issuer"]?.objectValue?["id"]?.stringValue
            return (credentialTypes.isEmpty || !credentialTypes.isDisjoint(with: types))
                && (credentialIssuers.isEmpty || issuer.map(credentialIssuers.contains) == true)
        }
        guard let counted, !counted.isEmpty else {
            throw .refusedToken("The token holds no credential that counts here.")
        }
        var claims = claims
        claims["verifiableCredential"] = .array(counted)
        claims["verifiablePresentation"] = nil
        return claims
    }

    private func roleNames(of claims: JSONObject) throws(BrokerError) -> [String] {
        var found: [String] = []
        for element in values(self.claims.roles, of: claims).flatMap(Self.elements) {
            let names: [String]?
            if let role = element.objectValue {
                let isOurs = rolesTarget != nil && role["target"]?.stringValue == rolesTarget
                names = strings(role["names"]).map { isOurs ? $0 : [] }
            } else {
                names = strings(element)
            }
            guard let names else {
                throw .refusedToken("The token's roles are no list of texts.")
            }
            found += names
        }
        return found
    }

    /// The one text that the claim has; nil when there is none.
    private func text(_ name: String, of claims: JSONObject) throws(BrokerError) -> String? {
        let values = values(name, of: claims)
        guard let value = values.first else { return nil }
        guard let text = value.stringValue, values.allSatisfy({ $0 == value }) else {
            throw .refusedToken("The token's \"\(name)\" is not one text.")
        }
        return text
    }

    /// The claim of that name, or what the path leads to.
    private func values(_ name: String, of claims: JSONObject) -> [JSONValue] {
        if let value = claims[name] { return [value] }
        return name.split(separator: ".").reduce([.object(claims)]) { values, step in
            values.flatMap(Self.elements).compactMap { $0.objectValue?[String(step)] }
        }
    }

    private static func elements(_ value: JSONValue) -> [JSONValue] { value.arrayValue ?? [value] }

    /// A text, or a list of nothing but texts.
    private func strings(_ value: JSONValue?) -> [String]? {
        if let text = value?.stringValue { return [text] }
        let texts = value?.arrayValue?.map(\.stringValue)
        guard let texts, !texts.contains(nil) else { return nil }
        return texts.compactMap(\.self)
    }

    /// A date as tokens have it: seconds since 1970 (RFC 7519 section 2), here in microseconds.
    private func moment(_ name: String, of claims: JSONObject) throws(BrokerError) -> Int64? {
        guard let value = claims[name] else { return nil }
        guard let seconds = value.numberValue?.doubleValue, (0...1e11).contains(seconds) else {
            throw .refusedToken("The token's \"\(name)\" is no date.")
        }
        return Int64(seconds * 1_000_000)
    }
}

extension Party {
    /// Whether a token can be of a party of that name: it has 1 to 256 bytes, nothing invisible, and does
    /// not mean somebody else, or nobody.
    package static func isName(_ text: String) -> Bool {
        (1...256).contains(text.utf8.count) && !["operator", "anonymous"].contains(text)
            && !text.hasPrefix(servicePrefix)
            && (text.utf8.allSatisfy { (0x21...0x7E).contains($0) } || URIText.isValid(text))
    }
}
