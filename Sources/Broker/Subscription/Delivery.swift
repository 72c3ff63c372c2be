import ContextModel

/// The delivery of one message of the outbox to one of its subscriptions, as a state machine.
///
///     claimed -> sending -> delivered
///        ^          |
///        |          +----> retrying (at a moment) -> sending
///        |          +----> dead
///        +--- returned
///
/// Until it is delivered or dead, a delivery may also be abandoned, when another process has taken
/// over the outbox and delivers the message.
///
/// It is a value: time and results are passed in.
struct Delivery: Sendable {
    /// The state of a message with one of its recipients.
    enum State: Sendable, Equatable {
        /// The message was claimed, and was not sent yet.
        case claimed
        case sending
        /// Sending has failed, and is repeated at the moment or later.
        case retrying(at: Timestamp)
        /// The receiver accepted it, or there was nothing to send.
        case delivered
        /// It was given up.
        case dead(Abandonment)
        /// Another process delivers it.
        case abandoned
    }

    /// An event in a delivery.
    enum Event: Sendable, Equatable {
        case begin
        /// It was not sent after all, and waits again.
        case giveBack
        case succeed
        case fail(retryAt: Timestamp)
        case giveUp(Abandonment)
        case loseLease
    }

    let content: OutboxItem
    private(set) var state = State.claimed

    init(_ content: OutboxItem) { self.content = content }

    var sequence: Int64 { content.sequence }

    /// Whether this process is done with it.
    var isOver: Bool {
        switch state {
        case .claimed, .sending, .retrying: false
        case .delivered, .dead, .abandoned: true
        }
    }

    /// Changes the state by the event; an event that cannot happen in the state is a bug.
    mutating func take(_ event: Event) {
        guard let next = state.after(event) else {
            preconditionFailure("\(event) cannot happen to a delivery that is \(state)")
        }
        state = next
    }
}

extension Delivery.State {
    /// The state after the event; nil when the event cannot happen.
    func after(_ event: Delivery.Event) -> Delivery.State? {
        switch (self, event) {
        case (.claimed, .begin), (.retrying, .begin): .sending
        case (.sending, .giveBack): .claimed
        case (.sending, .succeed): .delivered
        case (.sending, .fail(let moment)): .retrying(at: moment)
        case (.claimed, .giveUp(let why)), (.sending, .giveUp(let why)),
            (.retrying, .giveUp(let why)):
            .dead(why)
        case (.claimed, .loseLease), (.sending, .loseLease), (.retrying, .loseLease): .abandoned
        default: nil
        }
    }
}

/// When and why a notification was given up.
struct Abandonment: Sendable, Equatable {
    var at: Timestamp
    var reason: String
}
