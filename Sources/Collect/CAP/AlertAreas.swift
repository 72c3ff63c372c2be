import ContextModel
import Foundation

/// The areas of an alert (CAP 1.2, clause 3.2.4) as GeoJSON.
enum AlertAreas {
    /// The most points of all areas of an alert.
    static let maximumPoints = 20_000
    /// The points with which a circle is drawn, and the radius in kilometres that it has at least.
    private static let circlePoints = 64
    private static let minimumRadius = 0.05
    private static let earthRadius = 6_371.0088

    private typealias Point = (latitude: Double, longitude: Double)

    /// The alert with `geometry`, where it has areas that can be drawn.
    static func drawn(_ alert: JSONObject, refuse: (RowRefusal, String) -> Void) -> JSONObject {
        let name = alert["identifier"]?.stringValue ?? "alert"
        var rings: [[Point]] = []
        var points = 0
        // Several descriptions of an alert, such as one a language, have the same areas.
        var seen: Set<String> = []
        for info in alert["info"]?.arrayValue ?? [] {
            for area in info.objectValue?["area"]?.arrayValue ?? [] {
                for kind in ["polygon", "circle"] {
                    for value in area.objectValue?[kind]?.arrayValue ?? [] {
                        guard let text = value.stringValue, !text.isEmpty,
                            seen.insert(kind + text).inserted
                        else { continue }
                        do throws(RowRefusal) {
                            let ring = try kind == "polygon" ? polygon(text) : circle(text)
                            points += ring.count
                            guard points <= maximumPoints else {
                                throw RowRefusal(
                                    reason: "Its areas have more than \(maximumPoints) points."
                                )
                            }
                            rings.append(ring)
                        } catch {
                            refuse(error, name)
                        }
                    }
                }
            }
        }
        var alert = alert
        alert["geometry"] = geometry(rings)
        return alert
    }

    private static func geometry(_ rings: [[Point]]) -> JSONValue? {
        let polygons = rings.map { ring in
            JSONValue.array([.array(counterclockwise(ring).map(position))])
        }
        guard let first = polygons.first else { return nil }
        return polygons.count == 1
            ? ["type": "Polygon", "coordinates": first]
            : ["type": "MultiPolygon", "coordinates": .array(polygons)]
    }

    private static func position(_ point: Point) -> JSONValue {
        func rounded(_ degrees: Double) -> JSONValue {
            .number(JSONNumber((degrees * 1e6).rounded() / 1e6))
        }
        return [rounded(point.longitude), rounded(point.latitude)]
    }

    /// Outer rings of GeoJSON run so (RFC 7946, clause 3.1.6); those of CAP as they like.
    private static func counterclockwise(_ ring: [Point]) -> [Point] {
        var area = 0.0
        for (from, to) in zip(ring, ring.dropFirst()) {
            area += from.longitude * to.latitude - to.longitude * from.latitude
        }
        return area < 0 ? ring.reversed() : ring
    }

    /// Pairs of latitude and longitude with blanks between; at least four, of which the first is the last.
    private static func polygon(_ text: String) throws(RowRefusal) -> [Point] {
        var ring: [Point] = []
        for pair in text.split(whereSeparator: \.isWhitespace) { ring.append(try point(pair)) }
        guard ring.count >= 4, let first = ring.first, let last = ring.last, first == last else {
            throw RowRefusal(
                reason: "A polygon has four pairs or more, and ends where it begins: not "
                    + "`\(text.prefix(80))`."
            )
        }
        return ring
    }

    /// A pair for the middle, a blank, and the radius in kilometres.
    private static func circle(_ text: String) throws(RowRefusal) -> [Point] {
        let parts = text.split(whereSeparator: \.isWhitespace)
        guard parts.count == 2, let radius = Double(parts[1]), radius.isFinite, radius >= 0 else {
            throw RowRefusal(reason: "`\(text.prefix(80))` is not a circle like `7.9,98.3 12`.")
        }
        let middle = try point(parts[0])
        let distance = max(radius, minimumRadius) / earthRadius
        let latitude = middle.latitude * .pi / 180
        guard distance + abs(latitude) < .pi / 2 else {
            throw RowRefusal(reason: "The circle `\(text.prefix(80))` reaches a pole.")
        }
        var ring: [Point] = (0..<circlePoints).map { number in
            let bearing = 2 * Double.pi * Double(number) / Double(circlePoints)
            let sine =
                sin(latitude) * cos(distance) + cos(latitude) * sin(distance) * cos(bearing)
            let turn = atan2(
                sin(bearing) * sin(distance) * cos(latitude),
                cos(distance) - sin(latitude) * sine
            )
            return (asin(sine) * 180 / .pi, middle.longitude + turn * 180 / .pi)
        }
        guard ring.allSatisfy({ abs($0.longitude) <= 180 }) else {
            throw RowRefusal(
                reason: "The circle `\(text.prefix(80))` reaches over the meridian of 180 degrees."
            )
        }
        ring.append(ring[0])
        return ring
    }

    private static func point(_ pair: Substring) throws(RowRefusal) -> Point {
        let parts = pair.split(separator: ",", omittingEmptySubsequences: false)
        guard parts.count == 2, let latitude = Double(parts[0]), let longitude = Double(parts[1]),
            abs(latitude) <= 90, abs(longitude) <= 180
        else {
            throw RowRefusal(
                reason: "`\(pair.prefix(40))` is not a latitude and a longitude like `7.9,98.3`."
            )
        }
        return (latitude, longitude)
    }
}
