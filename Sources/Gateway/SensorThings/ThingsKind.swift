/// An entity set of the SensorThings API 1.1 (OGC 18-088 clause 8.2).
enum ThingsKind: String, CaseIterable {
    case things = "Things"
    case locations = "Locations"
    case historicalLocations = "HistoricalLocations"
    case datastreams = "Datastreams"
    case sensors = "Sensors"
    case observedProperties = "ObservedProperties"
    case observations = "Observations"
    case featuresOfInterest = "FeaturesOfInterest"

    /// A relation to another entity set (clause 8.2, figure 2).
    struct Navigation: Hashable {
        let name: String
        let target: ThingsKind
        /// Whether it leads to a list, and not to one.
        let isMany: Bool

        static func many(_ target: ThingsKind) -> Navigation {
            Navigation(name: target.rawValue, target: target, isMany: true)
        }

        static func one(_ target: ThingsKind) -> Navigation {
            Navigation(name: target.singular, target: target, isMany: false)
        }
    }

    var singular: String {
        switch self {
        case .things: "Thing"
        case .locations: "Location"
        case .historicalLocations: "HistoricalLocation"
        case .datastreams: "Datastream"
        case .sensors: "Sensor"
        case .observedProperties: "ObservedProperty"
        case .observations: "Observation"
        case .featuresOfInterest: "FeatureOfInterest"
        }
    }

    var navigations: [Navigation] {
        switch self {
        case .things: [.many(.locations), .many(.historicalLocations), .many(.datastreams)]
        case .locations: [.many(.things), .many(.historicalLocations)]
        case .historicalLocations: [.one(.things), .many(.locations)]
        case .datastreams:
            [.one(.things), .one(.sensors), .one(.observedProperties), .many(.observations)]
        case .sensors, .observedProperties: [.many(.datastreams)]
        case .observations: [.one(.datastreams), .one(.featuresOfInterest)]
        case .featuresOfInterest: [.many(.observations)]
        }
    }

    func navigation(_ name: String) -> Navigation? { navigations.first { $0.name == name } }

    /// The properties that entities of the set have besides `@iot.id` and `@iot.selfLink`.
    var properties: [String] {
        switch self {
        case .things: ["name", "description", "properties"]
        case .locations: ["name", "description", "encodingType", "location", "properties"]
        case .historicalLocations: ["time"]
        case .datastreams:
            ["name", "description", "observationType", "unitOfMeasurement", "properties"]
        case .sensors: ["name", "description", "encodingType", "metadata", "properties"]
        case .observedProperties: ["name", "definition", "description", "properties"]
        case .observations: ["phenomenonTime", "resultTime", "result"]
        case .featuresOfInterest:
            ["name", "description", "encodingType", "feature", "properties"]
        }
    }

    /// Whether what is in the set comes from histories.
    var isOfHistory: Bool { self == .observations || self == .historicalLocations }
}
