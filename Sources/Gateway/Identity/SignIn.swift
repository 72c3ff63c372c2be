package import Broker
import ContextModel
import Governance
import HTTPTypes
import Synchronization

/// Signs people in by browser: a link that holds once and for five minutes becomes a session, in a cookie
/// that only the hub's own pages send.
package final class SignIn: Sendable {
    private struct State {
        var key: HubKey
        /// Links that were used, until they would have expired.
        var used: [TokenHash: Timestamp] = [:]
    }
    private let state: Mutex<State>
    private let links: TokenVerifier
    private let sessions: TokenVerifier
    private let clock: HubClock
    /// What a link of an earlier run holds no more for: nobody knows whether it was used.
    private let startedAt: Timestamp
    /// The origin of the hub's pages where the operator said it; else it is that of the request.
    private let origin: String?
    private let isSecure: Bool

    /// `publicURL` is where people reach the hub, nil for plain HTTP at the address they ask.
    package init(key: HubKey, publicURL: String?, clock: HubClock) {
        state = Mutex(State(key: key))
        links = TokenVerifier([key.issuer(of: .link)], clock: clock)
        sessions = TokenVerifier([key.issuer(of: .session)], clock: clock)
        self.clock = clock
        startedAt = clock()
        let parts = publicURL?.split(separator: "/", omittingEmptySubsequences: false) ?? []
        origin = parts.count > 2 ? "\(parts[0])//\(parts[2])" : nil
        isSecure = publicURL?.hasPrefix("https://") == true
    }

    /// Signs with another key from now on: links and sessions of the old one end.
    package func replace(_ key: HubKey) {
        let isAnother = state.withLock { state in
            guard state.key.id != key.id else { return false }
            state = State(key: key)
            return true
        }
        guard isAnother else { return }
        links.replace(with: [key.issuer(of: .link)])
        sessions.replace(with: [key.issuer(of: .session)])
    }

    // MARK: Sessions

    /// Whose session the cookies hold; nil when they hold none, or one that has ended.
    func credential(cookies: String) async -> Credential? {
        let values = cookies.split(separator: ";").compactMap { pair -> String? in
            let pair = pair.drop { $0 == " " }
            return pair.hasPrefix(cookieName + "=")
                ? String(pair.dropFirst(cookieName.count + 1)) : nil
        }
        // Another site of this host may have set a second one.
        guard values.count == 1, let session = values.first else { return nil }
        let hash = TokenHash(of: session)
        if let credential = sessions.remembered(hash) { return credential }
        do { return try await sessions.credential(of: session, hash) } catch { return nil }
    }

    /// Throws `forbidden` unless a page of the hub itself sends the request, as the browser tells.
    func requireOwnPage(_ request: HTTPRequest) throws(BrokerError) {
        if request.headerFields[.secFetchSite] == "same-origin" { return }
        let own = origin ?? request.authority.map { "http://\($0)" }
        guard let sent = request.headerFields[.origin], sent == own else {
            throw BrokerError(
                .forbidden,
                "A session is for the hub's own pages: send a token in \"Authorization\" instead."
            )
        }
    }

    // MARK: Links

    /// Whom a link signs in; throws `unauthenticated` when it has expired, was used or is none.
    func party(ofLink link: String) async throws(BrokerError) -> Party {
        let hash = TokenHash(of: link)
        guard state.withLock({ $0.used[hash] == nil }) else { throw Self.usedLink }
        return try await checked(link, hash).party
    }

    /// Uses a link up, and gives the cookie of a session.
    func cookie(forLink link: String) async throws -> String {
        let hash = TokenHash(of: link)
        let credential = try await checked(link, hash)
        let now = clock()
        let key = try state.withLock { state throws(BrokerError) in
            state.used = state.used.filter { now < $0.value }
            guard state.used.count < Self.maximumUsed else {
                throw BrokerError(.overloaded, "Too many sign in at this moment.")
            }
            let end = now.microseconds + Int64(Self.linkSeconds) * 1_000_000
            guard state.used.updateValue(Timestamp(microseconds: end), forKey: hash) == nil else {
                throw Self.usedLink
            }
            return state.key
        }
        let session = try key.token(
            .session,
            for: credential,
            seconds: Self.sessionSeconds,
            at: now
        )
        return cookie(session, seconds: Self.sessionSeconds)
    }

    /// What ends a session in the browser.
    var endingCookie: String { cookie("", seconds: 0) }

    private func checked(
        _ link: String,
        _ hash: TokenHash
    ) async throws(BrokerError) -> Credential {
        let credential = try await links.credential(of: link, hash)
        let made = try UnverifiedToken(link).claims["iat"]?.numberValue?.intValue ?? 0
        guard Int64(made) >= startedAt.microseconds / 1_000_000 else { throw Self.usedLink }
        return credential
    }

    private static let usedLink = BrokerError(
        .unauthenticated,
        "The link was used, or is from before the hub's start. \"balai login\" makes another."
    )

    private var cookieName: String { isSecure ? "__Host-balai-session" : "balai-session" }

    private func cookie(_ value: String, seconds: Int) -> String {
        "\(cookieName)=\(value); Path=/; HttpOnly; SameSite=Strict; Max-Age=\(seconds)"
            + (isSecure ? "; Secure" : "")
    }

    package static let linkSeconds = 300
    static let sessionSeconds = 43_200
    static let maximumUsed = 1_000
}

extension HTTPField.Name {
    /// Whose page makes a browser send a request.
    static let secFetchSite = known("Sec-Fetch-Site")
}
