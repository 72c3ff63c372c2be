import Broker
import ContextModel
import Foundation
import Governance
import HTTPTypes
import HummingbirdTesting
import Logging
import NIOCore
import Outbound
import Record
import Storage
import StorageSQLite
import Synchronization
import Testing

@testable import Gateway

/// A request of the test, with its sender.
struct WorldRequest: Sendable, CustomStringConvertible {
    var method = HTTPRequest.Method.get
    var uri: String
    var body: String?
    var headers: [String: String] = [:]

    var description: String { "\(method.rawValue) \(uri) \(body ?? "")" }
}

/// A change of the world by the operator at a moment.
struct WorldStep: Sendable {
    var at: Timestamp
    var request: WorldRequest
}

/// The way in which a policy hides data from the reader of two worlds.
enum PairedRules: CaseIterable {
    /// The same attributes of all entities.
    case everywhere
    /// In addition, the height and location of benches, and the names of entities in one scope.
    case perEntity
    /// Trees and benches are about people, and those are hidden whose person objects.
    case choices
    /// Heights are rounded, places coarsened and names delayed; the worlds differ in what that hides.
    case shaped

    /// Those that hide from writers what they hide from readers: who may write may write about people
    /// who object (docs/threat-model.md).
    static let ofWriters: [PairedRules] = [.everywhere, .perEntity, .shaped]
}

/// A hub with a clock that is set, and a reader who may see trees and benches in public places
/// without their secrets.
struct PairedWorld {
    /// The complete answer to a request.
    struct Answer: Hashable {
        var status: Int
        var headers: [String]
        var body: String

        /// The URL of the answer's EntityMap, or of what was created.
        var entityMap: String? { header("NGSILD-EntityMap") }
        var location: String? { header("Location") }

        private func header(_ name: String) -> String? {
            headers.first { $0.hasPrefix(name + ": ") }.map { String($0.dropFirst(name.count + 2)) }
        }
    }

    /// Moments after every step: first the reader writes, then it asks.
    static let writing = Timestamp(microseconds: 1_800_000_000_000_000)
    static let end = Timestamp(microseconds: 1_900_000_000_000_000)

    private let store: SQLiteStore
    private let record: RecordWriter
    private let parts: HubParts
    private let clock = WorldClock()
    private let folder: String
    private let policy: Policy

    init(_ rules: PairedRules) async throws {
        policy = Self.policy(rules)
        folder = NSTemporaryDirectory() + "balai-world-\(UUID().uuidString)"
        let clock = clock
        let identifiers = WorldIdentifiers()
        store = try SQLiteStore(folder: folder) { clock.now }
        let signer = try #require(NoteSigner(name: "hub.example/record", purpose: .note))
        record = RecordWriter(
            SQLiteRecordStore.open(folder: folder, key: signer.key),
            signer: signer
        )
        parts = try await HubParts.make(
            store: store,
            policy: policy,
            record: record,
            settings: OutboundSettings(publicURL: "http://hub.example"),
            clock: HubClock { clock.now },
            makeIdentifier: { identifiers.next() },
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        if rules == .choices { try await object() }
    }

    /// One of two people whom trees and benches are about objects.
    private func object() async throws {
        let rule: JSONValue = ["class": "personal", "subject": "person"]
        try await parts.hub.governing.replaceClassification(
            ["Tree": rule, "Bench": rule],
            ld: .core,
            caller: Caller(party: .operator)
        )
        _ = try await parts.hub.governing.makeChoice(
            [
                "subject": .string(PairedWorldScript.hiddenPerson),
                "purpose": .string(Self.purpose), "choice": "object",
            ],
            caller: Caller(party: .operator)
        )
    }

    private static let purpose = "dpv:PublicHealth"
    private static let token = "token of the reader"

    private static func policy(_ rules: PairedRules) -> Policy {
        func type(_ name: String) -> Condition {
            .type(IRI(CoreContext.defaultVocabulary + name))
        }
        let isByChoice = rules == .choices
        let places = Condition.scope(ScopePattern(segments: ["public", "#"]))
        var policy = Policy(permissions: [
            Permission(
                assignee: .party(PartyID("reader")),
                actions: [.read, .write, .subscribe],
                target: type("Tree").or(type("Bench")).and(isByChoice ? .everything : places),
                hiddenAttributes: [
                    IRI(CoreContext.defaultVocabulary + "secret"),
                    IRI(CoreContext.defaultVocabulary + "hiddenPlace"),
                ],
                purposes: isByChoice ? [Purpose(purpose)] : []
            )
        ])
        if rules == .perEntity {
            policy.prohibitions = [
                Prohibition(
                    assignee: .anyone,
                    target: type("Bench"),
                    attributes: [IRI(CoreContext.defaultVocabulary + "height"), .location]
                ),
                Prohibition(
                    assignee: .party(PartyID("reader")),
                    target: .scope(ScopePattern(segments: ["public", "p2"])),
                    attributes: [IRI(CoreContext.defaultVocabulary + "name")]
                ),
            ]
        }
        if rules == .shaped { policy.prohibitions = shapings(type) }
        return policy
    }

    private static func shapings(_ type: (String) -> Condition) -> [Prohibition] {
        func rule(
            _ target: Condition,
            _ name: IRI,
            _ shaping: Shaping?
        ) -> Prohibition {
            Prohibition(assignee: .anyone, target: target, attributes: [name], shaping: shaping)
        }
        func name(_ name: String) -> IRI { IRI(CoreContext.defaultVocabulary + name) }
        let years: Int64 = 10 * 366 * 86_400
        return [
            rule(.everything, name("height"), RoundingStep(JSONNumber(1)).map { .round($0) }),
            rule(type("Tree"), .location, .coarsen(.decimals(0))),
            rule(type("Bench"), .location, .coarsen(.metres(100_000))),
            rule(
                type("Tree").or(type("Bench")),
                name("name"),
                .delay(microseconds: years * 1_000_000)
            ),
        ]
    }

    /// Runs the body with a client, then closes everything and removes what was stored.
    func test(
        _ body: @escaping @Sendable (any TestClientProtocol) async throws -> Void
    ) async throws {
        let registry = MetricRegistry()
        var routes = RouteTable()
        routes.addNGSILDRoutes(parts.hub, NGSILDSettings())
        routes.addImportRoutes(parts.hub, ImportSettings())
        let health = HealthLog(registry: registry, version: "1", startedAt: clock.now)
        try routes.addPages(
            HubPageData(hub: parts.hub, healthLog: health),
            assets: PageAssets(leafletFolder: "/nowhere"),
            settings: PageSettings()
        )
        try routes.addRowsPage(
            parts.hub,
            NGSILDSettings(),
            assets: PageAssets(leafletFolder: "/nowhere"),
            pages: PageSettings()
        )
        routes.addOperationRoutes(version: "1", registry: registry, policy: policy) {}
        let gateway = makeGateway(
            GatewaySettings(),
            routes: routes,
            tokens: TokenList([
                (TokenHash(of: Self.token), .named(PartyID("reader"))),
                (TokenHash(of: "operator"), .operator),
            ]),
            registry: registry,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        try await gateway.test(.router, body)
        let notifications = parts.notifications
        let service = Task { try await notifications.run() }
        service.cancel()
        try await service.value
        await record.close()
        await store.close()
        try FileManager.default.removeItem(atPath: folder)
    }

    /// Applies the steps as the operator; most of them must change something, or nothing is
    /// proved.
    func perform(_ steps: [WorldStep], _ client: any TestClientProtocol) async throws {
        var done = 0
        for step in steps {
            let status = try await perform(step, client)
            #expect(status < 500 && status != 400, "\(step) is answered \(status)")
            if status < 300 { done += 1 }
        }
        #expect(done > steps.count / 2, "only \(done) of \(steps.count) steps did anything")
    }

    /// Applies a step as the operator; returns the status.
    private func perform(_ step: WorldStep, _ client: any TestClientProtocol) async throws -> Int {
        clock.now = step.at
        return try await send(step.request, token: "operator", client).status
    }

    /// Sends the request as the reader.
    func ask(
        _ request: WorldRequest,
        at moment: Timestamp,
        _ client: any TestClientProtocol
    ) async throws -> Answer {
        clock.now = moment
        return try await send(request, token: Self.token, client)
    }

    /// Creates the reader's subscriptions, before there is anything to notify.
    func subscribe(_ client: any TestClientProtocol) async throws {
        for (number, members) in PairedWorldSubscriptions.all.enumerated() {
            let request = PairedWorldSubscriptions.request(number, members)
            let answer = try await send(request, token: Self.token, client)
            #expect(answer.status == 201, "\(request) is answered \(answer)")
        }
    }

    /// Sends all waiting notifications at a moment after every step; returns what each receiver
    /// got.
    func notify() async throws -> [String: [String]] {
        clock.now = Timestamp(microseconds: 1_890_000_000_000_000)
        let receivers = WorldReceivers()
        let clock = clock
        let dispatcher = NotificationDispatcher(
            store: store,
            access: parts.hub.access,
            subscriptions: parts.hub.subscriptions,
            feed: parts.hub.outboxFeed,
            sender: receivers,
            identity: parts.hub.identity,
            clock: HubClock { clock.now },
            chance: { 0 },
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        let running = Task { await dispatcher.run() }
        while let tenant = try await store.tenant(nil), try await tenant.outboxDepth().count > 0 {
            await Task.yield()
        }
        running.cancel()
        await running.value
        return receivers.texts
    }

    /// Fills the snapshot that was ordered.
    func makeSnapshot(_ place: String, _ client: any TestClientProtocol) async throws {
        let maker = SnapshotMaker(parts.hub.snapshotting, sender: WorldReceivers())
        let making = Task { await maker.run() }
        var isMade = false
        while !isMade {
            let answer = try await ask(WorldRequest(uri: place), at: Self.end, client)
            isMade = !answer.body.contains("preparing")
        }
        making.cancel()
        await making.value
    }

    private func send(
        _ request: WorldRequest,
        token: String,
        _ client: any TestClientProtocol
    ) async throws -> Answer {
        var headers: HTTPFields = [.authorization: "Bearer \(token)"]
        if token == Self.token { headers[.dataPurpose] = Self.purpose }
        if request.body != nil { headers[.contentType] = "application/json" }
        for (name, value) in request.headers { headers[try #require(HTTPField.Name(name))] = value }
        let answer = try await client.execute(
            uri: request.uri,
            method: request.method,
            headers: headers,
            body: request.body.map(ByteBuffer.init(string:))
        )
        return Answer(
            status: answer.status.code,
            headers: answer.headers.filter { $0.name != .date }.map { "\($0.name): \($0.value)" },
            body: Self.text(answer.body)
        )
    }

    /// The body, byte for byte, but for what the hub encrypts with a number of chance: where a listener goes on.
    private static func text(_ body: ByteBuffer) -> String {
        guard let text = String(validating: body.readableBytesView, as: UTF8.self) else {
            return body.readableBytesView.map { String($0, radix: 16) }.joined(separator: " ")
        }
        return text.replacing(/\nid: [0-9a-f]{120}\n/, with: "\nid: SOME\n")
    }
}

/// A clock that stands until it is set.
private final class WorldClock: Sendable {
    private let moment = Mutex(Timestamp(microseconds: 0))
    var now: Timestamp {
        get { moment.withLock { $0 } }
        set { moment.withLock { $0 = newValue } }
    }
}

/// The same identifiers in each world for what the reader creates.
private final class WorldIdentifiers: Sendable {
    private let count = Atomic<Int>(0)

    func next() -> String { "\(count.add(1, ordering: .relaxed).newValue)" }
}
