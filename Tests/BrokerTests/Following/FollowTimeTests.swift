import ContextModel
import Governance
import Storage
import StoreDoubles
import Synchronization
import Testing

@testable import Broker

@Suite struct FollowTimeTests {
    /// A clock whose sleepers a test wakes, whatever time it shows.
    private final class HandClock: Sendable {
        private struct State {
            var now: Int64
            var sleepers: [Int: CheckedContinuation<Void, any Error>] = [:]
            var cancelled: Set<Int> = []
            var next = 0
        }

        private let state: Mutex<State>

        init(_ text: String) {
            state = Mutex(State(now: Timestamp(text)?.microseconds ?? 0))
        }

        var hubClock: HubClock {
            HubClock(
                { Timestamp(microseconds: self.state.withLock(\.now)) },
                sleep: { _ in try await self.sleep() }
            )
        }

        var hasSleeper: Bool { state.withLock { !$0.sleepers.isEmpty } }

        func set(_ text: String) {
            state.withLock { $0.now = Timestamp(text)?.microseconds ?? 0 }
        }

        func wakeAll() {
            let sleepers = state.withLock { state in
                defer { state.sleepers = [:] }
                return Array(state.sleepers.values)
            }
            for sleeper in sleepers { sleeper.resume() }
        }

        private func sleep() async throws {
            let number = state.withLock { state in
                state.next += 1
                return state.next
            }
            try await withTaskCancellationHandler {
                try await withCheckedThrowingContinuation { continuation in
                    let isCancelled = state.withLock { state in
                        guard !state.cancelled.contains(number) else { return true }
                        state.sleepers[number] = continuation
                        return false
                    }
                    if isCancelled { continuation.resume(throwing: CancellationError()) }
                }
            } onCancel: {
                let sleeper = state.withLock { state in
                    state.cancelled.insert(number)
                    return state.sleepers.removeValue(forKey: number)
                }
                sleeper?.resume(throwing: CancellationError())
            }
        }
    }

    private static func policy(until end: String) -> JSONValue {
        [
            "@type": "Set", "uid": "urn:policy:hour",
            "permission": [
                [
                    "action": "read", "target": "Bench",
                    "constraint": [
                        ["leftOperand": "dateTime", "operator": "lt", "rightOperand": .string(end)]
                    ],
                ]
            ],
        ]
    }

    @Test func `a rule ends though nobody asks, and though the clock is set back`() async throws {
        let clock = HandClock("2026-01-01T11:30:00Z")
        let fixture = try await SubscriptionFixture(
            policy: Policy(permissions: []),
            record: RecordDouble(),
            clock: clock.hubClock
        )
        let hub = fixture.hub
        let job = Task { await hub.following.followTime() }
        defer { job.cancel() }
        // Put while the job has nothing to wait for: the change wakes it.
        _ = try await hub.governing.putPolicy(
            "urn:policy:hour",
            Self.policy(until: "2026-01-01T12:00:00Z"),
            ld: .core,
            caller: SubscriptionFixture.boss
        )
        func isSeen() -> Bool {
            let decision = hub.rules.policy(of: nil).decideRead(Caller(party: .anonymous))
            guard case .grant(let grant) = decision else { return false }
            return grant.condition != .nothing
        }
        #expect(isSeen())
        while !clock.hasSleeper { await Task.yield() }
        let number = hub.rules.number
        // Half an hour passes, and somebody sets the clock back meanwhile.
        clock.set("2026-01-01T10:00:00Z")
        while hub.rules.number == number {
            clock.wakeAll()
            await Task.yield()
        }
        #expect(!isSeen())
    }
}
