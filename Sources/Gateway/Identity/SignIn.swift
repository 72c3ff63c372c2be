package import Broker
package import ContextModel
import Foundation
import Governance
import HTTPTypes
import Synchronization

/// Signs people in by browser: a link that holds once and for five minutes becomes a session, in a cookie
/// that only the hub's own pages send.
package final class SignIn: Sendable {
    private struct State {
        var key: HubKey
        /// Links that were used, and answers of identity providers, until they would have expired.
        var used: [TokenHash: Timestamp] = [:]
        var providers: [OpenIDProvider] = []
        var revoked = RevokedTokens()
    }
    private let state: Mutex<State>
    private let links: TokenVerifier
    private let sessions: TokenVerifier
    private let clock: HubClock
    private let revoke: Revoke
    /// Has the hub take something back from now on, and keep that until the moment at which it has expired.
    package typealias Revoke =
        @Sendable (_ entry: RevokedTokens.Entry, _ until: Timestamp) async throws -> Void
    /// What a link of an earlier run holds no more for: nobody knows whether it was used.
    private let startedAt: Timestamp
    /// The origin of the hub's pages where the operator said it; else it is that of the request.
    private let origin: String?
    private let publicURL: String?
    /// How the hub is reached where the operator did not say where.
    private let scheme: String
    private let isSecure: Bool

    /// `publicURL` is where people reach the hub, nil for the address they ask; `hasTLS` if the hub itself
    /// speaks https.
    package init(
        key: HubKey,
        publicURL: String?,
        hasTLS: Bool = false,
        clock: HubClock,
        revoke: @escaping Revoke = { _, _ in }
    ) {
        self.revoke = revoke
        scheme = hasTLS ? "https" : "http"
        state = Mutex(State(key: key))
        links = TokenVerifier([key.issuer(of: .link)], clock: clock)
        sessions = TokenVerifier([key.issuer(of: .session)], clock: clock)
        self.clock = clock
        startedAt = clock()
        self.publicURL = publicURL
        let parts = publicURL?.split(separator: "/", omittingEmptySubsequences: false) ?? []
        origin = parts.count > 2 ? "\(parts[0])//\(parts[2])" : nil
        isSecure = publicURL.map { $0.hasPrefix("https://") } ?? hasTLS
    }

    /// Signs with another key from now on: links and sessions of the old one end.
    package func replace(_ key: HubKey) {
        let isAnother = state.withLock { state in
            guard state.key.id != key.id else { return false }
            state.key = key
            state.used = [:]
            return true
        }
        guard isAnother else { return }
        links.replace(with: [key.issuer(of: .link)])
        sessions.replace(with: [key.issuer(of: .session)])
    }

    // MARK: Sessions

    /// Ends these sessions, and no others that were ended.
    package func replace(revoked: RevokedTokens) {
        state.withLock { $0.revoked = revoked }
        sessions.replace(revoked: revoked)
    }

    /// Ends the session that the cookies hold, or all of whoever has it.
    func signOut(cookies: String, everywhere: Bool) async throws {
        guard let session = Self.value(of: cookieName(.session), in: cookies),
            let credential = await credential(cookies: cookies)
        else { return }
        let now = clock().microseconds
        let until = Timestamp(microseconds: now + Int64(Self.sessionSeconds) * 1_000_000)
        let who = RevokedTokens.Sessions(
            party: credential.party.text,
            subject: credential.subject?.uri
        )
        let entry: RevokedTokens.Entry =
            everywhere
            ? .sessions(who, upTo: now / 1_000_000) : .token(TokenHash(ofSignedPartOf: session))
        try await revoke(entry, until)
        let all = state.withLock { state in
            state.revoked.insert(entry)
            return state.revoked
        }
        sessions.replace(revoked: all)
    }

    /// Whose session the cookies hold; nil when they hold none, or one that has ended.
    func credential(cookies: String) async -> Credential? {
        guard let session = Self.value(of: cookieName(.session), in: cookies) else { return nil }
        let hash = TokenHash(of: session)
        if let credential = sessions.remembered(hash) { return credential }
        do { return try await sessions.credential(of: session, hash) } catch { return nil }
    }

    // MARK: The purpose of a session

    /// The purpose that was chosen for the session; nil for none, and for one that the session's token is not for.
    ///
    /// It is said by whoever reads, as that of the header `Data-Purpose`, and needs no signature.
    func purpose(cookies: String, of credential: Credential) -> Purpose? {
        guard let text = Self.value(of: cookieName(.purpose), in: cookies) else { return nil }
        let purpose = Purpose(text)
        guard purpose.isKnown, credential.purpose.map(purpose.isOrNarrower) ?? true else {
            return nil
        }
        return purpose
    }

    /// The cookie of the purpose for which a session reads from now on; nil for none.
    func cookie(ofPurpose purpose: Purpose?) -> String {
        cookie(.purpose, purpose?.text ?? "", seconds: purpose == nil ? 0 : Self.sessionSeconds)
    }

    /// The value of a cookie; nil where there are two, of which another site of this host may have set
    /// one.
    private static func value(of name: String, in cookies: String) -> String? {
        let values = cookies.split(separator: ";").compactMap { pair -> String? in
            let pair = pair.drop { $0 == " " }
            return pair.hasPrefix(name + "=") ? String(pair.dropFirst(name.count + 1)) : nil
        }
        return values.count == 1 ? values.first : nil
    }

    /// Throws `forbidden` unless a page of the hub itself sends the request, as the browser tells.
    func requireOwnPage(_ request: HTTPRequest) throws(BrokerError) {
        if request.headerFields[.secFetchSite] == "same-origin" { return }
        let own = origin ?? request.authority.map { "\(scheme)://\($0)" }
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
        try use(hash, seconds: Self.linkSeconds, again: Self.usedLink)
        return try session(for: credential)
    }

    /// Uses something up that signs somebody in; throws `again` when it was used.
    private func use(
        _ hash: TokenHash,
        seconds: Int,
        again: BrokerError
    ) throws(BrokerError) {
        let now = clock()
        try state.withLock { state throws(BrokerError) in
            state.used = state.used.filter { now < $0.value }
            guard state.used.count < Self.maximumUsed else {
                throw BrokerError(.overloaded, "Too many sign in at this moment.")
            }
            let end = now.microseconds + Int64(seconds) * 1_000_000
            guard state.used.updateValue(Timestamp(microseconds: end), forKey: hash) == nil else {
                throw again
            }
        }
    }

    /// The cookie of a new session; throws `badRequestData` for one that no browser would keep.
    private func session(for credential: Credential) throws -> String {
        let key = state.withLock { $0.key }
        let session = try key.token(
            .session,
            for: credential,
            seconds: Self.sessionSeconds,
            at: clock(),
            id: UUID().uuidString
        )
        guard session.utf8.count <= Self.maximumCookieBytes else {
            throw BrokerError(.badRequestData, "Your roles are too many for a session.")
        }
        return cookie(.session, session, seconds: Self.sessionSeconds)
    }

    /// What ends a session in the browser.
    var endingCookie: String { cookie(.session, "", seconds: 0) }

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

    // MARK: Identity providers

    /// Signs people in at these providers from now on.
    package func replace(providers: [OpenIDProvider]) {
        state.withLock { $0.providers = providers }
    }

    /// The providers at which people may sign in.
    var providers: [OpenIDSettings] { state.withLock { $0.providers.map(\.settings) } }

    private func provider(_ name: String) throws(BrokerError) -> OpenIDProvider {
        let provider = state.withLock { $0.providers.first { $0.settings.name == name } }
        guard let provider else {
            throw BrokerError(.resourceNotFound, "Nobody signs in here at \"\(name)\".")
        }
        return provider
    }

    /// Begins to sign in at the provider: where the browser goes, and the cookie that it keeps until it
    /// comes back.
    func begin(
        at name: String,
        authority: String?
    ) async throws(BrokerError) -> (address: String, cookie: String) {
        let provider = try provider(name)
        var random = SystemRandomNumberGenerator()
        let flow = OpenIDFlow(provider: name, at: clock(), &random)
        let address = try await provider.address(of: flow, back: try back(name, authority))
        return (address, cookie(.flow, flow.cookie, seconds: Int(OpenIDFlow.seconds)))
    }

    /// Ends what `begin` began, with what the provider sent the browser back with: who signed in, and the
    /// cookies that the browser is to have from now on.
    ///
    /// Throws `forbidden` for an answer to a sign-in that this browser did not begin, or that was used.
    func finish(
        at name: String,
        _ answer: QueryItems,
        cookies: String?,
        authority: String?
    ) async throws -> (party: Party, cookies: [String]) {
        let provider = try provider(name)
        let kept = cookies.flatMap { Self.value(of: cookieName(.flow), in: $0) }
        guard let flow = kept.flatMap({ OpenIDFlow(cookie: $0) }), flow.provider == name,
            flow.isUnderWay(at: clock()), let state = answer["state"], flow.hasState(state)
        else { throw Self.foreignFlow }
        // RFC 9207: an answer of another provider is none of this one.
        guard answer["iss"] ?? provider.settings.issuer.name == provider.settings.issuer.name else {
            throw Self.foreignFlow
        }
        guard let code = answer["code"], !code.isEmpty, answer["error"] == nil else {
            throw BrokerError(.forbidden, "The identity provider did not sign you in.")
        }
        let credential = try await provider.credential(
            forCode: code,
            of: flow,
            back: try back(name, authority)
        )
        // Only who has signed in takes a place among those: nobody else can fill them.
        try use(
            // Not the cookie, which can be written in several ways.
            TokenHash(of: flow.state),
            seconds: Int(OpenIDFlow.seconds),
            again: Self.foreignFlow
        )
        return (
            credential.party,
            [
                try session(for: credential), cookie(ofPurpose: nil), cookie(.flow, "", seconds: 0),
            ]
        )
    }

    /// Where the provider sends people back to.
    ///
    /// Without a `publicURL` only on this machine: else whoever makes up a `Host` would choose it.
    private func back(_ name: String, _ authority: String?) throws(BrokerError) -> String {
        let path = "/sign-in/from/" + TypeView.percentEncoded(name)
        if let publicURL { return publicURL + path }
        guard let authority, Loopback.isLoopback(authority: authority) else {
            throw BrokerError(
                .operationNotSupported,
                "To sign in at an identity provider, the hub needs \"publicURL\" in its configuration."
            )
        }
        return "\(scheme)://\(authority)\(path)"
    }

    private static let foreignFlow = BrokerError(
        .forbidden,
        "Here nobody began to sign in that way, or it is over. Begin again at /sign-in."
    )

    // MARK: Cookies

    private enum Cookie: String {
        /// Who is signed in: only the hub's own pages send it.
        case session = "balai-session"
        /// What the session reads for.
        case purpose = "balai-purpose"
        /// A sign-in that is under way: the provider's page leads back with it.
        case flow = "balai-flow"
    }

    private func cookieName(_ cookie: Cookie) -> String {
        (isSecure ? "__Host-" : "") + cookie.rawValue
    }

    private func cookie(_ cookie: Cookie, _ value: String, seconds: Int) -> String {
        let site = cookie == .flow ? "Lax" : "Strict"
        return
            "\(cookieName(cookie))=\(value); Path=/; HttpOnly; SameSite=\(site); Max-Age=\(seconds)"
            + (isSecure ? "; Secure" : "")
    }

    /// What browsers keep of a cookie at least, less its name and attributes (RFC 6265 section 6.1).
    private static let maximumCookieBytes = 3_900
    package static let linkSeconds = 300
    package static let sessionSeconds = 43_200
    static let maximumUsed = 1_000
}

extension HTTPField.Name {
    /// Whose page makes a browser send a request.
    static let secFetchSite = known("Sec-Fetch-Site")
}
