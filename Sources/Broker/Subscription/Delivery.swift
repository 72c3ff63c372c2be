import ContextModel

/// One message of the outbox on its way to one of its subscriptions, and where it stands.
///
///     claimed -> sending -> delivered
///        ^          |
///        |          +----> retrying (at a moment) -> sending
///        |          +----> dead
///        +--- returned
///
/// Until it has been sent or given up, a delivery may also be abandoned: another process has the
/// outbox by now, and delivers it. A value: time and results come in.
struct Delivery: Sendable {
    /// Where a message stands with one of those who get it.
    enum State: Sendable, Equatable {
        /// This process has claimed the message and has not tried to send it yet.
        case claimed
        case sending
        /// Sending has failed; it is tried again, not before the moment.
        case retrying(at: Timestamp)
        /// The receiver took it, or there was nothing to tell it.
        case delivered
        /// Given up.
        case dead(Abandonment)
        /// Another process has it.
        case abandoned
    }

    /// What happens to a delivery.
    enum Event: Sendable, Equatable {
        case begin
        /// It was not tried after all: its turn comes again.
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

    /// Whether this process has nothing more to do with it.
    var isOver: Bool {
        switch state {
        case .claimed, .sending, .retrying: false
        case .delivered, .dead, .abandoned: true
        }
    }

    /// Takes the event; what cannot happen in the state is a fault of the program.
    mutating func take(_ event: Event) {
        guard let next = state.after(event) else {
            preconditionFailure("\(event) cannot happen to a delivery that is \(state)")
        }
        state = next
    }
}

extension Delivery.State {
    /// The state that follows; nil where the event cannot happen.
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
