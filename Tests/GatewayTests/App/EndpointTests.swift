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
                    .authorization: "Bearer of the traffic office", .purpose: "dpv:Research",
                    .ngsildTenant: "north",
                ]
            )
            #expect(String(buffer: answer.body) == "traffic dpv:Research north")
        }
    }

    @Test(arguments: ["Bearer wrong", "Bearer", "Basic b3A6b3A=", ""])
    func `credentials nobody has are refused`(credentials: String) async throws {
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

    @Test func `an open hub takes everybody for the operator`() async throws {
        var hub = SmallHub()
        hub.settings.isOpen = true
        try await hub.test { client in
            let answer = try await client.execute(uri: "/caller", method: .get)
            #expect(String(buffer: answer.body) == "operator - -")
        }
    }

    @Test(arguments: ["../north", "a b", ".hidden"])
    func `a name that cannot be a tenant is refused`(name: String) async throws {
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

    @Test func `a path that no route has is not found`() async throws {
        try await SmallHub().test { client in
            let answer = try await client.execute(uri: "/nowhere", method: .get)
            #expect(answer.status == .notFound)
            #expect(
                try answer.json["type"]
                    == "https://uri.etsi.org/ngsi-ld/errors/ResourceNotFound"
            )
        }
    }

    @Test(arguments: [HTTPRequest.Method.delete, .put, .get, .head, .trace])
    func `a method a path does not have is refused with those it has`(
        method: HTTPRequest.Method
    ) async throws {
        try await SmallHub().test { client in
            let answer = try await client.execute(uri: "/things/1", method: method)
            #expect(answer.status == .methodNotAllowed)
            #expect(answer.headers[.allow] == "OPTIONS, POST")
        }
    }

    @Test func `OPTIONS tells the methods`() async throws {
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

    @Test func `a page may run nothing but the hub's own scripts`() async throws {
        try await SmallHub().test { client in
            let page = try await client.execute(uri: "/page", method: .get)
            #expect(page.headers[.contentSecurityPolicy]?.contains("default-src 'self'") == true)
            #expect(page.headers[.xContentTypeOptions] == "nosniff")
            let data = try await client.execute(uri: "/caller", method: .get)
            #expect(data.headers[.contentSecurityPolicy] == nil)
        }
    }
}
