import ContextModel

/// Maps features to entities by a map: its columns are properties, then members of the feature itself, or JSONPaths
/// that are asked in the same order.
struct FeatureMapper: Sendable {
    private let mapper: MessageMapper
    private var clock: LocalClock
    /// Whether the entities are readings, of which late ones go to history alone.
    let hasTime: Bool
    /// Whether the place is the geometry of the feature.
    private let hasOwnPlace: Bool

    /// Throws for a map with what only the rows of a table can have.
    ///
    /// A map without `location` has the geometry of the feature there.
    init(_ given: ColumnMap) throws(SourceError) {
        var map = given
        guard !map.isHistory, map.wide == nil, map.lookup == nil, !map.keepsRepeats else {
            throw SourceError(
                "`history`, `wide`, `lookup` and `repeats` of a map are for tables, and not for features."
            )
        }
        if let name = map.columns.first(where: { ["received", "topic"].contains($0) }) {
            throw SourceError(
                "`\(name)` is a word for messages; call a property of this name `$.\(name)`."
            )
        }
        hasOwnPlace = map.location == nil && map.coordinates == nil
        if hasOwnPlace { map.geometry = "geometry" }
        var definition = SourceDefinition(way: .watch)
        definition.maps = [map]
        let node = try MapNode.read("{}", file: "map")
        mapper = try MessageMapper(definition, map, isFirst: true, node)
        clock = map.time.map { LocalClock($0.zone) } ?? .utc
        hasTime = map.time != nil
    }

    /// The entity of the feature; nil where the map leaves it out.
    mutating func entity(of feature: JSONObject) throws(RowRefusal) -> JSONValue? {
        var properties = feature["properties"]?.objectValue ?? JSONObject()
        // The place is that of the feature, and no property that is called so.
        if hasOwnPlace { properties.members.removeAll { $0.key == "geometry" } }
        return try mapper.entity([.object(properties), .object(feature)], &clock)
    }
}

extension ColumnMap {
    /// The names of all columns that the map has.
    fileprivate var columns: [String] {
        var templates = [id]
        if let time { templates.append(time.value) }
        if let coordinates { templates.append(coordinates.text) }
        let sources = (attributes + entity).map(\.source)
        let places = location.map { [$0.latitude, $0.longitude] } ?? []
        for case .template(let template) in sources + places { templates.append(template) }
        let named = templates.flatMap(\.parts).compactMap { part -> String? in
            if case .column(let name) = part { name } else { nil }
        }
        return named + skips.map(\.column)
    }
}
