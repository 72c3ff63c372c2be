import Broker
import ContextModel
import Hummingbird

extension NGSILDRoutes {
    /// Notifications given up on: seen and sent again by the operator.
    ///
    /// Not part of the standard.
    mutating func addDeadLetterRoutes() {
        let path = "/hub/dead-letters"
        add(
            RouteDescription(
                .get,
                path,
                .operations,
                "List notifications given up on",
                query: [QueryParameter("limit", "At most so many", kind: .integer)],
                answers: "application/json"
            )
        ) { exchange in
            let letters = try await exchange.hub.deadLetters(
                limit: try exchange.items.number("limit") ?? exchange.hub.limits.maximumPage,
                caller: exchange.caller
            )
            return .json(.array(letters))
        }
        add(
            RouteDescription(
                .post,
                path + "/replay",
                .operations,
                "Send notifications given up on again",
                answers: "application/json"
            )
        ) { exchange in
            let count = try await exchange.hub.replayDeadLetters(caller: exchange.caller)
            return .json(["replayed": .number(JSONNumber(count))])
        }
    }
}
