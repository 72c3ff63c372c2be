package import Broker
import ContextModel
package import Logging
import Synchronization

/// How people sign in at an identity provider.
package struct OpenIDSettings: Sendable {
    /// Its name in the configuration, which is a part of the address to which it sends people back.
    package var name: String
    /// What people call it.
    package var label: String
    /// Whose tokens they are, and how what they say is read; they are for the client.
    package var issuer: TokenIssuer
    /// How the provider calls this hub.
    package var clientID: String
    /// What shows to the provider that it is this hub; nil for a client without a secret.
    package var clientSecret: String?
    /// What is asked for besides `openid`.
    package var scopes: [String] = []

    package init(
        name: String,
        label: String,
        issuer: TokenIssuer,
        clientID: String,
        clientSecret: String? = nil,
        scopes: [String] = []
    ) {
        self.name = name
        self.label = label
        self.issuer = issuer
        self.clientID = clientID
        self.clientSecret = clientSecret
        self.scopes = scopes
    }
}

/// How the hub asks an identity provider; each request ends by itself.
package struct OpenIDWeb: Sendable {
    /// Gets a document; throws when there is none.
    package var get: @Sendable (_ url: String) async throws -> [UInt8]
    /// Sends a form, with the value of `Authorization` if there is one; throws when there is no answer.
    package var post:
        @Sendable (_ url: String, _ body: String, _ authorization: String?) async throws -> (
            status: Int, body: [UInt8]
        )

    package init(
        get: @escaping @Sendable (_ url: String) async throws -> [UInt8],
        post:
            @escaping @Sendable (_ url: String, _ body: String, _ authorization: String?)
            async throws -> (status: Int, body: [UInt8])
    ) {
        self.get = get
        self.post = post
    }
}

/// Signs people in at an identity provider: OpenID Connect's authorization code flow (Core 1.0 section
/// 3.1) with PKCE (RFC 7636).
package final class OpenIDProvider: Sendable {
    package let settings: OpenIDSettings
    private let discovery: OpenIDDiscovery
    private let tokens: TokenVerifier
    private let web: OpenIDWeb
    private let logger: Logger

    package init(
        _ settings: OpenIDSettings,
        web: OpenIDWeb,
        clock: HubClock,
        logger: Logger
    ) {
        let discovery = OpenIDDiscovery(settings.issuer.name, web, clock, logger)
        var issuer = settings.issuer
        issuer.keys = RemoteKeys(of: issuer.name, clock: clock, logger: logger) {
            try await web.get(discovery.metadata().keys)
        }
        // An access token is no proof of who signed in.
        issuer.types = [nil, "jwt"]
        self.settings = settings
        self.discovery = discovery
        self.web = web
        self.logger = logger
        tokens = TokenVerifier([issuer], clock: clock, maximum: 1)
    }

    /// Where the browser is sent to sign in; `back` is where the provider sends it afterwards.
    func address(of flow: OpenIDFlow, back: String) async throws(BrokerError) -> String {
        let start = try await discovery.metadata().authorization
        let scopes = ["openid"] + settings.scopes.filter { $0 != "openid" }
        let query = Self.encoded([
            ("response_type", "code"), ("client_id", settings.clientID), ("redirect_uri", back),
            ("scope", scopes.joined(separator: " ")), ("state", flow.state),
            ("nonce", flow.nonce), ("code_challenge", flow.challenge),
            ("code_challenge_method", "S256"),
        ])
        return start + (start.contains("?") ? "&" : "?") + query
    }

    /// Who signed in, by the code with which the provider sent the browser back.
    ///
    /// Throws `unauthenticated` when the provider does not take the code, or its token is worth nothing
    /// here.
    func credential(
        forCode code: String,
        of flow: OpenIDFlow,
        back: String
    ) async throws(BrokerError) -> Credential {
        let token = try await idToken(code, flow, back)
        let credential = try await tokens.credential(of: token, TokenHash(of: token))
        let claims = try UnverifiedToken(token).claims
        guard let nonce = claims["nonce"]?.stringValue,
            TokenHash(of: nonce).matches(TokenHash(of: flow.nonce))
        else { throw .refusedToken("The ID token is of another sign-in.") }
        // Section 3.1.3.7, steps 3 to 5: a token for several is for the one that asked for it.
        let party = claims["azp"]
        guard party == nil || party?.stringValue == settings.clientID,
            party != nil || (claims["aud"]?.arrayValue?.count ?? 1) == 1
        else { throw .refusedToken("The ID token is for another client.") }
        // Section 2 has both of every ID token.
        guard claims["iat"]?.numberValue != nil, claims["sub"]?.stringValue?.isEmpty == false else {
            throw .refusedToken("The ID token lacks \"sub\" or \"iat\".")
        }
        return credential
    }

    /// Exchanges the code for a token (section 3.1.3).
    private func idToken(
        _ code: String,
        _ flow: OpenIDFlow,
        _ back: String
    ) async throws(BrokerError) -> String {
        let metadata = try await discovery.metadata()
        var fields = [
            ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", back),
            ("code_verifier", flow.verifier),
        ]
        var authorization: String?
        if let secret = settings.clientSecret, metadata.takesBasic {
            // RFC 6749 section 2.3.1: both are encoded as in a form first.
            let pair = [settings.clientID, secret].map(Self.encoded).joined(separator: ":")
            authorization = "Basic " + Base64URL.basic(pair)
        } else {
            fields.append(("client_id", settings.clientID))
            if let secret = settings.clientSecret { fields.append(("client_secret", secret)) }
        }
        let answer: (status: Int, body: [UInt8])
        do {
            answer = try await web.post(metadata.token, Self.encoded(fields), authorization)
        } catch {
            logger.warning("the identity provider \(settings.issuer.name) is silent: \(error)")
            throw Self.silent
        }
        guard answer.status == 200 else {
            logger.warning(
                "the identity provider \(settings.issuer.name) took no code: \(answer.status)"
            )
            throw .refusedToken("The identity provider does not confirm this; sign in again.")
        }
        let limits = JSONLimits(maximumBytes: OpenIDDiscovery.maximumBytes, maximumDepth: 8)
        let json = try? JSONReader.read(answer.body, limits: limits).objectValue
        guard let token = json?["id_token"]?.stringValue else {
            throw .refusedToken("The identity provider's answer has no ID token.")
        }
        return token
    }

    static let silent = BrokerError(
        .overloaded,
        "The identity provider does not answer as it should; try again in a moment."
    )

    private static func encoded(_ fields: [(String, String)]) -> String {
        fields.map { "\($0)=\(encoded($1))" }.joined(separator: "&")
    }

    private static func encoded(_ text: String) -> String { TypeView.percentEncoded(text) }
}

/// What an identity provider says of itself (OpenID Connect Discovery 1.0 section 4).
///
/// It is asked when somebody signs in, no more than once an hour, and while it fails no more than each ten
/// seconds.
private final class OpenIDDiscovery: Sendable {
    struct Metadata: Sendable {
        /// The URLs of the page for people, of tokens and of keys.
        var authorization: String
        var token: String
        var keys: String
        /// Whether clients show their secret in `Authorization`.
        var takesBasic: Bool
    }
    /// Why what it says cannot be used.
    private struct Unusable: Error, CustomStringConvertible { let description: String }
    private struct State {
        var metadata: Metadata?
        var nextAt = Timestamp(microseconds: .min)
        var running: Task<Metadata?, Never>?
    }
    private let state = Mutex(State())
    private let issuer: String
    private let web: OpenIDWeb
    private let clock: HubClock
    private let logger: Logger

    init(_ issuer: String, _ web: OpenIDWeb, _ clock: HubClock, _ logger: Logger) {
        self.issuer = issuer
        self.web = web
        self.clock = clock
        self.logger = logger
    }

    /// Throws `overloaded` when the provider says nothing that can be used.
    func metadata() async throws(BrokerError) -> Metadata {
        let now = clock()
        let (known, task) = state.withLock { state -> (Metadata?, Task<Metadata?, Never>?) in
            if now < state.nextAt { return (state.metadata, nil) }
            let task = state.running ?? Task { await self.fetch() }
            state.running = task
            return (nil, task)
        }
        guard let metadata = if let task { await task.value } else { known } else {
            throw OpenIDProvider.silent
        }
        return metadata
    }

    private func fetch() async -> Metadata? {
        let slash = issuer.hasSuffix("/") ? "" : "/"
        var found: Metadata?
        do {
            let bytes = try await web.get(issuer + slash + ".well-known/openid-configuration")
            let limits = JSONLimits(maximumBytes: Self.maximumBytes, maximumDepth: 16)
            found = try metadata(JSONReader.read(bytes, limits: limits))
        } catch {
            logger.warning("the identity provider \(issuer) cannot be asked: \(error)")
        }
        let seconds = found == nil ? Self.pauseSeconds : Self.freshSeconds
        let next = Timestamp(microseconds: clock().microseconds + seconds * 1_000_000)
        state.withLock { state in
            // What it said before holds on while it is silent.
            if let found { state.metadata = found }
            state.nextAt = next
            state.running = nil
            found = state.metadata
        }
        return found
    }

    private func metadata(_ json: JSONValue) throws -> Metadata {
        guard let object = json.objectValue, object["issuer"]?.stringValue == issuer else {
            throw Unusable(description: "it calls itself otherwise than the configuration does")
        }
        func url(_ name: String) throws -> String {
            guard let url = object[name]?.stringValue, Loopback.isSafe(url: url) else {
                throw Unusable(description: "its \(name) is no https URL")
            }
            return url
        }
        let methods = object["code_challenge_methods_supported"]?.arrayValue
        guard methods?.contains("S256") ?? true else {
            throw Unusable(description: "it has no PKCE with S256")
        }
        let clients = object["token_endpoint_auth_methods_supported"]?.arrayValue
        return Metadata(
            authorization: try url("authorization_endpoint"),
            token: try url("token_endpoint"),
            keys: try url("jwks_uri"),
            takesBasic: clients?.contains("client_secret_basic") ?? true
        )
    }

    /// Bytes of a document.
    static let maximumBytes = 256 << 10
    private static let freshSeconds: Int64 = 3_600
    private static let pauseSeconds: Int64 = 10
}
