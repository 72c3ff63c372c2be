import Broker
package import ContextModel
import Governance

/// Signed tokens and sessions that were taken back before they expired.
package struct RevokedTokens: Sendable, Equatable {
    /// Whose sessions ended, all of them at once.
    package struct Sessions: Sendable, Hashable {
        package var party: String
        /// The person; nil for whoever is signed in as the party.
        package var subject: String?

        package init(party: String, subject: String?) {
            self.party = party
            self.subject = subject
        }
    }

    private var hashes: Set<TokenHash> = []
    /// What tokens call themselves (`jti`), in small letters: a UUID may be written in both.
    private var ids: Set<String> = []
    /// The second up to which sessions that began end, since 1970.
    private var sessions: [Sessions: Int64] = [:]

    package init() {}

    /// One thing that is taken back.
    package enum Entry: Sendable, Hashable {
        /// By the hash of what is signed of it.
        case token(TokenHash)
        case id(String)
        /// The sessions that began up to this second, since 1970.
        case sessions(Sessions, upTo: Int64)
    }

    package mutating func insert(_ entry: Entry) {
        switch entry {
        case .token(let hash): hashes.insert(hash)
        case .id(let id): ids.insert(id.lowercased())
        case .sessions(let who, let end): sessions[who] = max(end, sessions[who] ?? .min)
        }
    }

    /// Whether the token, of which this is verified, was taken back.
    func include(_ token: UnverifiedToken, _ credential: Credential) -> Bool {
        if hashes.contains(TokenHash(ofSigned: token.signed)) { return true }
        let id = token.claims["jti"]?.stringValue
        if let id, ids.contains(id.lowercased()) { return true }
        guard token.type == HubKey.Kind.session.rawValue, !sessions.isEmpty else { return false }
        let (party, subject) = (credential.party.text, credential.subject?.uri)
        let ends = [subject, nil].compactMap { sessions[Sessions(party: party, subject: $0)] }
        let start = token.claims["iat"]?.numberValue?.doubleValue ?? 0
        return ends.contains { start <= Double($0) }
    }
}

extension TokenHash {
    /// The hash of what is signed of a token, by which it is taken back.
    ///
    /// The signature is no part of it: whoever has an ECDSA signature can make another one that holds as
    /// well (RFC 7518 section 3.4 does not say which of two).
    package init(ofSignedPartOf token: String) {
        let end = token.utf8.lastIndex(of: UInt8(ascii: ".")) ?? token.utf8.endIndex
        self.init(ofSigned: Array(token.utf8[..<end]))
    }

    /// Until when a signed token holds by its own words, which are not verified; nil for what is no signed
    /// token with an end.
    package static func claimedEnd(of token: String) -> Timestamp? {
        let seconds = (try? UnverifiedToken(token))?.claims["exp"]?.numberValue?.doubleValue
        guard let seconds, (0...1e11).contains(seconds) else { return nil }
        return Timestamp(microseconds: Int64(seconds * 1_000_000))
    }
}
