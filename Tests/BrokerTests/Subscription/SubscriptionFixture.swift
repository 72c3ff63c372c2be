import ContextModel
import Foundation
import Governance
import Logging
import Storage
import StorageMemory
import StorageSQLite
import StoreDoubles
import Synchronization

@testable import Broker

/// A hub with its own store, whose notifications go to a recorder.
///
/// The store runs the body of each change twice, unless a test measures times: bodies must have no
/// side effects.
final class SubscriptionFixture: Sendable {
    let hub: Hub
    let store: any Store
    let recorder = RecordingSender()
    let limits: DeliveryLimits
    /// The name of this process in leases.
    let process: String
    /// The folder of the store, if it is on disk.
    let folder: String

    static let open = Policy(permissions: [], isOpen: true)

    init(
        policy: Policy = SubscriptionFixture.open,
        rereadPolicy: (@Sendable () async throws -> Policy)? = nil,
        limits: DeliveryLimits = DeliveryLimits(),
        hubLimits: HubLimits = HubLimits(),
        onDisk: Bool = false,
        maximumPages: Int? = nil,
        memory: SharedMemory = SharedMemory(),
        process: String = "hub",
        contexts: any LDContextSource = NoContexts(),
        record: (any PublicRecord)? = nil,
        sources: (any SourceReading)? = nil,
        sourceClient: (any SourceClient)? = nil,
        now: (@Sendable () -> Timestamp)? = nil,
        randomBits: (@Sendable () -> UInt64)? = nil,
        habit: StoreDouble.Habit? = .runsBodiesTwice,
        clock given: HubClock? = nil
    )
        async throws
    {
        folder = NSTemporaryDirectory() + "balai-broker-\(UUID().uuidString)"
        let clock =
            given
            ?? HubClock {
                now?() ?? Timestamp(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000))
            }
        let identifier: @Sendable () -> String = { UUID().uuidString.lowercased() }
        let plain: any Store =
            onDisk
            ? try SQLiteStore(folder: folder, maximumPages: maximumPages, clock: clock.now)
            : MemoryStore(memory, clock: clock.now)
        if let habit { store = StoreDouble(plain, habit) } else { store = plain }
        hub = Hub(
            store: store,
            policy: policy,
            rereadPolicy: rereadPolicy,
            record: record,
            limits: hubLimits,
            contextSource: contexts,
            publicURL: "http://hub.example",
            identity: HubIdentity(name: "hub", secret: "secret"),
            delivery: limits,
            sources: sources,
            sourceClient: sourceClient,
            clock: clock,
            makeIdentifier: identifier,
            randomBits: randomBits ?? { UInt64.random(in: .min ... .max) },
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        self.limits = limits
        self.process = process
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    /// Runs the dispatcher while the body runs.
    func delivering(_ body: () async throws -> Void) async throws {
        try await running(startDelivering(), body)
    }

    /// Runs the dispatcher and the notifier of intervals while the body runs.
    func notifying(_ body: () async throws -> Void) async throws {
        try await running(startNotifying(), body)
    }

    /// Follows changes of other hubs while the body runs.
    func following(_ body: () async throws -> Void) async throws {
        try await running(Task { [hub] in await hub.following.followChanges() }, body)
    }

    private func running(
        _ task: Task<Void, Never>,
        _ body: () async throws -> Void
    ) async throws {
        do {
            try await body()
        } catch {
            task.cancel()
            await task.value
            throw error
        }
        task.cancel()
        await task.value
    }

    /// Runs the dispatcher until the task is cancelled.
    func startDelivering() -> Task<Void, Never> {
        let dispatcher = makeDispatcher()
        return Task { await dispatcher.run() }
    }

    /// Runs the dispatcher and the notifier of intervals until the task is cancelled.
    func startNotifying() -> Task<Void, Never> {
        let dispatcher = makeDispatcher()
        let periodic = PeriodicNotifier(
            store: store,
            access: hub.access,
            subscriptions: hub.subscriptions,
            registrations: hub.registrations,
            sender: recorder,
            takeCharge: { try await dispatcher.takeCharge(of: $0) },
            limits: limits,
            clock: hub.clock,
            makeIdentifier: hub.makeIdentifier,
            logger: hub.logger
        )
        return Task {
            await withDiscardingTaskGroup { group in
                group.addTask { await dispatcher.run() }
                group.addTask { await periodic.run() }
            }
        }
    }

    func makeDispatcher() -> NotificationDispatcher {
        NotificationDispatcher(
            store: store,
            access: hub.access,
            subscriptions: hub.subscriptions,
            feed: hub.outboxFeed,
            sender: recorder,
            identity: hub.identity,
            process: process,
            limits: limits,
            clock: hub.clock,
            chance: { 0 },
            logger: hub.logger
        )
    }

    @discardableResult
    func subscribe(
        _ members: JSONObject = [:],
        to uri: String = "http://r.example/",
        ld: LDContext = .core,
        caller: Caller = SubscriptionFixture.boss
    ) async throws -> String {
        var body = members
        body["type"] = "Subscription"
        if body["entities"] == nil { body["entities"] = [["type": "Bus"]] }
        var notification = body["notification"]?.objectValue ?? [:]
        if notification["endpoint"] == nil { notification["endpoint"] = ["uri": .string(uri)] }
        body["notification"] = .object(notification)
        return try await hub.subscribing.createSubscription(.object(body), ld: ld, caller: caller)
    }

    func update(_ id: String, speed: Int) async throws {
        _ = try await hub.writing.updateAttributes(
            of: EntityID(id),
            ["speed": ["type": "Property", "value": .number(JSONNumber(speed))]],
            ld: .core,
            caller: Self.boss
        )
    }

    /// The subscription's `notification` as its owner sees it.
    func notification(of id: String) async throws -> JSONObject {
        let shown = try await hub.subscribing.retrieveSubscription(id, ld: .core, caller: Self.boss)
        return shown.objectValue?["notification"]?.objectValue ?? [:]
    }

    /// How many notifications the store has.
    var depth: Int {
        get async throws { try await store.tenant(nil)?.outboxDepth().count ?? 0 }
    }

    func create(_ id: String, speed: Int) async throws {
        let body: JSONValue = [
            "id": .string(id), "type": "Bus",
            "speed": ["type": "Property", "value": .number(JSONNumber(speed))],
        ]
        _ = try await hub.writing.createEntity(body, ld: .core, caller: Self.boss)
    }

    /// A grant to see everything.
    static var everything: ReadGrant? {
        if case .grant(let grant) = open.decideRead(boss) { return grant }
        return nil
    }

    static let boss = Caller(party: .operator)
}

/// Keeps the requests, and returns the results that it is given.
final class RecordingSender: NotificationSender {
    private let stream: AsyncStream<NotificationRequest>
    private let sent: AsyncStream<NotificationRequest>.Continuation
    private let answer = Mutex<@Sendable (NotificationRequest) async -> DeliveryResult>({ _ in
        .delivered
    })

    init() { (stream, sent) = AsyncStream.makeStream() }

    private let copy = Mutex<(@Sendable (NotificationRequest) -> Void)?>(nil)

    /// Passes each request to the closure, too.
    func copying(_ copy: @escaping @Sendable (NotificationRequest) -> Void) {
        self.copy.withLock { $0 = copy }
    }

    func answering(_ answer: @escaping @Sendable (NotificationRequest) async -> DeliveryResult) {
        self.answer.withLock { $0 = answer }
    }

    func send(_ request: Disclosed<NotificationRequest>) async -> DeliveryResult {
        sent.yield(request.answer)
        copy.withLock { $0 }?(request.answer)
        return await answer.withLock { $0 }(request.answer)
    }

    /// Waits for the next requests, and returns them.
    func next(_ count: Int) async -> [NotificationRequest] {
        var requests: [NotificationRequest] = []
        for await request in stream {
            requests.append(request)
            if requests.count == count { break }
        }
        return requests
    }
}

extension NotificationRequest {
    var json: JSONObject? { try? JSONReader.read(body).objectValue }
    var entities: [JSONObject] { json?["data"]?.arrayValue?.compactMap(\.objectValue) ?? [] }
    /// The disclosed names of attributes by entity.
    var disclosed: [String: Set<IRI>] {
        var disclosed: [String: Set<IRI>] = [:]
        forEachDisclosure { disclosed[$0.uri, default: []].formUnion($1) }
        return disclosed
    }
}

/// A source without documents.
struct NoContexts: LDContextSource {
    func document(
        at url: String,
        for sharer: Sharer
    ) async throws(LDContextError) -> LDContextDocument {
        throw LDContextError(.unavailable, "There is nothing at '\(url)'.")
    }
}
