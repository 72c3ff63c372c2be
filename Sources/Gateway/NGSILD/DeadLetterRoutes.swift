import Broker
import ContextModel
import Hummingbird

extension NGSILDRoutes {
    private static let deadLetters = "/hub/dead-letters"

    private static let choice = [
        QueryParameter("id", "Only this one"),
        QueryParameter("subscription", "Only those of this subscription"),
        QueryParameter("owner", "Only those of this party's: its name, `operator` or `anonymous`"),
    ]

    /// Adds the operator's routes of dead letters: to list, replay and drop them.
    ///
    /// They are not part of the standard.
    mutating func addDeadLetterRoutes() {
        add(
            RouteDescription(
                .get,
                Self.deadLetters,
                .operations,
                "List notifications given up on",
                query: Self.choice + [QueryParameter("limit", "At most so many", kind: .integer)],
                answers: "application/json"
            )
        ) { exchange in
            let letters = try await exchange.hub.subscribing.deadLetters(
                try exchange.deadLetterChoice(),
                limit: try exchange.items.number("limit") ?? exchange.hub.limits.maximumPage,
                caller: exchange.caller
            )
            return .json(.array(letters.summaries))
        }
        addDeadLetterActions()
    }

    private mutating func addDeadLetterActions() {
        add(
            RouteDescription(
                .post,
                Self.deadLetters + "/replay",
                .operations,
                "Send notifications given up on again",
                query: Self.choice,
                answers: "application/json"
            )
        ) { exchange in
            let count = try await exchange.hub.subscribing.replayDeadLetters(
                try exchange.deadLetterChoice(),
                caller: exchange.caller
            )
            return .json(["replayed": .number(JSONNumber(count))])
        }
        add(
            RouteDescription(
                .delete,
                Self.deadLetters,
                .operations,
                "Remove notifications given up on",
                query: Self.choice,
                answers: "application/json"
            )
        ) { exchange in
            let count = try await exchange.hub.subscribing.dropDeadLetters(
                try exchange.deadLetterChoice(),
                caller: exchange.caller
            )
            return .json(["dropped": .number(JSONNumber(count))])
        }
    }
}

extension Exchange {
    fileprivate func deadLetterChoice() throws(BrokerError) -> DeadLetterChoice {
        DeadLetterChoice(
            id: try items.text("id"),
            subscription: try items.text("subscription"),
            owner: try items.text("owner")
        )
    }
}
