import ContextModel
import Testing

@testable import Broker

/// The state of a message with one of its recipients.
@Suite struct DeliveryTests {
    private static let moment = Timestamp(microseconds: 5)
    private static let why = Abandonment(at: moment, reason: "The receiver answered 500.")
    private static let states: [Delivery.State] = [
        .claimed, .sending, .retrying(at: moment), .delivered, .dead(why), .abandoned,
    ]
    private static let events: [Delivery.Event] = [
        .begin, .giveBack, .succeed, .fail(retryAt: moment), .giveUp(why), .loseLease,
    ]

    @Test func `every state has its possible events and following states`() {
        // One row for each state, one column for each event.
        let expected: [[Delivery.State?]] = [
            [.sending, nil, nil, nil, .dead(Self.why), .abandoned],
            [
                nil, .claimed, .delivered, .retrying(at: Self.moment), .dead(Self.why),
                .abandoned,
            ],
            [.sending, nil, nil, nil, .dead(Self.why), .abandoned],
            [nil, nil, nil, nil, nil, nil],
            [nil, nil, nil, nil, nil, nil],
            [nil, nil, nil, nil, nil, nil],
        ]
        for (state, row) in zip(Self.states, expected) {
            #expect(Self.events.map { state.after($0) } == row, "\(state)")
        }
    }

    @Test func `a finished delivery has no events, and every other one can still end`() {
        for state in Self.states {
            let followers = Self.events.compactMap { state.after($0) }
            switch state {
            case .delivered, .dead, .abandoned: #expect(followers.isEmpty)
            case .claimed, .sending, .retrying: #expect(followers.contains(.abandoned))
            }
        }
    }
}
