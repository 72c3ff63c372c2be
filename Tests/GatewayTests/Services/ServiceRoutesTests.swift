import Broker
import CityServices
import ContextModel
import Governance
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Services
import Storage
import Testing

@testable import Gateway

/// The routes and pages of a service that shows its requests.
@Suite struct ServiceRoutesTests {
    private struct Echo: ServiceModule {
        let name: ServiceName
        let title = "Echo <b>"
        let purpose = Purpose("dpv:ServiceProvision")
        let rights = [ServiceRight([.read, .write], of: .everything)]

        init() throws { name = try #require(ServiceName("echo")) }

        var routes: [ServiceRoute] {
            [
                ServiceRoute(.get, "said/{id}", "Say it", parameters: ["loud": "How"]) {
                    request,
                    _ in
                    .json([
                        "id": .string(request.captures["id"] ?? ""),
                        "loud": .string(request.parameters["loud"] ?? ""),
                    ])
                },
                ServiceRoute(.get, "seen", "Count what the asker sees") { request, _ in
                    .json(.number(JSONNumber(try await Self.count(request.city))))
                },
                ServiceRoute(.get, "known", "Count what the service sees") { _, context in
                    .json(.number(JSONNumber(try await Self.count(context.city))))
                },
                ServiceRoute(.post, "said", "Keep it") { request, context in
                    try await context.documents.keep(request.body ?? .null, as: "last")
                    return .created(path: "said/last")
                },
                ServiceRoute(.delete, "said/{id}", "Forget it") { request, context in
                    _ = try await context.documents.remove(request.captures["id"] ?? "")
                    return .done
                },
            ]
        }

        var page: ServicePage? {
            ServicePage { request, _ in
                ServiceContent(
                    lead: "<i>\(try await Self.count(request.city))</i>",
                    tables: [.init(caption: "c", columns: ["A & B"], rows: [["<x>"]])]
                )
            }
        }

        private static func count(_ city: CityAccess) async throws -> Int {
            let query = EntityQuery(condition: .everything, limit: 0, wantsCount: true)
            return try await city.entities(query).page.count ?? 0
        }
    }

    private func withEcho(
        _ body: @escaping @Sendable (ServedClient) async throws -> Void
    ) async throws {
        let echo = try Echo()
        let served = try ServedHub(policy: Policy(permissions: echo.permissions()))
        let entity: JSONValue = ["id": "urn:x:1", "type": "T"]
        _ = try await served.hub.writing.createEntity(
            entity,
            ld: .core,
            caller: Caller(party: .operator)
        )
        let hosted = [HostedService(echo, in: served.hub) { _ in throw CancellationError() }]
        try await served.test(services: hosted, body)
    }

    @Test func `captures and parameters are decoded, and unknown ones are refused`() async throws {
        try await withEcho { client in
            let answer = try await client.send(.get, "/services/echo/said/a%2Fb?loud=very%20much")
            #expect(answer.status == .ok)
            #expect(try answer.jsonValue == ["id": "a/b", "loud": "very much"])
            let wrong = try await client.send(.get, "/services/echo/said/a?laud=1")
            #expect(wrong.status == .badRequest)
            #expect(try await client.send(.get, "/services/echo/none").status == .notFound)
            #expect(try await client.send(.put, "/services/echo/seen").status == .methodNotAllowed)
        }
    }

    @Test func `a caller's request is read with the caller's rights`() async throws {
        try await withEcho { client in
            for (token, seen) in [(ServedHub.operatorToken, 1), (ServedHub.officeToken, 0)] {
                let answer = try await client.send(.get, "/services/echo/seen", token: token)
                #expect(try answer.jsonValue == .number(JSONNumber(seen)))
                let known = try await client.send(.get, "/services/echo/known", token: token)
                #expect(try known.jsonValue == 1)
            }
        }
    }

    @Test func `a resource is created and deleted`() async throws {
        try await withEcho { client in
            let made = try await client.send(.post, "/services/echo/said", ["a": 1])
            #expect(made.status == .created)
            #expect(made.headers[.location] == "/services/echo/said/last")
            let gone = try await client.send(.delete, "/services/echo/said/last")
            #expect(gone.status == .noContent)
            let headers: HTTPFields = [.contentType: "text/plain"]
            let wrong = try await client.send(.post, "/services/echo/said", 1, headers: headers)
            #expect(wrong.status == .unsupportedMediaType)
        }
    }

    @Test func `a page shows plain texts and what its reader may see`() async throws {
        try await withEcho { client in
            let page = try await client.send(.get, "/services/echo", token: ServedHub.officeToken)
            let html = String(buffer: page.body)
            #expect(html.contains("<h1>Echo &lt;b&gt;</h1>"))
            #expect(html.contains("&lt;i&gt;0&lt;/i&gt;"))
            #expect(html.contains("<th scope=\"col\">A &amp; B</th>"))
            #expect(html.contains("<td>&lt;x&gt;</td>"))
            let list = String(buffer: try await client.send(.get, "/services").body)
            #expect(list.contains("<a href=\"/services/echo\">Echo &lt;b&gt;</a>"))
            #expect(list.contains("<code>service:echo</code>"))
        }
    }

    @Test func `the list of services shows their present rights`() async throws {
        let echo = try Echo()
        let served = try ServedHub(policy: Policy(permissions: echo.permissions()))
        let hosted = [HostedService(echo, in: served.hub) { _ in throw CancellationError() }]
        try await served.test(services: hosted) { client in
            let before = String(buffer: try await client.send(.get, "/services").body)
            #expect(before.contains("<div>read, write: every entity</div>"))
            var restrictions = ServiceRestrictions()
            restrictions.actions = [.read]
            restrictions.target = .type(LDContext.core.expand("Lamp"))
            restrictions.hiddenAttributes = [LDContext.core.expand("owner")]
            let narrowed = Policy(permissions: echo.permissions(within: restrictions))
            try await served.hub.following.enforce(narrowed)
            let now = String(buffer: try await client.send(.get, "/services").body)
            #expect(now.contains("<div>read: Lamp, without owner</div>"))
            try await served.hub.following.enforce(Policy(permissions: []))
            let none = String(buffer: try await client.send(.get, "/services").body)
            #expect(none.contains("<div>no more than anybody</div>"))
        }
    }

    @Test func `the demo city lists its kinds of devices`() async throws {
        let module = DemoCityService(seed: 1)
        let served = try ServedHub(policy: Policy(permissions: module.permissions()))
        let hosted = [HostedService(module, in: served.hub) { _ in throw CancellationError() }]
        try await served.test(services: hosted) { client in
            let kinds = try await client.send(.get, "/services/demo-city/kinds").jsonValue
            #expect(kinds.arrayValue?.count == module.entityTypes.count)
            let page = String(buffer: try await client.send(.get, "/services/demo-city").body)
            for type in module.entityTypes { #expect(page.contains("<td>\(type)</td>")) }
        }
    }
}

extension TestResponse {
    fileprivate var jsonValue: JSONValue {
        get throws { try JSONReader.read(body.readableBytesView) }
    }
}
