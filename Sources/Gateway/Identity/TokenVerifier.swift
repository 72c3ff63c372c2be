package import Broker
import ContextModel
import Governance
import Synchronization

/// Decides what signed tokens are worth, and remembers it for as long as they hold.
///
/// A signature is verified when a token is first seen and again each five minutes, by the keys of then; in
/// between a token costs no more than looking it up.
package final class TokenVerifier: Sendable {
    private struct Verified: Sendable {
        var credential: Credential
        /// When the token is to be verified again.
        var until: Timestamp
    }
    private struct State {
        var issuers: [String: TokenIssuer]
        /// Counts how often the issuers were replaced.
        var generation = 0
        var verified: FairCache<TokenHash, Verified>
        var revoked = RevokedTokens()
    }
    private let state: Mutex<State>
    private let clock: HubClock
    private let maximum: Int

    /// Remembers at most so many tokens.
    package init(
        _ issuers: [TokenIssuer] = [],
        clock: HubClock,
        maximum: Int = TokenVerifier.maximumVerified
    ) {
        let cache = Self.emptyCache(maximum)
        state = Mutex(State(issuers: Self.byName(issuers), verified: cache))
        self.clock = clock
        self.maximum = maximum
    }

    /// Refuses every signed token.
    package static let trustingNobody = TokenVerifier(
        clock: HubClock { Timestamp(microseconds: 0) }
    )

    /// Trusts these issuers from now on, and forgets what it has verified.
    package func replace(with issuers: [TokenIssuer]) {
        state.withLock {
            $0.issuers = Self.byName(issuers)
            $0.generation += 1
            $0.verified = Self.emptyCache(maximum)
        }
    }

    /// Refuses these from now on, and no others that were taken back.
    package func replace(revoked: RevokedTokens) {
        state.withLock {
            guard $0.revoked != revoked else { return }
            $0.revoked = revoked
            $0.generation += 1
            $0.verified = Self.emptyCache(maximum)
        }
    }

    private static func byName(_ issuers: [TokenIssuer]) -> [String: TokenIssuer] {
        Dictionary(issuers.map { ($0.name, $0) }) { _, last in last }
    }

    /// What a token says that was verified not long ago; nil for any other.
    func remembered(_ hash: TokenHash) -> Credential? {
        let now = clock()
        return state.withLock { state in
            guard let verified = state.verified.use(hash)?.value else { return nil }
            guard now < verified.until else {
                state.verified.remove(hash)
                return nil
            }
            return verified.credential
        }
    }

    /// Verifies a token; throws `unauthenticated` with the reason when it is worth nothing.
    func credential(of text: String, _ hash: TokenHash) async throws(BrokerError) -> Credential {
        let token = try UnverifiedToken(text)
        let (issuers, generation, revoked) = state.withLock {
            ($0.issuers, $0.generation, $0.revoked)
        }
        guard let name = token.claims["iss"]?.stringValue, let issuer = issuers[name] else {
            throw .refusedToken("The token is from nobody whom this hub trusts.")
        }
        guard issuer.algorithms.contains(token.algorithm) else {
            throw .refusedToken("The token's algorithm is none that its issuer uses.")
        }
        guard issuer.types.contains(token.type) else {
            throw .refusedToken("The token is of another type: it is for no requests.")
        }
        guard await isSigned(token, by: issuer) else {
            throw .refusedToken("The token is not signed by its issuer.")
        }
        let now = clock()
        let end = try issuer.checkedEnd(of: token.claims, at: now)
        let credential = try issuer.credential(token.claims)
        guard !revoked.include(token, credential) else {
            throw .refusedToken("The token was taken back.")
        }
        let again = Timestamp(microseconds: now.microseconds + Self.trustMicroseconds)
        let verified = Verified(credential: credential, until: min(end, again))
        state.withLock { state in
            // Tokens of issuers that are trusted no more are not kept.
            guard state.generation == generation else { return }
            _ = state.verified.put(verified, for: hash, bytes: 0, owner: credential.party)
        }
        return credential
    }

    private func isSigned(_ token: UnverifiedToken, by issuer: TokenIssuer) async -> Bool {
        if let isSigned = issuer.keys.keys.verify(token) { return isSigned }
        await issuer.keys.refresh()
        return issuer.keys.keys.verify(token) ?? false
    }

    private static let trustMicroseconds: Int64 = 300_000_000
    package static let maximumVerified = 8192
    private static let verifiedBytes = 512
    private static func emptyCache(_ maximum: Int) -> FairCache<TokenHash, Verified> {
        FairCache(maximumBytes: maximum * verifiedBytes, maximumCount: maximum)
    }
}
