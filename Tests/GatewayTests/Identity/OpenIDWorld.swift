import Broker
import ContextModel
import Crypto
import Governance
import HTTPTypes
import Logging
import Synchronization

@testable import Gateway

/// A hub at whose identity provider people sign in; the provider does what a test tells it to.
final class OpenIDWorld: Sendable {
    static let issuer = "https://id.city.example"
    static let authority = "127.0.0.1:1026"

    let key = P256.Signing.PrivateKey()
    let time = TokenWorld.Seconds()
    let signIn: SignIn
    private let state = Mutex(State())

    struct State {
        /// What the provider says of itself, where that is not as usual.
        var metadata: JSONObject = [:]
        /// What it answers when it is asked for a token, which is told the form's fields.
        var token: @Sendable ([String: String]) throws -> (status: Int, body: JSONValue) = { _ in
            (400, ["error": "invalid_grant"])
        }
        /// Every form that it was sent, with the value of `Authorization`.
        var forms: [(fields: [String: String], authorization: String?)] = []
        var documents: [String] = []
    }

    init(secret: String? = "its: secret", publicURL: String? = nil) async throws {
        signIn = SignIn(key: try await HubKey.make(), publicURL: publicURL, clock: time.clock)
        var issuer = TokenIssuer(name: Self.issuer, audiences: ["balai"])
        issuer.partyPrefix = "urn:city:user:"
        issuer.claims.subject = "sub"
        issuer.subjectPrefix = "urn:city:person:"
        let settings = OpenIDSettings(
            name: "city",
            label: "the city",
            issuer: issuer,
            clientID: "balai",
            clientSecret: secret,
            scopes: ["profile"]
        )
        let web = OpenIDWeb(
            get: { [weak self] in try self?.document($0) ?? [] },
            post: { [weak self] in try self?.answer($0, $1, $2) ?? (500, []) }
        )
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        signIn.replace(providers: [
            OpenIDProvider(settings, web: web, clock: time.clock, logger: logger)
        ])
    }

    func set(_ change: (inout State) -> Void) { state.withLock { change(&$0) } }
    var forms: [(fields: [String: String], authorization: String?)] { state.withLock { $0.forms } }
    var documents: [String] { state.withLock { $0.documents } }

    /// Begins to sign in: what the provider is asked for, and the cookie of the browser.
    func begin() async throws -> (asked: QueryItems, cookie: String) {
        let begun = try await signIn.begin(at: "city", authority: Self.authority)
        let parts = begun.address.split(separator: "?", maxSplits: 1)
        return (
            try QueryItems(urlQuery: String(parts[1])),
            String(begun.cookie.prefix { $0 != ";" })
        )
    }

    /// Ends it with an answer of the provider, from a browser with the cookies.
    func finish(
        _ answer: [String: String],
        _ cookies: String?
    ) async throws -> (party: Party, cookies: [String]) {
        try await signIn.finish(
            at: "city",
            QueryItems(answer),
            cookies: cookies,
            authority: Self.authority
        )
    }

    /// Signs in with an ID token that has these claims instead of the right ones, and this header.
    func signsIn(
        _ claims: JSONObject = [:],
        _ header: JSONObject = [:],
        sign: (@Sendable (String) throws -> String)? = nil
    ) async throws -> Bool {
        let (asked, cookie) = try await begin()
        var all: JSONObject = ["nonce": .string(asked["nonce"] ?? "")]
        for (name, value) in claims.members { all[name] = value }
        let token = try token(all, header, sign: sign)
        set { $0.token = { _ in (200, ["id_token": .string(token)]) } }
        do {
            let done = try await finish(["state": asked["state"] ?? "", "code": "c"], cookie)
            return done.party == .named(PartyID("urn:city:user:ann"))
        } catch let error as BrokerError where error.code == .unauthenticated { return false }
    }

    /// An ID token; a claim that is null is left out.
    func token(
        _ more: JSONObject,
        _ header: JSONObject = [:],
        sign: (@Sendable (String) throws -> String)? = nil
    ) throws -> String {
        let now = time.now.withLock { Int($0) }
        var claims: JSONObject = [
            "iss": .string(Self.issuer), "aud": "balai", "sub": "ann",
            "iat": .number(JSONNumber(now)), "exp": .number(JSONNumber(now + 300)),
        ]
        for (name, value) in more.members { claims[name] = value.isNull ? nil : value }
        var head: JSONObject = ["alg": "ES256", "kid": "one", "typ": "JWT"]
        for (name, value) in header.members { head[name] = value.isNull ? nil : value }
        let signed = [head, claims].map { Base64URL.text(of: JSONValue.object($0).serialized) }
            .joined(separator: ".")
        if let sign { return signed + "." + (try sign(signed)) }
        let signature = try key.signature(for: Array(signed.utf8)).rawRepresentation
        return signed + "." + Base64URL.text(of: signature)
    }

    private func document(_ url: String) throws -> [UInt8] {
        try state.withLock { state in
            state.documents.append(url)
            switch url {
            case Self.issuer + "/.well-known/openid-configuration":
                var metadata: JSONObject = [
                    "issuer": .string(Self.issuer),
                    "authorization_endpoint": .string(Self.issuer + "/authorize"),
                    "token_endpoint": .string(Self.issuer + "/token"),
                    "jwks_uri": .string(Self.issuer + "/keys"),
                ]
                for (name, value) in state.metadata.members { metadata[name] = value }
                return JSONValue.object(metadata).serialized
            case Self.issuer + "/keys":
                let raw = key.publicKey.rawRepresentation
                let set: JSONValue = [
                    "keys": [
                        [
                            "kty": "EC", "crv": "P-256", "kid": "one",
                            "x": .string(Base64URL.text(of: raw.prefix(32))),
                            "y": .string(Base64URL.text(of: raw.suffix(32))),
                        ]
                    ]
                ]
                return set.serialized
            default: throw BrokerError(.resourceNotFound, url)
            }
        }
    }

    private func answer(
        _ url: String,
        _ form: String,
        _ authorization: String?
    ) throws -> (status: Int, body: [UInt8]) {
        guard url == Self.issuer + "/token" else { return (404, []) }
        let items = try QueryItems(urlQuery: form)
        let fields = Dictionary(uniqueKeysWithValues: items.names.map { ($0, items[$0] ?? "") })
        let answer = state.withLock { state in
            state.forms.append((fields, authorization))
            return state.token
        }
        let (status, body) = try answer(fields)
        return (status, body.serialized)
    }
}
