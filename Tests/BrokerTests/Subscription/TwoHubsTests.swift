import ContextModel
import Governance
import Logging
import Storage
import StorageMemory
import StoreDoubles
import Synchronization
import Testing

@testable import Broker

/// Two hubs over one memory, like two processes over one database.
@Suite(.timeLimit(.minutes(1))) struct TwoHubsTests {
    private static func limits() -> DeliveryLimits {
        var limits = DeliveryLimits()
        limits.claimIntervalMicroseconds = 10_000
        limits.firstRetryMicroseconds = 50_000
        return limits
    }

    /// Two hubs over one store, the second of which may be a double.
    private func hubs(
        habit: StoreDouble.Habit = .runsBodiesTwice
    ) async throws -> (SubscriptionFixture, SubscriptionFixture) {
        let memory = SharedMemory()
        let first = try await SubscriptionFixture(
            limits: Self.limits(),
            memory: memory,
            process: "a"
        )
        let second = try await SubscriptionFixture(
            limits: Self.limits(),
            memory: memory,
            process: "b",
            habit: habit
        )
        return (first, second)
    }

    /// Two hubs that know the same subscription.
    private func pair() async throws -> (SubscriptionFixture, SubscriptionFixture) {
        let (first, second) = try await hubs()
        try await first.subscribe()
        await second.hub.following.follower.catchUp(with: nil)
        return (first, second)
    }

    private func speeds(_ requests: [NotificationRequest]) -> [Int] {
        requests.compactMap {
            $0.entities.first?["speed"]?.objectValue?["value"]?.numberValue?.intValue
        }
    }

    @Test func `each notification is sent once, in order, whichever hub made the change`()
        async throws
    {
        let (first, second) = try await pair()
        let sent = SharedRecorder([first, second])
        try await first.delivering {
            try await second.delivering {
                try await first.create("urn:bus:1", speed: 0)
                for speed in 1...40 {
                    try await (speed % 3 == 0 ? first : second).update("urn:bus:1", speed: speed)
                }
                #expect(speeds(await sent.next(41)) == Array(0...40))
                // A last one, after which nothing may come once more.
                try await second.update("urn:bus:1", speed: 41)
                #expect(speeds(await sent.next(1)) == [41])
            }
        }
        #expect(try await first.depth == 0)
    }

    @Test func `the work of a hub that stops is taken over, in order`() async throws {
        let (first, second) = try await pair()
        let sent = SharedRecorder([first, second])
        first.recorder.answering { _ in .failed("The receiver answered 500.") }
        let stopping = first.startDelivering()
        try await first.create("urn:bus:1", speed: 0)
        #expect(speeds(await sent.next(1)) == [0])
        try await second.delivering {
            for speed in 1...5 { try await second.update("urn:bus:1", speed: speed) }
            stopping.cancel()
            await stopping.value
            // The failed attempts of the first hub before it stopped come first.
            var all: [Int] = []
            while all.last != 5, !Task.isCancelled { all += speeds(await sent.next(1)) }
            #expect(all.suffix(6) == [0, 1, 2, 3, 4, 5])
        }
        #expect(try await first.depth == 0)
    }

    @Test func `one hub is in charge of a tenant, until it stops or hangs`()
        async throws
    {
        let (first, second) = try await pair()
        let (one, other) = (first.makeDispatcher(), second.makeDispatcher())
        let charge = try #require(try await one.takeCharge(of: nil))
        #expect(charge.until > first.hub.clock() && charge.takeovers == 0)
        #expect(try await other.takeCharge(of: nil) == nil)
        #expect(try await one.takeCharge(of: nil) != nil)
        await one.releaseOutboxes()
        #expect(try await other.takeCharge(of: nil)?.takeovers == 1)
        #expect(try await one.takeCharge(of: nil) == nil)
        // The lease of the other ends, as if it hung.
        let store = try await first.store.makeTenant(nil)
        let term = try #require(try await store.outboxLease()?.term)
        try await store.bookkeep { try $0.releaseOutbox(in: term) }
        #expect(try await one.takeCharge(of: nil)?.takeovers == 1)
    }

    @Test func `counts continue from those of the hub that delivered before`() async throws {
        let (first, second) = try await pair()
        let id = try #require(first.hub.subscriptions.keys.first).id
        let name = SubscriptionRecord.id(ofKey: id)
        try await first.delivering {
            for speed in 0..<3 {
                try await first.create("urn:bus:\(speed)", speed: speed)
                _ = await first.recorder.next(1)
            }
        }
        #expect(try await second.notification(of: name)["timesSent"] == 3)
        try await second.delivering {
            try await second.create("urn:bus:3", speed: 3)
            _ = await second.recorder.next(1)
        }
        for hub in [first, second] {
            #expect(try await hub.notification(of: name)["timesSent"] == 4)
        }
    }

    @Test func `a takeover reads the counts of notified subscriptions alone`()
        async throws
    {
        let isRunning = Atomic(false)
        let (first, second) = try await hubs(
            habit: .fails { question in
                guard question == .documents(.subscription), isRunning.load(ordering: .relaxed)
                else { return nil }
                return StorageError(.overloaded, note: "test")
            }
        )
        let id = try await first.subscribe()
        await second.hub.following.follower.catchUp(with: nil)
        isRunning.store(true, ordering: .relaxed)
        try await first.delivering {
            try await first.create("urn:bus:1", speed: 1)
            _ = await first.recorder.next(1)
        }
        try await second.delivering {
            try await second.create("urn:bus:2", speed: 2)
            _ = await second.recorder.next(1)
        }
        #expect(try await first.notification(of: id)["timesSent"] == 2)
    }

    @Test func `throttling continues from the hub that delivered before`() async throws {
        let memory = SharedMemory()
        let hubs = try await [
            SubscriptionFixture(limits: Self.limits(), memory: memory, process: "a"),
            SubscriptionFixture(limits: Self.limits(), memory: memory, process: "b"),
        ]
        let id = try await hubs[0].subscribe(["throttling": 3_600])
        await hubs[1].hub.following.follower.catchUp(with: nil)
        try await hubs[0].delivering {
            try await hubs[0].create("urn:bus:1", speed: 1)
            _ = await hubs[0].recorder.next(1)
        }
        try await hubs[1].delivering {
            try await hubs[1].create("urn:bus:2", speed: 2)
            try await hubs[1].subscribe(to: "http://other.example/")
            try await hubs[1].create("urn:bus:3", speed: 3)
            #expect(await hubs[1].recorder.next(1).map(\.url) == ["http://other.example/"])
        }
        #expect(try await hubs[0].notification(of: id)["timesSent"] == 1)
    }

    @Test func `messages added between taking charge and delivering are delivered`() async throws {
        let fixture = try await SubscriptionFixture(limits: Self.limits())
        try await fixture.subscribe()
        let dispatcher = fixture.makeDispatcher()
        #expect(try await dispatcher.takeCharge(of: nil) != nil)
        try await fixture.create("urn:bus:1", speed: 1)
        let running = Task { await dispatcher.run() }
        #expect(speeds(await fixture.recorder.next(1)) == [1])
        running.cancel()
        await running.value
    }

    @Test func `a hub that hangs loses its lease, and its late outcomes change nothing`()
        async throws
    {
        let (first, second) = try await pair()
        try await first.create("urn:bus:1", speed: 0)
        let store = try await first.store.makeTenant(nil)
        // Like a process that has claimed and hangs.
        let now = first.hub.clock()
        let claimed = try await store.bookkeep { transaction in
            let lease = try transaction.leaseOutbox(
                to: "a",
                having: nil,
                until: now.advanced(by: 100_000),
                now: now
            )
            _ = try transaction.claimOutbox(
                after: 0,
                limit: 10,
                in: lease?.term ?? 0,
                grant: InternalGrant(.delivering)
            )
            return lease
        }
        let lease = try #require(claimed)
        try await second.delivering {
            #expect(speeds(await second.recorder.next(1)) == [0])
            #expect(second.hub.clock() >= lease.until)
            await #expect(throws: StorageError(.leaseLost, note: "")) {
                try await store.bookkeep { try $0.removeFromOutbox([1], in: lease.term) }
            }
        }
        #expect(try await first.depth == 0)
    }
}

/// Records what several hubs send, in the order of sending.
final class SharedRecorder: Sendable {
    private let stream: AsyncStream<NotificationRequest>

    init(_ fixtures: [SubscriptionFixture]) {
        let (stream, sent) = AsyncStream<NotificationRequest>.makeStream()
        self.stream = stream
        for fixture in fixtures { fixture.recorder.copying { sent.yield($0) } }
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
