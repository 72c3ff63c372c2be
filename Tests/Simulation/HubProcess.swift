import Broker
import ContextModel
import Governance
import Logging
import Storage
import StorageMemory
import StoreDoubles
import Synchronization

/// A process of the simulated city's hub, over data that all processes share.
final class HubProcess: Sendable {
    let hub: Hub
    private let store: StoreDouble
    private let dispatcher: NotificationDispatcher
    private let periodic: PeriodicNotifier
    private let clock: HubClock

    init(
        _ name: String,
        over memory: SharedMemory,
        sender: any NotificationSender,
        _ world: World
    ) async throws {
        let clock = world.clock
        let logger = Logger(label: name) { _ in SwiftLogNoOpLogHandler() }
        // Once it is up, one read of the change feed in fifty fails.
        let isUp = Atomic(false)
        store = StoreDouble(
            MemoryStore(memory, clock: clock.now),
            .fails { question in
                guard isUp.load(ordering: .relaxed), question == .feed, world.random(0...49) == 0
                else { return nil }
                return StorageError(.overloaded, note: "by chance")
            }
        )
        self.clock = clock
        let makeIdentifier = { @Sendable in "\(name)-\(world.random(0...1 << 40))" }
        hub = Hub(
            store: store,
            policy: Policy(permissions: [], isOpen: true),
            contextSource: NoContexts(),
            publicURL: "http://hub.example",
            identity: try await HubIdentity.kept(in: store, makeIdentifier: makeIdentifier),
            clock: clock,
            makeIdentifier: makeIdentifier,
            logger: logger
        )
        try await hub.following.loadContexts()
        try await hub.following.loadSubscriptions()
        isUp.store(true, ordering: .relaxed)
        let dispatcher = NotificationDispatcher(
            store: store,
            access: hub.access,
            subscriptions: hub.subscriptions,
            feed: hub.outboxFeed,
            sender: sender,
            identity: hub.identity,
            process: name,
            clock: clock,
            chance: { world.chance() },
            logger: logger
        )
        self.dispatcher = dispatcher
        periodic = PeriodicNotifier(
            store: store,
            access: hub.access,
            subscriptions: hub.subscriptions,
            registrations: hub.registrations,
            sender: sender,
            takeCharge: { try await dispatcher.takeCharge(of: $0) },
            clock: clock,
            makeIdentifier: makeIdentifier,
            logger: logger
        )
    }

    /// Runs until the task is cancelled, then stops as a process does after a signal.
    func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.dispatcher.run() }
            group.addTask { await self.periodic.run() }
            group.addTask { await self.hub.following.followChanges() }
            group.addTask { await self.removeWhatExpires() }
        }
        await store.close()
    }

    private func removeWhatExpires() async {
        while (try? await clock.sleep(for: .seconds(1))) != nil {
            do {
                try await hub.writing.removeExpired(of: nil) { [dispatcher] in
                    try await dispatcher.takeCharge(of: nil) != nil
                }
            } catch {
                fatalError("expired entities could not be removed: \(error)")
            }
        }
    }
}

/// The simulated city has no internet.
private struct NoContexts: LDContextSource {
    func document(
        at url: String,
        for sharer: Sharer
    ) async throws(LDContextError) -> LDContextDocument {
        throw LDContextError(.unavailable, "There is nothing at '\(url)'.")
    }
}
