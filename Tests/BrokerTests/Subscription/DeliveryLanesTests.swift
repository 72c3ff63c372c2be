import ContextModel
import Governance
import Testing

@testable import Broker

struct DeliveryLanesTests {
    private let now = Timestamp(microseconds: 1_000_000)

    private func subscription(_ id: String, to uri: String) throws -> IndexedSubscription {
        let body: JSONObject = [
            "type": "Subscription", "entities": [["type": "Bus"]],
            "notification": ["endpoint": ["uri": .string(uri)]],
        ]
        let subscription = try SubscriptionReader(context: .core).subscription(body, id: id)
        let record = SubscriptionRecord(
            id: id,
            owner: .operator,
            purpose: nil,
            context: .string(CoreContext.url),
            body: body,
            createdAt: now
        )
        return IndexedSubscription(
            subscription: subscription,
            record: record,
            grant: SubscriptionFixture.everything
        )
    }

    private func item(_ sequence: Int64, _ recipients: [String] = ["s"]) -> OutboxItem {
        OutboxItem(
            tenant: nil,
            sequence: sequence,
            recipients: recipients,
            enqueuedAt: now,
            content: nil
        )
    }

    private func key(_ id: String) -> SubscriptionMatcher.Key { .init(tenant: nil, id: id) }

    private func starts(_ lanes: inout DeliveryLanes) -> [DeliveryLanes.Start] {
        var starts: [DeliveryLanes.Start] = []
        while let start = lanes.next(throttled: { _ in false }) { starts.append(start) }
        return starts
    }

    @Test func `a lane has one go at a time, and goes on with what came meanwhile`() throws {
        var lanes = DeliveryLanes(limits: DeliveryLimits())
        let subscriber = try subscription("s", to: "http://a.example/")
        _ = lanes.add(item(1), for: key("s"), of: subscriber)
        #expect(starts(&lanes).map { $0.items.map(\.sequence) } == [[1]])
        _ = lanes.add(item(2), for: key("s"), of: subscriber)
        #expect(starts(&lanes).isEmpty)
        #expect(lanes.waiting == 2)
        let outcome = DeliveryLanes.Outcome(done: 1, schedule: DeliverySchedule(), succeeded: true)
        #expect(lanes.finish(key("s"), outcome, subscriber, now: now).isEmpty)
        #expect(lanes.waiting == 1)
        #expect(starts(&lanes).map { $0.items.map(\.sequence) } == [[2]])
    }

    @Test func `a receiver that fails gets little, and all it can have when it is back`() throws {
        var limits = DeliveryLimits()
        limits.maximumPerEndpoint = 3
        limits.maximumPerFailingEndpoint = 1
        var lanes = DeliveryLanes(limits: limits)
        let subscribers = try (0..<5).map { try subscription("s\($0)", to: "http://a.example/") }
        for (number, subscriber) in subscribers.enumerated() {
            _ = lanes.add(item(Int64(number)), for: key("s\(number)"), of: subscriber)
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

    @Test func `receivers take turns when there is little room`() throws {
        var limits = DeliveryLimits()
        limits.maximumConcurrent = 2
        var lanes = DeliveryLanes(limits: limits)
        let (a, b) = (
            try subscription("a", to: "http://a.example/"),
            try subscription("b", to: "http://b.example/")
        )
        for number in 0..<4 { _ = lanes.add(item(Int64(number)), for: key("a\(number)"), of: a) }
        _ = lanes.add(item(9), for: key("b"), of: b)
        #expect(starts(&lanes).map(\.key.id) == ["a0", "b"])
    }

    @Test func `messages that are held back count apart, and their number is bounded`() throws {
        var limits = DeliveryLimits()
        limits.maximumHeldBack = 2
        var lanes = DeliveryLanes(limits: limits)
        let subscriber = try subscription("s", to: "http://a.example/")
        _ = lanes.add(item(1), for: key("s"), of: subscriber)
        let start = try #require(starts(&lanes).first)
        let later = Timestamp(microseconds: 9_000_000)
        var schedule = start.schedule
        _ = schedule.failed(at: now, limits: limits, cooldownMilliseconds: nil, chance: 0)
        let outcome = DeliveryLanes.Outcome(schedule: schedule, waitUntil: later)
        #expect(lanes.finish(key("s"), outcome, subscriber, now: now).isEmpty)
        #expect(lanes.add(item(2), for: key("s"), of: subscriber).isEmpty)
        #expect(lanes.add(item(3), for: key("s"), of: subscriber).map(\.sequence) == [1])
        #expect(lanes.heldBack == 2)
        #expect(lanes.waiting == 0)
        lanes.resume(key("s"), subscriber)
        #expect(lanes.waiting == 2)
        let next = starts(&lanes)
        #expect(next.map { $0.items.map(\.sequence) } == [[2, 3]])
        // The one that failed has gone: the next has not been tried, but waits no shorter.
        #expect(next.first?.schedule.attempts == 0)
        #expect(next.first?.schedule.failures == 1)
    }
}

struct QueueTests {
    @Test func `what goes in first comes out first, however much came before`() {
        var queue = Queue<Int>()
        var next = 0
        for number in 0..<1_000 {
            queue.append(number)
            if number.isMultiple(of: 3) {
                #expect(queue.popFirst() == next)
                next += 1
            }
        }
        #expect(queue.count == 1_000 - next)
        #expect(Array(queue.prefix(2)) == [next, next + 1])
        queue.removeFirst(queue.count)
        #expect(queue.isEmpty)
        #expect(queue.popFirst() == nil)
    }
}
