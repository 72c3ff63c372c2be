import ContextModel
import Governance
import Testing

@testable import Broker

struct DeliveryLanesTests {
    private let now = Timestamp(microseconds: 1_000_000)

    private let office = Party.named(PartyID("office"))

    private func subscription(
        _ id: String,
        to uri: String,
        of owner: Party = .operator
    ) throws -> IndexedSubscription {
        let body: JSONObject = [
            "type": "Subscription", "entities": [["type": "Bus"]],
            "notification": ["endpoint": ["uri": .string(uri)]],
        ]
        let subscription = try SubscriptionReader(context: .core).subscription(body, id: id)
        let record = SubscriptionRecord(
            id: id,
            owner: owner,
            purpose: nil,
            context: .string(CoreContext.url),
            body: body,
            createdAt: now
        )
        return IndexedSubscription(
            subscription: subscription,
            record: record,
            tenant: nil,
            policy: PolicySource(SubscriptionFixture.open, tenants: [nil: TenantRules()])
        )
    }

    private func item(_ sequence: Int64) -> OutboxItem {
        OutboxItem(
            tenant: nil,
            sequence: sequence,
            enqueuedAt: now,
            bytes: 100,
            content: nil
        )
    }

    private func key(
        _ id: String,
        of owner: Party = .operator
    ) -> SubscriptionKey {
        .init(tenant: nil, id: owner.subscriptionKey(id))
    }

    private func starts(_ lanes: inout DeliveryLanes) -> [DeliveryLanes.Start] {
        var starts: [DeliveryLanes.Start] = []
        while let start = lanes.next(throttled: { _ in false }) { starts.append(start) }
        return starts
    }

    @Test func `a lane runs once at a time, and continues with what arrived meanwhile`() throws {
        var lanes = DeliveryLanes(limits: DeliveryLimits())
        let subscriber = try subscription("s", to: "http://a.example/")
        _ = lanes.add(item(1), for: key("s"), of: subscriber, now: now)
        #expect(starts(&lanes).map { $0.items.map(\.sequence) } == [[1]])
        _ = lanes.add(item(2), for: key("s"), of: subscriber, now: now)
        #expect(starts(&lanes).isEmpty)
        #expect(lanes.waiting[.operator, default: 0] == 2)
        let outcome = DeliveryLanes.Outcome(done: 1, schedule: DeliverySchedule(), succeeded: true)
        let over = lanes.finish(key("s"), outcome, subscriber, now: now)
        #expect(over.map(\.state) == [.delivered])
        #expect(lanes.waiting[.operator, default: 0] == 1)
        #expect(starts(&lanes).map { $0.items.map(\.sequence) } == [[2]])
    }

    @Test func `a failing receiver gets few, and everything when it works again`() throws {
        var limits = DeliveryLimits()
        limits.maximumPerEndpoint = 3
        limits.maximumPerFailingEndpoint = 1
        var lanes = DeliveryLanes(limits: limits)
        let subscribers = try (0..<5).map { try subscription("s\($0)", to: "http://a.example/") }
        for (number, subscriber) in subscribers.enumerated() {
            _ = lanes.add(item(Int64(number)), for: key("s\(number)"), of: subscriber, now: now)
        }
        var running = starts(&lanes)
        #expect(running.count == 3)
        func finish(_ succeeded: Bool) {
            let start = running.removeFirst()
            _ = lanes.finish(
                start.key,
                .init(
                    done: succeeded ? 1 : 0,
                    schedule: start.schedule,
                    succeeded: succeeded,
                    waitUntil: succeeded ? nil : .init(microseconds: 9_000_000)
                ),
                subscribers[0],
                now: now
            )
            running += starts(&lanes)
        }
        finish(false)
        #expect(running.count == 2)
        finish(false)
        #expect(running.count == 1)
        #expect(lanes.heldBack == 2)
        finish(true)
        #expect(running.count == 2)
    }

    @Test func `receivers take turns when few lanes may run`() throws {
        var limits = DeliveryLimits()
        limits.maximumConcurrent = 4
        var lanes = DeliveryLanes(limits: limits)
        let (a, b) = (
            try subscription("a", to: "http://a.example/"),
            try subscription("b", to: "http://b.example/")
        )
        for number in 0..<4 {
            _ = lanes.add(item(Int64(number)), for: key("a\(number)"), of: a, now: now)
        }
        _ = lanes.add(item(9), for: key("b"), of: b, now: now)
        #expect(starts(&lanes).map(\.key.id) == ["a0", "b"])
    }

    @Test func `lanes of one owner leave places to others, at the same receiver too`() throws {
        var limits = DeliveryLimits()
        limits.maximumConcurrent = 8
        limits.maximumPerEndpoint = 4
        limits.maximumPerFailingEndpoint = 1
        var lanes = DeliveryLanes(limits: limits)
        let greedy = try subscription("a", to: "http://a.example/", of: office)
        let other = try subscription("b", to: "http://a.example/")
        for number in 0..<20 {
            let key = key("a\(number)", of: office)
            _ = lanes.add(item(Int64(number)), for: key, of: greedy, now: now)
        }
        let slow = starts(&lanes)
        #expect(slow.count == 4)
        for number in 0..<9 { _ = lanes.add(item(99), for: key("b\(number)"), of: other, now: now) }
        #expect(starts(&lanes).map(\.key.id) == ["b0", "b1"])
        // A failure for one owner is none for the other, which has the place that was returned.
        var schedule = slow[0].schedule
        _ = schedule.failed(at: now, limits: limits, cooldownMilliseconds: nil, chance: 0)
        let outcome = DeliveryLanes.Outcome(
            schedule: schedule,
            succeeded: false,
            waitUntil: Timestamp(microseconds: 9_000_000)
        )
        _ = lanes.finish(slow[0].key, outcome, greedy, now: now)
        #expect(starts(&lanes).map(\.key.id) == ["b2"])
    }

    @Test func `an owner with more messages than its share loses its own, the oldest first`() throws
    {
        var limits = DeliveryLimits()
        limits.bytesPerNotification = 100
        limits.maximumBytes = 1_000
        var lanes = DeliveryLanes(limits: limits)
        let greedy = try subscription("a", to: "http://a.example/", of: office)
        let other = try subscription("b", to: "http://b.example/")
        var gone: [Int64] = []
        for number in 1...5 {
            let item = item(Int64(number))
            gone += lanes.add(item, for: key("a", of: office), of: greedy, now: now).map(\.sequence)
        }
        // Each takes its bytes and a fixed part: two fit into half of the limit.
        #expect(gone == [1, 2, 3])
        #expect(lanes.waiting == [office: 2])
        // A message counts once for one owner, for any number of its subscriptions.
        let shared = item(6)
        #expect(lanes.add(shared, for: key("b0"), of: other, now: now).isEmpty)
        #expect(lanes.add(shared, for: key("b1"), of: other, now: now).isEmpty)
        #expect(lanes.waiting[.operator] == 2)
        // Messages being sent stay, and the newest is dropped where nothing older waits.
        let under = starts(&lanes).flatMap(\.items).map(\.sequence)
        #expect(under == [4, 5, 6, 6])
        let late = lanes.add(item(7), for: key("a", of: office), of: greedy, now: now)
        #expect(late.map(\.sequence) == [7])
        for start in ["b0", "b1"] {
            let outcome = DeliveryLanes.Outcome(done: 1, schedule: DeliverySchedule())
            _ = lanes.finish(key(start), outcome, other, now: now)
        }
        let outcome = DeliveryLanes.Outcome(done: 2, schedule: DeliverySchedule())
        _ = lanes.finish(key("a", of: office), outcome, greedy, now: now)
        #expect(lanes.waiting.isEmpty)
        // Everything is returned.
        for number in 8...9 {
            #expect(lanes.add(item(Int64(number)), for: key("b0"), of: other, now: now).isEmpty)
        }
    }

    @Test func `messages whose time has not come count apart, and have a limit`() throws {
        var limits = DeliveryLimits()
        limits.maximumHeldBack = 2
        var lanes = DeliveryLanes(limits: limits)
        let subscriber = try subscription("s", to: "http://a.example/")
        _ = lanes.add(item(1), for: key("s"), of: subscriber, now: now)
        let start = try #require(starts(&lanes).first)
        let later = Timestamp(microseconds: 9_000_000)
        var schedule = start.schedule
        _ = schedule.failed(at: now, limits: limits, cooldownMilliseconds: nil, chance: 0)
        let outcome = DeliveryLanes.Outcome(schedule: schedule, waitUntil: later)
        #expect(lanes.finish(key("s"), outcome, subscriber, now: now).isEmpty)
        #expect(lanes.add(item(2), for: key("s"), of: subscriber, now: now).isEmpty)
        #expect(lanes.add(item(3), for: key("s"), of: subscriber, now: now).map(\.sequence) == [1])
        #expect(lanes.heldBack == 2)
        #expect(lanes.waiting[.operator, default: 0] == 0)
        lanes.resume(key("s"), subscriber)
        #expect(lanes.waiting[.operator, default: 0] == 2)
        let next = starts(&lanes)
        #expect(next.map { $0.items.map(\.sequence) } == [[2, 3]])
        // The failed one was dropped: the next has had no attempt, but waits as long.
        #expect(next.first?.schedule.attempts == 0)
        #expect(next.first?.schedule.failures == 1)
    }
}
