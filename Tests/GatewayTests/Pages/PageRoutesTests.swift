import ContextModel
import Governance
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore
import Testing

@testable import Gateway

struct PageRoutesTests {
    /// Shows the caller's own name as a source.
    private struct Mirror: PageData {
        var isEmpty = false
        let now = Timestamp(microseconds: 1_795_395_600_000_000)

        func summary(for caller: Caller) async throws -> HubSummary {
            let type = TypeSummary(
                name: "Beach",
                count: 1,
                attributes: [],
                sources: ["\(caller.party)"],
                newest: nil,
                isSimulated: false
            )
            return isEmpty
                ? HubSummary(types: [], reach: .nothing) : HubSummary(types: [type])
        }

        func health(for caller: Caller) async throws -> HealthSummary {
            HealthSummary(version: "1", startedAt: now, measures: [], errors: nil)
        }
    }

    private func test(
        settings: PageSettings = PageSettings(),
        _ body: @Sendable (any TestClientProtocol) async throws -> Void
    )
        async throws
    {
        var routes = RouteTable()
        try routes.addPages(
            Mirror(isEmpty: settings.place != nil),
            assets: PageAssets(leafletFolder: "/nowhere"),
            settings: settings
        )
        let hub = makeGateway(
            GatewaySettings(),
            routes: routes,
            tokens: TokenList(),
            registry: MetricRegistry(),
            logger: Logger(label: "test")
        )
        try await hub.test(.router) { client in try await body(client) }
    }

    @Test(arguments: ["/", "/data", "/hub"])
    func `a page is HTML that runs only the hub's own scripts`(path: String) async throws {
        try await test { client in
            let answer = try await client.execute(uri: path, method: .get)
            #expect(answer.status == .ok)
            #expect(answer.headers[.contentType] == "text/html; charset=utf-8")
            #expect(answer.headers[.cacheControl] == "no-store")
            let policy = try #require(answer.headers[.contentSecurityPolicy])
            #expect(policy.hasPrefix("default-src 'self';"))
            #expect(!policy.contains("unsafe"))
        }
    }

    @Test func `a page is read with the rights of its visitor`() async throws {
        try await test { client in
            let page = try await client.execute(uri: "/data", method: .get)
            #expect(String(buffer: page.body).contains("anonymous"))
        }
    }

    @Test func `an asset is sent once and then only confirmed`() async throws {
        try await test { client in
            let first = try await client.execute(uri: "/assets/css/balai.css", method: .get)
            #expect(first.status == .ok)
            #expect(first.headers[.contentType] == "text/css; charset=utf-8")
            let tag = try #require(first.headers[.eTag])
            let second = try await client.execute(
                uri: "/assets/css/balai.css",
                method: .get,
                headers: [.ifNoneMatch: tag]
            )
            #expect(second.status == .notModified)
            #expect(second.body.readableBytes == 0)
        }
    }

    @Test(arguments: [
        "/assets/css/nothing.css", "/assets/templates/now.mustache", "/assets/..%2Fcss/balai.css",
    ])
    func `an unknown asset is not found`(path: String) async throws {
        try await test { client in
            let answer = try await client.execute(uri: path, method: .get)
            #expect(answer.status == .notFound)
        }
    }

    @Test func `a closed hub shows its folder to visitors on its machine`() async throws {
        var settings = PageSettings()
        settings.place = HubPlace(
            dataFolder: "/srv/city",
            host: "127.0.0.1",
            port: 2_000,
            isForThisMachine: true
        )
        try await test(settings: settings) { client in
            for path in ["/", "/data"] {
                let answer = try await client.execute(uri: path, method: .get)
                let page = String(buffer: answer.body)
                #expect(page.contains("This hub is closed"))
                #expect(page.contains("--hub http://127.0.0.1:2000 --data /srv/city"))
            }
        }
    }

    // MARK: Problems

    private static let browser =
        "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

    @Test func `a browser gets a page for an unknown address`() async throws {
        try await test { client in
            for path in ["/nowhere", "/assets/css/nothing.css"] {
                let answer = try await client.execute(
                    uri: path,
                    method: .get,
                    headers: [.accept: Self.browser]
                )
                #expect(answer.status == .notFound)
                #expect(answer.headers[.contentType] == "text/html; charset=utf-8")
                #expect(answer.headers[.contentSecurityPolicy]?.contains("unsafe") == false)
                #expect(answer.headers[.xContentTypeOptions] == "nosniff")
                #expect(String(buffer: answer.body).contains(path.split(separator: "/").last ?? ""))
            }
        }
    }

    @Test(arguments: ["", "*/*", "application/json", "application/problem+json"])
    func `a program gets problem details`(accept: String) async throws {
        try await test { client in
            let answer = try await client.execute(
                uri: "/nowhere",
                method: .get,
                headers: [.accept: accept]
            )
            #expect(answer.status == .notFound)
            #expect(answer.headers[.contentType]?.hasPrefix("application/") == true)
            #expect(try JSONReader.read(Array(buffer: answer.body)).objectValue?["status"] == 404)
        }
    }
}
