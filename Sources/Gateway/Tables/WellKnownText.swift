import ContextModel

/// A geometry as Well-Known Text (OGC 06-103r4 clause 7), which GIS programs read from tables.
struct WellKnownText {
    let text: String

    /// Returns nil for what is not a geometry of RFC 7946 with coordinates.
    init?(geoJSON: JSONValue) {
        guard let object = geoJSON.objectValue, let type = object["type"]?.stringValue,
            let coordinates = object["coordinates"], let name = Self.names[type],
            let inner = Self.text(coordinates, depth: name.depth)
        else { return nil }
        text = name.depth == 0 ? "\(name.word) (\(inner))" : "\(name.word) \(inner)"
    }

    private static let names: [String: (word: String, depth: Int)] = [
        "Point": ("POINT", 0), "MultiPoint": ("MULTIPOINT", 1), "LineString": ("LINESTRING", 1),
        "MultiLineString": ("MULTILINESTRING", 2), "Polygon": ("POLYGON", 2),
        "MultiPolygon": ("MULTIPOLYGON", 3),
    ]

    /// Coordinates in lists nested this deep, with parentheses around each list.
    private static func text(_ value: JSONValue, depth: Int) -> String? {
        guard let list = value.arrayValue else { return nil }
        if depth == 0 {
            let numbers = list.compactMap { $0.numberValue?.literal }
            guard numbers.count == list.count, numbers.count >= 2 else { return nil }
            // Two numbers, for a third would need another word (POINT Z).
            return numbers.prefix(2).joined(separator: " ")
        }
        let parts = list.compactMap { text($0, depth: depth - 1) }
        guard parts.count == list.count, !parts.isEmpty else { return nil }
        return "(" + parts.joined(separator: ", ") + ")"
    }
}
