import Broker
import ContextModel
package import Governance

/// Somebody whose signed tokens the hub accepts, and how what they say is read.
package struct TokenIssuer: Sendable {
    /// Which claims tell what; a name may be a path, as `realm_access.roles`.
    package struct Claims: Sendable, Hashable {
        package var party = "sub"
        package var roles = "roles"
        package var subject = "subject"
        package var purpose = "purpose"
        package init() {}
    }

    /// As tokens name it (`iss`).
    package let name: String
    /// What a token must be for, one of these (`aud`).
    package let audiences: Set<String>
    package let keys: any KeySource
    package var algorithms: Set<TokenAlgorithm> = [.eddsa, .es256, .es384, .ps256, .rs256]
    /// What a token may say that it is (`typ`); nil for saying nothing.
    package var types: Set<String?> = [nil, "jwt", "at+jwt"]
    /// How far the clocks may be apart, in seconds.
    package var leewaySeconds: Int64 = 30
    package var claims = Claims()
    /// What stands before the party's name in the hub, so that no two issuers name the same party.
    package var partyPrefix = ""
    /// What the issuer's roles are here; any other is none.
    package var roles: [String: Roles] = [:]

    package init(name: String, audiences: Set<String>, keys: any KeySource) {
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
    func credential(_ claims: JSONObject) throws(BrokerError) -> Credential {
        guard let name = value(self.claims.party, of: claims)?.stringValue else {
            throw .refusedToken("The token names no party.")
        }
        let party = partyPrefix + name
        guard Party.isName(party) else {
            throw .refusedToken("The token's party cannot be the name of one.")
        }
        var credential = Credential(party: .named(PartyID(party)))
        if let value = value(self.claims.roles, of: claims) {
            guard let names = strings(value) else {
                throw .refusedToken("The token's roles are no list of texts.")
            }
            for name in names { credential.roles.formUnion(roles[name] ?? []) }
        }
        if let value = value(self.claims.subject, of: claims) {
            guard let uri = value.stringValue, URIText.isValid(uri), uri.utf8.count <= 256 else {
                throw .refusedToken("The token's subject is no URI.")
            }
            credential.subject = SubjectID(uri)
        }
        if let value = value(self.claims.purpose, of: claims) {
            guard let text = value.stringValue, (1...256).contains(text.utf8.count) else {
                throw .refusedToken("The token's purpose is no text.")
            }
            credential.purpose = Purpose(text)
        }
        return credential
    }

    /// The claim of that name, or the one that the path leads to.
    private func value(_ name: String, of claims: JSONObject) -> JSONValue? {
        if let value = claims[name] { return value }
        var value = JSONValue.object(claims)
        for step in name.split(separator: ".") {
            guard let next = value.objectValue?[String(step)] else { return nil }
            value = next
        }
        return value
    }

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
