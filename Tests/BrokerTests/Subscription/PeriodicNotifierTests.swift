import Clauses
import ContextModel
import StorageMemory
import Testing

@testable import Broker

/// Notifications at intervals.
@Suite(.timeLimit(.minutes(1)), .clause("5.8.6")) struct PeriodicNotifierTests {
    /// Two hubs over one memory that know a subscription with an interval of half a second.
    private func pair() async throws -> (
        first: SubscriptionFixture, second: SubscriptionFixture, id: String
    ) {
        let memory = SharedMemory()
        let first = try await SubscriptionFixture(memory: memory, process: "a")
        let second = try await SubscriptionFixture(memory: memory, process: "b")
        try await first.create("urn:bus:1", speed: 1)
        let id = try await first.subscribe(["timeInterval": 0.5])
        await second.hub.following.follower.catchUp(with: nil)
        return (first, second, id)
    }

    @Test func `of two hubs one notifies, once in each interval`() async throws {
        let (first, second, _) = try await pair()
        let sent = SharedRecorder([first, second])
        try await first.notifying {
            try await second.notifying {
                _ = await sent.next(1)
                let start = ContinuousClock.now
                _ = await sent.next(6)
                // In three seconds, less the delay of the first one. Two hubs would need half of
                // it.
                #expect(start.duration(to: .now) > .seconds(2))
            }
        }
    }

    @Test func `the intervals and counts of a hub that stops are taken over`() async throws {
        let (first, second, id) = try await pair()
        let stopping = first.startNotifying()
        #expect(await first.recorder.next(1).first?.entities.count == 1)
        try await second.notifying {
            while try await count(of: id, first) == 0 { await Task.yield() }
            stopping.cancel()
            await stopping.value
            let before = try await count(of: id, first)
            #expect(await second.recorder.next(1).first?.entities.count == 1)
            // Only continued counts count.
            while try await count(of: id, first) <= before { await Task.yield() }
        }
    }

    private func count(of id: String, _ hub: SubscriptionFixture) async throws -> Int {
        try await hub.notification(of: id)["timesSent"]?.numberValue?.intValue ?? 0
    }
}
