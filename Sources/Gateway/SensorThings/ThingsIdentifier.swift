import ContextModel

/// The identifier of an entity of the SensorThings API: the parts from which it is found again.
///
/// The parts have a `|` between them, which no URI has: `urn:x:1|temperature||2026-01-31T08:00:00Z`.
struct ThingsIdentifier {
    /// The NGSI-LD entity; for an ObservedProperty the name of the attribute.
    let first: String
    var attribute: String?
    var datasetID: String?
    var time: Timestamp?

    private static let separator: Character = "|"

    /// Returns nil for a text that no entity of the set has as its identifier.
    init?(_ text: String, of kind: ThingsKind) {
        let parts = text.split(separator: Self.separator, omittingEmptySubsequences: false)
            .map(String.init)
        first = parts[0]
        switch kind {
        case .things, .sensors, .featuresOfInterest, .observedProperties:
            guard parts.count == 1 else { return nil }
        case .locations, .historicalLocations:
            guard parts.count == 2 || parts.count == 1 && kind == .locations else { return nil }
            if parts.count == 2 {
                guard let time = Timestamp(parts[1]) else { return nil }
                self.time = time
            }
        case .datastreams, .observations:
            guard (2...4).contains(parts.count), parts.count == 4 || kind == .datastreams,
                parts.count < 4 || kind == .observations
            else { return nil }
            attribute = parts[1]
            if parts.count > 2, !parts[2].isEmpty { datasetID = parts[2] }
            if parts.count == 4 {
                guard let time = Timestamp(parts[3]) else { return nil }
                self.time = time
            }
        }
        guard kind == .observedProperties || URIText.isValid(first) else { return nil }
    }

    static func text(of element: ThingsElement, _ ld: LDContext) -> String {
        switch element {
        case .thing(let entity), .sensor(let entity), .location(let entity, past: nil),
            .featureOfInterest(let entity):
            entity.id.uri
        case .location(let entity, let past?), .historicalLocation(let entity, let past):
            entity.id.uri + "|" + (past.observedAt ?? past.modifiedAt).text
        case .observedProperty(let name): ld.compact(name)
        case .datastream(let series): text(of: series, ld)
        case .observation(let series, let instance):
            text(of: series, ld) + (series.datasetID == nil ? "|" : "")
                + "|" + instance.observedAt.text
        }
    }

    private static func text(of series: ObservedSeries, _ ld: LDContext) -> String {
        let name = series.entity.id.uri + "|" + ld.compact(series.name)
        return series.datasetID.map { name + "|" + $0 } ?? name
    }
}

extension Timestamp? {
    fileprivate var text: String { self?.text ?? "" }
}
