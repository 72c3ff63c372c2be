import Broker
package import ContextModel
package import Governance
package import Services
import Storage

/// The demo city as a service of a hub: simulated devices that report like real ones.
package struct DemoCityService: ServiceModule {
    private let city: DemoCity

    /// The same seed creates the same city, with the same past.
    package init(seed: UInt64) { city = DemoCity(seed: seed) }

    package let name = Self.serviceName
    package let title = "The demo city"
    package let purpose = Purpose("dpv:ServiceProvision")
    package let rights = [
        ServiceRight([.write], of: .everything),
        ServiceRight([.subscribe], of: .type(LDContext.core.expand("WasteContainer"))),
    ]
    package var entityTypes: [String] { city.kinds.map(\.type) }
    package var classification: JSONObject {
        city.kinds.reduce(into: JSONObject()) { $0[$1.type] = ["class": "public"] }
    }

    /// It is valid, because it has only letters and a hyphen.
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

    /// The document with the identifier of the bin that overflowed last.
    private static let overflowing = "overflowing-bin"

    package var subscriptions: [ServiceSubscription] {
        [
            ServiceSubscription(
                "overflowing-bins",
                to: [
                    "entities": [["type": "WasteContainer"]], "watchedAttributes": ["status"],
                    "q": "status==\"overflowing\"",
                ]
            ) { notification, context in
                guard let bin = notification.entities.last?.objectValue?["id"] else { return }
                try await context.documents.keep(bin, as: Self.overflowing)
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
                        + "same past. Every entity says so in source and dataProvider.",
                    try await Self.latest(for: request.city, context),
                ].compactMap(\.self),
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

extension DemoCityService {
    /// The bin that overflowed last, and when; nil when there was none, or none that the caller
    /// may see.
    private static func latest(
        for reader: CityAccess,
        _ context: ServiceContext
    ) async throws -> String? {
        guard let id = try await context.documents.document(overflowing)?.stringValue else {
            return nil
        }
        let query = EntityQuery(condition: .ids([EntityID(id)]), limit: 1)
        guard let bin = try await reader.entities(query).page.entities.first?.value(),
            let name = bin[LDContext.core.expand("name")].first?.value.stringValue,
            let status = bin[LDContext.core.expand("status")].first,
            let time = status.observedAt, status.value == "overflowing"
        else { return nil }
        return "The bin that overflowed last is \(name), which said so at \(time.text)."
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
