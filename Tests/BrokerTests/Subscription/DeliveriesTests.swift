import ContextModel
import Governance
import Testing

@testable import Broker

/// The states of messages: what is sent next, and what must be stored.
@Suite struct DeliveriesTests {
    private let now = Timestamp(microseconds: 1_000_000)

    private func content(_ sequence: Int64, bytes: Int = 100) -> OutboxItem {
        OutboxItem(
            tenant: nil,
            sequence: sequence,
            enqueuedAt: now,
            bytes: bytes,
            content: .damaged
        )
    }

    private func key(_ id: String) -> SubscriptionKey { .init(tenant: nil, outbox: id) }

    /// The lanes that start now, one after the other.
    private func starts(_ deliveries: inout Deliveries) -> [DeliveryLanes.Start] {
        var starts: [DeliveryLanes.Start] = []
        while let start = deliveries.next(throttled: { _ in false }) { starts.append(start) }
        return starts
    }

    private func claim(_ deliveries: inout Deliveries, _ sequence: Int64, for ids: [String]) {
        deliveries.claim(content(sequence), for: ids, now: now) { _ in nil }
    }

    private func finish(
        _ deliveries: inout Deliveries,
        _ start: DeliveryLanes.Start,
        done: Int,
        givenUp: Abandonment? = nil,
        succeeded: Bool? = true,
        waitUntil: Timestamp? = nil
    ) {
        var outcome = DeliveryLanes.Outcome(schedule: start.schedule)
        outcome.done = done
        outcome.givenUp = givenUp
        outcome.succeeded = succeeded
        outcome.waitUntil = waitUntil
        deliveries.finish(start.key, outcome, nil, now: now)
    }

    @Test func `a message that all its recipients received is removed, once`() throws {
        var deliveries = Deliveries(limits: DeliveryLimits())
        claim(&deliveries, 1, for: ["s", "t"])
        #expect(deliveries.isBusy(nil))
        let both = starts(&deliveries)
        #expect(Set(both.map(\.key.outbox)) == ["s", "t"])
        finish(&deliveries, both[0], done: 1)
        #expect(!deliveries.hasSettlements)
        #expect(deliveries.hasPartlyDone)
        finish(&deliveries, both[1], done: 1)
        #expect(deliveries.isBusy(nil), "the store does not know yet")
        #expect(deliveries.takeSettlements()[nil]?.removed == [1])
        #expect(!deliveries.hasPartlyDone && !deliveries.hasSettlements && !deliveries.isBusy(nil))
    }

    @Test func `recipients that are done are removed from a message after a time`() throws {
        var deliveries = Deliveries(limits: DeliveryLimits())
        claim(&deliveries, 1, for: ["s", "t", "u"])
        let all = starts(&deliveries)
        let s = try #require(all.first { $0.key.outbox == "s" })
        finish(&deliveries, s, done: 1)
        deliveries.narrow(doneSince: now.advanced(by: -1))
        #expect(!deliveries.hasSettlements)
        deliveries.narrow(doneSince: now)
        let settlement = try #require(deliveries.takeSettlements()[nil])
        #expect(settlement.narrowed.map(\.sequence) == [1])
        #expect(settlement.narrowed.map(\.recipients) == [["t", "u"]])
        for start in all where start.key.outbox != "s" { finish(&deliveries, start, done: 1) }
        #expect(deliveries.takeSettlements()[nil]?.removed == [1])
    }

    @Test func `a message that is given up becomes a dead letter, and is done`() throws {
        var deliveries = Deliveries(limits: DeliveryLimits())
        claim(&deliveries, 1, for: ["s"])
        claim(&deliveries, 2, for: ["s"])
        let start = try #require(starts(&deliveries).first)
        #expect(start.items.map(\.sequence) == [1, 2])
        let why = Abandonment(at: now, reason: "The receiver answered 500.")
        finish(&deliveries, start, done: 2, givenUp: why, succeeded: false)
        let settlement = try #require(deliveries.takeSettlements()[nil])
        #expect(settlement.letters.map(\.sequence) == [2])
        #expect(settlement.letters.map(\.why) == [why])
        #expect(settlement.removed == [1, 2])
    }

    @Test func `a failed message comes first again when its time has come`() throws {
        var deliveries = Deliveries(limits: DeliveryLimits())
        claim(&deliveries, 1, for: ["s"])
        claim(&deliveries, 2, for: ["s"])
        let first = try #require(starts(&deliveries).first)
        let later = now.advanced(by: 1_000)
        finish(&deliveries, first, done: 0, succeeded: false, waitUntil: later)
        #expect(starts(&deliveries).isEmpty)
        deliveries.resume(key("s"), nil)
        #expect(starts(&deliveries).map { $0.items.map(\.sequence) } == [[1, 2]])
        #expect(!deliveries.hasSettlements)
    }

    @Test func `another process's message is neither sent nor settled, but may return`() throws {
        var deliveries = Deliveries(limits: DeliveryLimits())
        claim(&deliveries, 1, for: ["s"])
        claim(&deliveries, 2, for: ["s", "t"])
        let running = starts(&deliveries)
        finish(&deliveries, try #require(running.first { $0.key.outbox == "s" }), done: 1)
        claim(&deliveries, 3, for: ["s"])
        deliveries.count(key("s"))
        deliveries.abandon(nil)
        #expect(starts(&deliveries).isEmpty)
        #expect(deliveries.waiting.isEmpty && !deliveries.isBusy(nil))
        let settlement = try #require(deliveries.takeSettlements()[nil])
        #expect(!settlement.isAboutMessages)
        #expect(settlement.counted == [key("s")])
        // What was being sent ends, and changes nothing any more.
        claim(&deliveries, 2, for: ["s", "t"])
        finish(&deliveries, try #require(running.first { $0.key.outbox == "t" }), done: 1)
        #expect(!deliveries.hasSettlements)
        #expect(Set(starts(&deliveries).map(\.key.outbox)) == ["s", "t"])
    }

    @Test func `contents stay in memory up to a limit`() {
        var limits = DeliveryLimits()
        limits.maximumLoaded = 1
        var deliveries = Deliveries(limits: limits)
        let (first, second) = (content(1), content(2))
        for content in [first, second] {
            deliveries.claim(content, for: ["s"], now: now) { _ in nil }
        }
        #expect(first.kept != nil && second.kept == nil)
        for start in starts(&deliveries) { finish(&deliveries, start, done: start.items.count) }
        #expect(deliveries.mayLoad(1))
    }
}
