import Broker
package import ContextModel
package import Governance
import Logging
package import Services

/// A city of the network as a service of a hub: a few simulated devices, invented visits to a clinic, and indicators
/// that cities can be compared by.
package struct NetworkCityService: ServiceModule {
    /// Seconds between two rounds of readings.
    package static let roundSeconds: Int64 = 30

    private let devices: NetworkCityDevices

    package init(_ city: NetworkCity) { devices = NetworkCityDevices(city) }

    package let name = Self.serviceName
    package let title = "A city of the network"
    package let purpose = Purpose("dpv:ServiceProvision")
    package let rights = [ServiceRight([.write], of: .everything)]
    package let entityTypes = NetworkCityDevices.types
    package let classification: JSONObject = [
        "AirQualityObserved": ["class": "public"], "WeatherObserved": ["class": "public"],
        "KeyPerformanceIndicator": ["class": "public"],
        "TrafficFlowObserved": ["class": "internal"],
        "Visit": ["class": "personal", "subject": "patient"],
    ]

    /// Made of letters and a hyphen, so there is one.
    private static let serviceName: ServiceName = {
        guard let name = ServiceName("network-city") else {
            preconditionFailure("the city of the network has no valid name")
        }
        return name
    }()

    package var jobs: [ServiceJob] {
        [
            ServiceJob("devices") { [devices] context in
                while true {
                    let result = try await context.city.upsert(
                        devices.entities(at: context.clock())
                    )
                    if let first = result.errors.first {
                        context.logger.warning("Readings were refused: \(first.error.detail)")
                    }
                    try await context.sleep(Self.roundSeconds)
                }
            }
        ]
    }
}
