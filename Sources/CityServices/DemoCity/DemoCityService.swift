import Broker
import ContextModel
package import Governance
package import Services
import Storage

/// The demo city as a service of a hub: simulated devices that report like a city's own.
package struct DemoCityService: ServiceModule {
    private let city: DemoCity

    /// The same seed tells the same city, its past included.
    package init(seed: UInt64) { city = DemoCity(seed: seed) }

    package let name = Self.serviceName
    package let title = "The demo city"
    package let purpose = Purpose("dpv:SoftwareDevelopment")
    package let rights = [ServiceRight([.write], of: .everything)]
    package var entityTypes: [String] { city.kinds.map(\.type) }

    /// Made of letters and a hyphen, so there is one.
    private static let serviceName: ServiceName = {
        guard let name = ServiceName("demo-city") else {
            preconditionFailure("the demo city has no valid name")
        }
        return name
    }()

    package var jobs: [ServiceJob] {
        [
            ServiceJob("devices") { [city] context in
                await DemoDriver(city: city, context: context).run()
            }
        ]
    }

    package var routes: [ServiceRoute] {
        [
            ServiceRoute(.get, "kinds", "List the kinds of simulated devices") { [city] _, _ in
                .json(.array(city.kinds.map(\.json)))
            }
        ]
    }

    package var page: ServicePage? {
        ServicePage { [city] request, context in
            var rows: [[String]] = []
            for kind in city.kinds {
                let query = EntityQuery(
                    condition: .type(LDContext.core.expand(kind.type)),
                    limit: 0,
                    wantsCount: true
                )
                let seen = try await request.city.entities(query).page.count ?? 0
                rows.append([kind.type, "\(kind.count)", "\(kind.reportSeconds) s", "\(seen)"])
            }
            return ServiceContent(
                lead: "The places are real, and every device is simulated.",
                paragraphs: [
                    "The readings are a function of the time, so each start of the hub tells the "
                        + "same past. Every entity says so in source and dataProvider."
                ],
                tables: [
                    .init(
                        caption: "Simulated devices",
                        columns: ["Type", "Devices", "Report every", "Entities you may see"],
                        rows: rows
                    )
                ]
            )
        }
    }
}

extension DemoCity.Kind {
    fileprivate var json: JSONValue {
        [
            "type": .string(type), "count": .number(JSONNumber(count)),
            "reportSeconds": .number(JSONNumber(Int(reportSeconds))),
        ]
    }
}
