import Broker
import ContextModel
import Hummingbird

/// What the hub says of its city, for the page of the first run and for programs.
extension NGSILDRoutes {
    mutating func addCityRoutes(_ city: KeptCity) {
        add(
            RouteDescription(
                .get,
                "/hub/city",
                .operations,
                "Tell the name of the city, and where it is",
                answers: "application/json"
            )
        ) { exchange in
            guard let profile = city.current else {
                throw BrokerError(.resourceNotFound, "Nobody has said which city this is.")
            }
            return exchange.json(profile.json)
        }
        add(
            RouteDescription(
                .put,
                "/hub/city",
                .operations,
                "Say which city it is",
                accepts: ["application/json"],
                body: .city,
                status: 204
            )
        ) { exchange in
            let (json, _) = try await exchange.body(to: .administer, isKept: true)
            let profile = try CityProfile(json)
            try await city.keep(profile, exchange.hub, caller: exchange.caller)
            return exchange.answer(.noContent)
        }
    }
}
