import Broker
import Clauses
import ContextModel
import Governance
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import Testing

@testable import Gateway

@Suite(.clause("6.2")) struct EndpointTests {
    private func authentication(isOpen: Bool) -> Authentication {
        Authentication(tokens: TokenList(), verifier: .trustingNobody, isOpen: isOpen)
    }

    @Test func `a request without a token is anonymous`() async throws {
        try await SmallHub().test { client in
            let answer = try await client.execute(uri: "/caller", method: .get)
            #expect(String(buffer: answer.body) == "anonymous - -")
        }
    }

    @Test func `a token names its party, and headers the purpose and the tenant`() async throws {
        var hub = SmallHub()
        hub.tokens.append((TokenHash(of: "of the traffic office"), .named(PartyID("traffic"))))
        try await hub.test { client in
            let answer = try await client.execute(
                uri: "/caller",
                method: .get,
                headers: [
                    .authorization: "Bearer of the traffic office",
                    .dataPurpose: "ScientificResearch",
                    .ngsildTenant: "north",
                ]
            )
            #expect(String(buffer: answer.body) == "traffic dpv:ScientificResearch north")
        }
    }

    @Test(arguments: ["Bearer wrong", "Bearer", "Basic b3A6b3A=", ""])
    func `unknown credentials are refused`(credentials: String) async throws {
        try await SmallHub().test { client in
            let answer = try await client.execute(
                uri: "/caller",
                method: .get,
                headers: [.authorization: credentials]
            )
            #expect(answer.status == .unauthorized)
            #expect(answer.headers[.wwwAuthenticate] == "Bearer realm=\"balai\"")
            #expect(answer.headers[.contentType] == "application/json")
        }
    }

    @Test func `an open hub treats everybody as the operator`() async throws {
        var hub = SmallHub()
        hub.settings.isOpen = true
        try await hub.test { client in
            let answer = try await client.execute(uri: "/caller", method: .get)
            #expect(String(buffer: answer.body) == "operator - -")
        }
    }

    @Test(arguments: ["https://city.example", "null", "http://localhost:1"])
    func `an open hub refuses requests of foreign pages`(origin: String) async throws {
        var hub = SmallHub()
        hub.settings.isOpen = true
        try await hub.test { client in
            for (method, path) in [(HTTPRequest.Method.post, "/things/1"), (.get, "/caller")] {
                let answer = try await client.execute(
                    uri: path,
                    method: method,
                    headers: [.origin: origin]
                )
                #expect(answer.status == .forbidden)
                #expect(try answer.json["detail"]?.stringValue?.contains("pages of others") == true)
            }
        }
    }

    @Test(
        arguments: [
            ("localhost:1026", nil), ("127.0.0.1", "http://127.0.0.1"), ("127.1.2.3:80", nil),
            ("[::1]:1026", "http://[::1]:1026"), ("LOCALHOST", nil), (nil, nil),
        ] as [(String?, String?)]
    )
    func `an open hub answers to its own machine's names`(
        host: String?,
        origin: String?
    )
        async throws
    {
        var request = HTTPRequest(method: .post, scheme: "http", authority: host, path: "/")
        request.headerFields[.origin] = origin
        let caller = try await authentication(isOpen: true).caller(of: request)
        #expect(caller.party == .operator)
    }

    @Test(arguments: [
        "city.example", "127.city.example:80", "127.0.0.1.city.example", "10.0.0.1", "[::2]:1026",
        "localhost.city.example", "",
    ])
    func `a foreign name that resolves to an open hub is refused`(host: String) async throws {
        let request = HTTPRequest(method: .get, scheme: "http", authority: host, path: "/")
        let error = await #expect(throws: BrokerError.self) {
            try await authentication(isOpen: true).caller(of: request)
        }
        #expect(error?.code == .forbidden)
        let closed = try await authentication(isOpen: false).caller(of: request)
        #expect(closed.party == .anonymous)
    }

    @Test(arguments: ["../north", "a b", ".hidden"])
    func `an invalid name of a tenant is refused`(name: String) async throws {
        try await SmallHub().test { client in
            let answer = try await client.execute(
                uri: "/caller",
                method: .get,
                headers: [.ngsildTenant: name]
            )
            #expect(answer.status == .badRequest)
            #expect(try answer.json["detail"]?.stringValue?.contains(name) == true)
        }
    }

    @Test func `a path without a route is not found`() async throws {
        try await SmallHub().test { client in
            let answer = try await client.execute(uri: "/nowhere", method: .get)
            #expect(answer.status == .notFound)
            #expect(
                try answer.json["type"]
                    == "https://uri.etsi.org/ngsi-ld/errors/ResourceNotFound"
            )
        }
    }

    @Test func `a header with a long run of combining marks is refused`() async throws {
        try await SmallHub().test { client in
            let most = String(repeating: "\u{301}", count: CombiningMarks.maximumRun)
            for (text, status) in [(most, HTTPResponse.Status.ok), (most + "\u{301}", .badRequest)]
            {
                let answer = try await client.execute(
                    uri: "/caller",
                    method: .get,
                    headers: [.accept: text]
                )
                #expect(answer.status == status)
            }
        }
    }

    @Test(arguments: [HTTPRequest.Method.delete, .put, .get, .head, .trace])
    func `a wrong method is refused with the list of allowed ones`(
        method: HTTPRequest.Method
    ) async throws {
        try await SmallHub().test { client in
            let answer = try await client.execute(uri: "/things/1", method: method)
            #expect(answer.status == .methodNotAllowed)
            #expect(answer.headers[.allow] == "OPTIONS, POST")
        }
    }

    @Test func `OPTIONS lists the methods`() async throws {
        try await SmallHub().test { client in
            let answer = try await client.execute(uri: "/caller", method: .options)
            #expect(answer.status == .noContent)
            #expect(answer.headers[.allow] == "GET, HEAD, OPTIONS")
        }
    }

    @Test func `HEAD answers as GET does, without the body`() async throws {
        try await SmallHub().test { client in
            let answer = try await client.execute(uri: "/caller", method: .head)
            #expect(answer.status == .ok)
            #expect(answer.body.readableBytes == 0)
        }
    }

    @Test func `a page may run only the hub's own scripts`() async throws {
        try await SmallHub().test { client in
            let page = try await client.execute(uri: "/page", method: .get)
            #expect(page.headers[.contentSecurityPolicy]?.contains("default-src 'self'") == true)
            #expect(page.headers[.xContentTypeOptions] == "nosniff")
            let data = try await client.execute(uri: "/caller", method: .get)
            #expect(data.headers[.contentSecurityPolicy] == nil)
        }
    }
}
