import Broker
import ContextModel

/// Reads geometries from Well-Known Text (OGC 06-103r4 clause 7).
enum WellKnownTextReader {
    private static let names: [String: (type: String, depth: Int)] = [
        "POINT": ("Point", 0), "MULTIPOINT": ("MultiPoint", 1), "LINESTRING": ("LineString", 1),
        "MULTILINESTRING": ("MultiLineString", 2), "POLYGON": ("Polygon", 2),
        "MULTIPOLYGON": ("MultiPolygon", 3),
    ]

    static func read(_ text: String) throws(BrokerError) -> Geometry {
        let parts = text.split(separator: "(", maxSplits: 1)
        let word = parts.first.map { $0.uppercased().trimmingBlanks } ?? ""
        guard parts.count == 2, let name = names[word] else { throw bad(text) }
        var rest = ("(" + parts[1])[...]
        guard let coordinates = list(&rest, depth: max(1, name.depth)), rest.isBlank else {
            throw bad(text)
        }
        // A point has one position, and not a list of them.
        let json = name.depth == 0 ? coordinates.arrayValue?.first ?? .null : coordinates
        do {
            return try Geometry(type: name.type, coordinates: json)
        } catch {
            throw BrokerError(.badRequestData, "'\(text.prefix(40))': \(error)")
        }
    }

    /// Lists in parentheses, nested this deep, with positions inside.
    private static func list(_ rest: inout Substring, depth: Int) -> JSONValue? {
        guard skip("(", &rest) else { return nil }
        var items: [JSONValue] = []
        repeat {
            if depth > 1 {
                guard let inner = list(&rest, depth: depth - 1) else { return nil }
                items.append(inner)
            } else {
                // A MULTIPOINT may have parentheses around each position.
                let isWrapped = skip("(", &rest)
                guard let position = position(&rest), !isWrapped || skip(")", &rest) else {
                    return nil
                }
                items.append(position)
            }
        } while skip(",", &rest)
        return skip(")", &rest) ? .array(items) : nil
    }

    private static func position(_ rest: inout Substring) -> JSONValue? {
        let text = rest.prefix { !"(),".contains($0) }
        rest = rest.dropFirst(text.count)
        let words = text.split(separator: " ")
        let numbers = words.compactMap { JSONNumber(String($0)) }
        guard numbers.count == words.count, (2...3).contains(numbers.count) else { return nil }
        return .array(numbers.map(JSONValue.number))
    }

    private static func skip(_ sign: Character, _ rest: inout Substring) -> Bool {
        rest = rest.drop { $0 == " " }
        guard rest.first == sign else { return false }
        rest.removeFirst()
        return true
    }

    private static func bad(_ text: String) -> BrokerError {
        BrokerError(
            .badRequestData,
            "'\(text.prefix(40))' is no geometry; write geography'POLYGON((30 10, 40 40, 20 40, 30 10))'."
        )
    }
}

extension StringProtocol {
    fileprivate var isBlank: Bool { allSatisfy { $0 == " " } }
    fileprivate var trimmingBlanks: String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
