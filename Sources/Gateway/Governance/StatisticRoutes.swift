import Broker
import ContextModel
import HTTPTypes
import Hummingbird

/// Statistics about people. Not part of the standard.
extension NGSILDRoutes {
    mutating func addStatisticRoutes() {
        add(
            RouteDescription(
                .post,
                "/governance/v1/statistics",
                .governance,
                "Ask for a statistic about people",
                accepts: ["application/json", "application/ld+json"],
                body: .statistic,
                answers: "application/json"
            )
        ) { exchange in
            let (json, ld) = try await exchange.bodyWithContext(to: .aggregate)
            let told = try await exchange.hub.governing.statistic(
                json,
                ld: ld,
                caller: exchange.caller
            )
            return .json(.object(try told.answer.json(ld)))
        }
    }
}
