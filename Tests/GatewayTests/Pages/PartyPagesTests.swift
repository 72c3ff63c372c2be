import Broker
import ContextModel
import Foundation
import Governance
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore
import Outbound
import Storage
import StorageMemory
import StoreDoubles
import Testing

@testable import Gateway

/// The page *Parties*, as those who run the hub see it.
@Suite struct PartyPagesTests {
    private static let now = Timestamp(microseconds: 1_777_622_400_000_000)
    private static let reader = Party.named(PartyID("lamp reader"))

    private struct World: Sendable {
        let hub: Hub
        let client: any TestClientProtocol

        func page(
            _ path: String,
            token: String? = SmallHub.operatorToken,
            language: String = "en"
        ) async throws -> (status: HTTPResponse.Status, text: String) {
            var headers: HTTPFields = [.accept: "text/html", .acceptLanguage: language]
            headers[.authorization] = token.map { "Bearer \($0)" }
            return try await client.execute(uri: path, method: .get, headers: headers) {
                ($0.status, String(buffer: $0.body))
            }
        }

        func submit(_ form: String, token: String) async throws -> HTTPResponse.Status {
            try await client.execute(
                uri: "/parties",
                method: .post,
                headers: [
                    .authorization: "Bearer \(token)",
                    .contentType: "application/x-www-form-urlencoded",
                ],
                body: ByteBuffer(string: form)
            ) { $0.status }
        }

        /// The page that answers what the operator submits.
        func answer(_ form: String) async throws -> String {
            try await client.execute(
                uri: "/parties",
                method: .post,
                headers: [
                    .authorization: "Bearer \(SmallHub.operatorToken)", .acceptLanguage: "en",
                    .contentType: "application/x-www-form-urlencoded",
                ],
                body: ByteBuffer(string: form)
            ) { String(buffer: $0.body) }
        }

        func letters() async throws -> Int {
            let store = try await hub.store.tenant(nil)
            return try await store?.documentCount(.deadLetter) ?? 0
        }
    }

    /// A hub with three lamps, one of which is marked as secret, a tree, and a subscription of a reader of lamps.
    private func test(_ body: @escaping @Sendable (World) async throws -> Void) async throws {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let lamps = LDContext.core.expand("Lamp")
        let permissions = [
            Permission(
                assignee: .party(PartyID("lamp reader")),
                actions: [.read, .subscribe],
                target: .type(lamps)
            )
        ]
        let parts = try await HubParts.make(
            store: MemoryStore(SharedMemory()) { Self.now },
            policy: Policy(permissions: permissions),
            record: RecordDouble(),
            settings: OutboundSettings(publicURL: "http://hub.example"),
            clock: HubClock { Self.now },
            makeIdentifier: { UUID().uuidString },
            logger: logger
        )
        var routes = RouteTable()
        try routes.addPartyPages(
            parts.hub,
            assets: PageAssets.whole.get(),
            settings: PageSettings(),
            tokens: PartyTokenDouble([PartyToken(party: Self.reader, madeAt: Self.now)])
        )
        var settings = GatewaySettings()
        settings.port = 0
        let gateway = makeGateway(
            settings,
            routes: routes,
            tokens: TokenList([
                (TokenHash(of: SmallHub.operatorToken), .operator),
                (TokenHash(of: "lamps"), Self.reader),
            ]),
            registry: MetricRegistry(),
            logger: logger
        )
        let isDone: Result<Void, any Error>
        do {
            try await Self.fill(parts.hub)
            isDone = .success(
                try await gateway.test(.live) { try await body(World(hub: parts.hub, client: $0)) }
            )
        } catch { isDone = .failure(error) }
        let service = Task { try await parts.notifications.run() }
        service.cancel()
        try await service.value
        try isDone.get()
    }

    private static func fill(_ hub: Hub) async throws {
        let boss = Caller(party: .operator)
        for (id, type) in [("a", "Lamp"), ("b", "Lamp"), ("c", "Lamp"), ("tree", "Tree")] {
            _ = try await hub.writing.createEntity(
                [
                    "id": .string("urn:x:\(id)"), "type": .string(type),
                    "power": ["type": "Property", "value": 1],
                ],
                ld: .core,
                caller: boss
            )
        }
        _ = try await hub.subscribing.createSubscription(
            [
                "id": "urn:x:lamps", "type": "Subscription", "entities": [["type": "Lamp"]],
                "notification": ["endpoint": ["uri": "http://receiver.example/in?a=1&b='2'"]],
            ],
            ld: .core,
            caller: Caller(party: reader)
        )
        let store = try #require(try await hub.store.tenant(nil))
        let recipient = try #require(try await store.documents(.subscription).first?.id)
        for number in 1...2 {
            let message = OutboxMessage(
                sequence: Int64(number),
                recipients: [recipient],
                body: Array("{}".utf8),
                enqueuedAt: now
            )
            let letter = DeadLetter(
                message,
                to: recipient,
                abandonedAt: now,
                reason: "The receiver answers with <500>."
            )
            try await store.bookkeep { try $0.put(letter.document, isQuiet: true) }
        }
    }

    @Test func `nobody but those who run the hub sees or does anything there`() async throws {
        try await test { world async throws in
            #expect(try await world.page("/parties", token: "lamps").status == .forbidden)
            #expect(try await world.page("/parties", token: nil).status == .unauthorized)
            #expect(try await world.submit("action=drop", token: "lamps") == .forbidden)
            #expect(try await world.letters() == 2)
        }
    }

    @Test func `a token is made and shown once, and taken back`() async throws {
        try await test { world in
            #expect(
                try await world.submit("action=token&party=x", token: "lamps") == .forbidden
            )
            let made = try await world.answer("action=token&party=lamp+reader")
            #expect(made.contains("This is a token of lamp reader."))
            #expect(made.contains("<code>secret of lamp reader, number 2</code>"))
            #expect(try await !world.page("/parties").text.contains("secret of"))
            let gone = try await world.answer("action=take-back&party=lamp+reader")
            #expect(gone.contains("Tokens of lamp reader that were taken back: 2."))
            #expect(!gone.contains("value=\"take-back\""))
            let none = try await world.submit("action=token&party=", token: SmallHub.operatorToken)
            #expect(none == .badRequest)
        }
    }

    @Test func `parties, subscriptions and dead letters are listed, and nothing of them is markup`()
        async throws
    {
        try await test { world in
            let page = try await world.page("/parties").text
            for text in [
                "lamp reader</a>", "2026-05-01", "urn:x:lamps", "Lamp",
                "receiver.example/in?a=1&amp;b=&#39;2&#39;",
                "answers with &lt;500&gt;", "Active", "/parties?party=lamp%20reader",
            ] {
                #expect(page.contains(text), "\(text)")
            }
            let thai = try await world.page("/parties?lang=th").text
            #expect(thai.contains("ผู้เข้าใช้และโทเค็น") && thai.contains("lang=th"))
        }
    }

    @Test func `what a party may read is told by its rules, and nobody reads in its name`()
        async throws
    {
        try await test { world in
            let page = try await world.page("/parties?party=lamp%20reader").text
            let rows = page.matches(of: /<th scope="row">(Lamp|Tree)<\/th><td[^>]*>([^<]*)</)
            #expect(
                Dictionary(rows.map { (String($0.1), String($0.2)) }) { $1 } == [
                    "Lamp": "all 3", "Tree": "nothing",
                ]
            )
            let boss = try await world.page("/parties?party=operator").text
            #expect(boss.contains("It may run the hub.") && !page.contains("It may run the hub."))
            let nobody = try await world.page("/parties?party=anonymous").text
            #expect(nobody.contains("nothing") && !nobody.contains("all 3"))
        }
    }

    @Test func `dead letters are sent again or removed, one or all`() async throws {
        try await test { world in
            let page = try await world.page("/parties").text
            let id = try #require(page.firstMatch(of: /name="id" value="([^"]+)"/)?.1)
            let form = "action=drop&id=" + TypeView.percentEncoded(String(id))
            #expect(try await world.submit(form, token: SmallHub.operatorToken) == .ok)
            #expect(try await world.letters() == 1)
            #expect(try await world.submit("action=replay", token: SmallHub.operatorToken) == .ok)
            #expect(try await world.letters() == 0)
            #expect(
                try await world.submit("action=burn", token: SmallHub.operatorToken) == .badRequest
            )
        }
    }
}
