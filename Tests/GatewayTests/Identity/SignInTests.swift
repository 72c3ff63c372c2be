import Broker
import ContextModel
import Governance
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore
import Synchronization
import Testing

@testable import Gateway

/// People who sign in by a link, and pages that would like to be them.
@Suite struct SignInTests {
    private let key: HubKey
    private let time = TokenWorld.Seconds()
    private let signIn: SignIn
    private let clinic = Credential(
        party: .named(PartyID("urn:city:clinic")),
        subject: SubjectID("urn:person:1")
    )

    init() async throws {
        key = try await HubKey.make()
        signIn = SignIn(key: key, publicURL: nil, clock: time.clock)
    }

    private func token(
        _ kind: HubKey.Kind,
        _ credential: Credential? = nil,
        seconds: Int = SignIn.linkSeconds
    ) throws -> String {
        try key.token(kind, for: credential ?? clinic, seconds: seconds, at: time.clock())
    }

    /// `name=value` of a cookie.
    private func pair(_ cookie: String) -> String { String(cookie.prefix { $0 != ";" }) }

    private func caller(
        _ cookie: String,
        _ method: HTTPRequest.Method = .get,
        _ fields: HTTPFields = [:]
    ) async throws -> Caller {
        var request = HTTPRequest(method: method, scheme: "http", authority: "hub:1", path: "/")
        request.headerFields = fields
        request.headerFields.append(HTTPField(name: .cookie, value: cookie))
        let authentication = Authentication(
            tokens: TokenList([(TokenHash(of: "opaque"), .named(PartyID("other")))]),
            verifier: TokenVerifier([key.issuer], clock: time.clock),
            signIn: signIn,
            isOpen: false
        )
        return try await authentication.caller(of: request)
    }

    @Test func `a link becomes a session of its party, once`() async throws {
        let link = try token(.link)
        #expect(try await signIn.party(ofLink: link) == clinic.party)
        let cookie = try await signIn.cookie(forLink: link)
        #expect(
            try await caller(pair(cookie))
                == Caller(party: clinic.party, subject: SubjectID("urn:person:1"))
        )
        await #expect(throws: BrokerError.self) { try await signIn.cookie(forLink: link) }
        await #expect(throws: BrokerError.self) { try await signIn.party(ofLink: link) }
    }

    @Test func `the operator signs in by a link, and by no token that says so`() async throws {
        let link = try token(.link, Credential(party: .operator))
        let cookie = try await signIn.cookie(forLink: link)
        #expect(try await caller(pair(cookie)) == Caller(party: .operator, roles: .admin))
        let access = try key.sign(
            key.header(),
            [
                "iss": .string(key.issuerName), "aud": .string(key.issuerName), "sub": "operator",
                "exp": 1_900_000_000,
            ]
        )
        await #expect(throws: BrokerError.self) {
            try await caller("", .get, [.authorization: "Bearer \(access)"])
        }
    }

    @Test func `links, sessions and tokens are worth nothing in each other's place`() async throws {
        let session = pair(try await signIn.cookie(forLink: token(.link)))
        let value = String(session.dropFirst("balai-session=".count))
        for other in [value, try token(.access)] {
            await #expect(throws: BrokerError.self) { try await signIn.cookie(forLink: other) }
        }
        for other in [value, try token(.link)] {
            await #expect(throws: BrokerError.self) {
                try await caller("", .get, [.authorization: "Bearer \(other)"])
            }
        }
        for other in [try token(.access), try token(.link), "", "x"] {
            #expect(try await caller("balai-session=\(other)").party == .anonymous)
        }
    }

    @Test func `a link ends after five minutes, and with the run of its hub`() async throws {
        let link = try token(.link)
        time.now.withLock { $0 += 1 }
        let restarted = SignIn(key: key, publicURL: nil, clock: time.clock)
        await #expect(throws: BrokerError.self) { try await restarted.cookie(forLink: link) }
        time.now.withLock { $0 += Int64(SignIn.linkSeconds) }
        await #expect(throws: BrokerError.self) { try await signIn.cookie(forLink: link) }
    }

    @Test func `a session ends after half a day, or with its key`() async throws {
        let session = pair(try await signIn.cookie(forLink: token(.link)))
        signIn.replace(key)
        #expect(try await caller(session).party == clinic.party)
        time.now.withLock { $0 += Int64(SignIn.sessionSeconds) }
        #expect(try await caller(session).party == .anonymous)
        let another = pair(try await signIn.cookie(forLink: token(.link)))
        signIn.replace(try await HubKey.make())
        #expect(try await caller(another).party == .anonymous)
    }

    @Test func `cookies are for the hub alone, over https where it has it`() async throws {
        let plain = try await signIn.cookie(forLink: token(.link))
        #expect(plain.hasPrefix("balai-session="))
        #expect(plain.hasSuffix("; Path=/; HttpOnly; SameSite=Strict; Max-Age=43200"))
        let secure = SignIn(key: key, publicURL: "https://city.example/hub", clock: time.clock)
        let cookie = try await secure.cookie(forLink: token(.link))
        #expect(cookie.hasPrefix("__Host-balai-session="))
        #expect(cookie.hasSuffix("; Path=/; HttpOnly; SameSite=Strict; Max-Age=43200; Secure"))
        #expect(await secure.credential(cookies: pair(cookie)) == clinic)
        // One that another site could have set.
        let weak = pair(cookie).replacing("__Host-", with: "")
        #expect(await secure.credential(cookies: weak) == nil)
        let twice = pair(plain) + "; " + pair(plain)
        #expect(await signIn.credential(cookies: twice) == nil)
        #expect(await signIn.credential(cookies: "a=b; " + pair(plain)) == clinic)
    }

    @Test(
        arguments: [
            ([:], false), ([.origin: "https://evil.example"], false), ([.origin: "null"], false),
            ([.origin: "http://hub:2"], false), ([.origin: "https://hub:1"], false),
            ([.secFetchSite: "cross-site"], false), ([.secFetchSite: "same-site"], false),
            ([.secFetchSite: "none"], false), ([.origin: "http://hub:1"], true),
            ([.secFetchSite: "same-origin"], true),
        ] as [(HTTPFields, Bool)]
    )
    func `only the hub's own pages write in a session's name`(
        fields: HTTPFields,
        isOwn: Bool
    ) async throws {
        let session = pair(try await signIn.cookie(forLink: token(.link)))
        for method in [HTTPRequest.Method.post, .patch, .put, .delete] {
            do {
                #expect(try await caller(session, method, fields).party == clinic.party)
                #expect(isOwn)
            } catch let error as BrokerError {
                #expect(!isOwn && error.code == .forbidden)
            }
        }
        #expect(try await caller(session, .get, fields).party == clinic.party)
    }

    @Test func `a token goes before a cookie`() async throws {
        let session = pair(try await signIn.cookie(forLink: token(.link)))
        let caller = try await caller(session, .post, [.authorization: "Bearer opaque"])
        #expect(caller == Caller(party: .named(PartyID("other"))))
    }

    @Test func `a session reads for the purpose that was chosen for it, within that of its token`()
        async throws
    {
        let free = pair(try await signIn.cookie(forLink: token(.link)))
        var limited = clinic
        limited.purpose = Purpose("dpv:Marketing")
        let narrow = pair(try await signIn.cookie(forLink: token(.link, limited)))
        func purpose(
            _ session: String,
            _ chosen: String,
            _ fields: HTTPFields = [:]
        ) async throws -> String? {
            try await caller("\(session); balai-purpose=\(chosen)", .get, fields).purpose?.text
        }
        #expect(try await purpose(free, "dpv:PublicHealth") == "dpv:PublicHealth")
        #expect(try await purpose(free, "dpv:Telepathy") == nil)
        #expect(try await purpose(free, "a; balai-purpose=dpv:PublicHealth") == nil)
        #expect(
            try await purpose(free, "dpv:PublicHealth", [.dataPurpose: "dpv:Marketing"])
                == "dpv:Marketing"
        )
        #expect(try await purpose(narrow, "dpv:PublicHealth") == "dpv:Marketing")
        #expect(try await purpose(narrow, "dpv:DirectMarketing") == "dpv:DirectMarketing")
        // A program's token says itself what it is for.
        let token = try await caller(
            "\(free); balai-purpose=dpv:PublicHealth",
            .get,
            [.authorization: "Bearer opaque"]
        )
        #expect(token.purpose == nil)
    }

    // MARK: Pages

    private func served(
        _ body: @escaping @Sendable (any TestClientProtocol) async throws -> Void
    ) async throws {
        var routes = RouteTable()
        try routes.addSignIn(
            signIn,
            assets: PageAssets(leafletFolder: "/nowhere"),
            settings: PageSettings()
        )
        let hub = makeGateway(
            GatewaySettings(),
            routes: routes,
            tokens: TokenList(),
            signIn: signIn,
            registry: MetricRegistry(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        try await hub.test(.router, body)
    }

    @Test func `the page of a link signs in by its button, from the hub's own page alone`()
        async throws
    {
        let link = try token(.link)
        try await served { client in
            let page = try await client.execute(uri: "/sign-in?link=\(link)", method: .get)
            #expect(page.status == .ok)
            #expect(String(buffer: page.body).contains("urn:city:clinic"))
            #expect(page.headers[.referrerPolicy] == "same-origin")
            #expect(page.headers[.cacheControl] == "no-store")
            func send(_ fields: HTTPFields) async throws -> TestResponse {
                try await client.execute(
                    uri: "/sign-in",
                    method: .post,
                    headers: fields,
                    body: ByteBuffer(string: "link=\(link)")
                )
            }
            #expect(try await send([.secFetchSite: "cross-site"]).status == .forbidden)
            let done = try await send([.secFetchSite: "same-origin"])
            #expect(done.status == .seeOther && done.headers[.location] == "/")
            let cookie = try #require(done.headers[.setCookie])
            #expect(try await send([.secFetchSite: "same-origin"]).status == .unauthorized)
            let again = try await client.execute(uri: "/sign-in?link=\(link)", method: .get)
            #expect(again.status == .unauthorized)
            let own = try await client.execute(
                uri: "/sign-in",
                method: .get,
                headers: [.cookie: String(cookie.prefix { $0 != ";" })]
            )
            #expect(String(buffer: own.body).contains("You are signed in as urn:city:clinic"))
            let out = try await client.execute(
                uri: "/sign-out",
                method: .post,
                headers: [.secFetchSite: "same-origin"]
            )
            #expect(out.headers[.setCookie]?.contains("balai-session=; ") == true)
            #expect(out.headers[.setCookie]?.contains("Max-Age=0") == true)
        }
    }
}
