import Broker
import ContextModel
import Governance
import Logging
import Services
import Storage
import StorageMemory
import Synchronization

/// A hub in memory with some services.
///
/// Each pause of a service moves its clock forward.
final class CityHub: Sendable {
    /// The clock, and the number of pauses until everything stops.
    final class Pacer: Sendable {
        let state: Mutex<(now: Int64, left: Int)>

        init(pauses: Int) { state = Mutex((1_795_395_600_000_000, pauses)) }

        var now: Timestamp { Timestamp(microseconds: state.withLock { $0.now }) }

        func pause(_ seconds: Int64) throws {
            try state.withLock { state in
                state.now += seconds * 1_000_000
                state.left -= 1
                if state.left < 0 { throw CancellationError() }
            }
        }
    }

    let hub: Hub
    let pacer: Pacer
    let told = ToldLines()

    /// The logged lines.
    final class ToldLines: Sendable {
        private let kept = Mutex<[String]>([])
        func add(_ line: String) { kept.withLock { $0.append(line) } }
        var lines: [String] { kept.withLock { $0 } }
    }

    /// The clock is the pacer's by default.
    init(
        _ services: [any ServiceModule],
        pauses: Int = 0,
        policy: Policy? = nil,
        memory: SharedMemory = SharedMemory(),
        record: (any PublicRecord)? = nil,
        clock given: (@Sendable () -> Timestamp)? = nil
    ) {
        let pacer = Pacer(pauses: pauses)
        self.pacer = pacer
        let clock = given ?? { pacer.now }
        let names = Mutex(0)
        let identifier: @Sendable () -> String = {
            names.withLock { count in
                count += 1
                return "\(count)"
            }
        }
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let store = MemoryStore(memory, clock: clock)
        hub = Hub(
            store: store,
            policy: policy ?? Policy(permissions: services.flatMap { $0.permissions() }),
            record: record,
            contextSource: NoDocuments(),
            publicURL: "http://hub.example",
            identity: HubIdentity(name: "hub", secret: "secret"),
            clock: HubClock(clock),
            makeIdentifier: identifier,
            logger: logger
        )
    }

    /// `pausing` runs in each pause.
    func context(
        of module: any ServiceModule,
        pausing: @escaping @Sendable () async throws -> Void = {}
    ) -> ServiceContext {
        ServiceContext(
            of: module,
            in: hub,
            logger: Logger(label: "test") { [told] _ in LineHandler(told: told) },
            sleep: { [pacer] seconds in
                try pacer.pause(seconds)
                try await pausing()
            }
        )
    }

    /// Delivers notifications to services while the body runs; a failed delivery is repeated at
    /// once.
    func delivering(
        maximumAttempts: Int = 12,
        _ body: () async throws -> Void
    ) async throws {
        var limits = DeliveryLimits()
        limits.firstRetryMicroseconds = 1_000
        limits.longestRetryMicroseconds = 2_000
        limits.maximumAttempts = maximumAttempts
        let dispatcher = NotificationDispatcher(
            store: hub.store,
            access: hub.access,
            subscriptions: hub.subscriptions,
            feed: hub.outboxFeed,
            sender: hub.serviceReceivers,
            identity: hub.identity,
            limits: limits,
            clock: hub.clock,
            chance: { 0 },
            logger: hub.logger
        )
        let task = Task { await dispatcher.run() }
        do { try await body() } catch {
            task.cancel()
            await task.value
            throw error
        }
        task.cancel()
        await task.value
    }

    /// Returns when the outbox is empty.
    func settled() async throws {
        while try await hub.store.makeTenant(nil).outboxDepth().count > 0 { await Task.yield() }
    }

    /// The city's data, with the operator's rights.
    var all: CityAccess { CityAccess(hub, for: Caller(party: .operator)) }

    func count(_ condition: Condition = .everything) async throws -> Int? {
        let query = EntityQuery(condition: condition, limit: 0, wantsCount: true)
        return try await all.entities(query).page.count
    }

    private struct NoDocuments: LDContextSource {
        func document(
            at url: String,
            for sharer: Sharer
        ) async throws(LDContextError) -> LDContextDocument {
            throw LDContextError(.unavailable, "There is nothing at '\(url)'.")
        }
    }

    /// Stores the logged lines.
    private struct LineHandler: LogHandler {
        let told: ToldLines
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        init(told: ToldLines) { self.told = told }

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) { told.add("\(event.message)") }
    }
}
