package import ContextModel
import Glibc

/// Distances on the Earth, taken as a sphere.
package enum Geodesy {
    /// The mean radius of the Earth (IUGG R1).
    package static let radiusMeters = 6_371_008.8

    static func sine(_ radians: Double) -> Double { sin(radians) }
    static func cosine(_ radians: Double) -> Double { cos(radians) }
    static func arcSine(_ value: Double) -> Double { asin(value) }

    /// The great-circle distance, by the haversine formula.
    package static func meters(from a: Position, to b: Position) -> Double {
        let radians = Double.pi / 180
        let (latitudeA, latitudeB) = (a.latitudeDegrees * radians, b.latitudeDegrees * radians)
        let north = sin((latitudeB - latitudeA) / 2)
        let east = sin((b.longitudeDegrees - a.longitudeDegrees) * radians / 2)
        let square = north * north + cos(latitudeA) * cos(latitudeB) * east * east
        return 2 * radiusMeters * asin(min(1, square.squareRoot()))
    }

    /// The distance between geometries: zero when they share a place, infinite when one is empty.
    ///
    /// Exact between points; to lines and areas it is measured to the closest place, found on a
    /// plane around each corner.
    package static func meters(from a: Geometry, to b: Geometry) -> Double {
        if case .point(let a) = a, case .point(let b) = b { return meters(from: a, to: b) }
        let (a, b) = (Shape(a), Shape(b))
        if a.touches(b) { return 0 }
        return min(a.meters(fromCornersOf: b), b.meters(fromCornersOf: a))
    }
}

/// A geometry taken apart.
private struct Shape {
    var corners: [Position] = []
    var segments: [(Position, Position)] = []
    var areas: [[[Position]]] = []

    init(_ geometry: Geometry) { add(geometry) }

    private mutating func add(_ geometry: Geometry) {
        switch geometry {
        case .point(let position): corners.append(position)
        case .multiPoint(let positions): corners += positions
        case .lineString(let line): add(line: line)
        case .multiLineString(let lines): for line in lines { add(line: line) }
        case .polygon(let rings): add(area: rings)
        case .multiPolygon(let polygons): for rings in polygons { add(area: rings) }
        case .collection(let geometries): for geometry in geometries { add(geometry) }
        }
    }

    private mutating func add(line: [Position]) {
        corners += line
        segments += zip(line, line.dropFirst())
    }

    private mutating func add(area rings: [[Position]]) {
        for ring in rings { add(line: ring) }
        areas.append(rings)
    }

    /// Whether they cross or one holds a corner of the other.
    func touches(_ other: Shape) -> Bool {
        other.corners.contains(where: holds) || corners.contains(where: other.holds)
            || segments.contains { segment in
                other.segments.contains { Self.cross(segment, $0) }
            }
    }

    /// Whether the place is inside an area, by counting the edges to its east.
    private func holds(_ place: Position) -> Bool {
        areas.contains { rings in
            var isInside = false
            for ring in rings {
                for (a, b) in zip(ring, ring.dropFirst())
                where (a.latitudeDegrees > place.latitudeDegrees)
                    != (b.latitudeDegrees > place.latitudeDegrees)
                {
                    let share =
                        (place.latitudeDegrees - a.latitudeDegrees)
                        / (b.latitudeDegrees - a.latitudeDegrees)
                    let longitude =
                        a.longitudeDegrees + share * (b.longitudeDegrees - a.longitudeDegrees)
                    if longitude > place.longitudeDegrees { isInside.toggle() }
                }
            }
            return isInside
        }
    }

    private static func cross(
        _ a: (Position, Position),
        _ b: (Position, Position)
    ) -> Bool {
        side(a, b.0) * side(a, b.1) < 0 && side(b, a.0) * side(b, a.1) < 0
    }

    private static func side(_ line: (Position, Position), _ place: Position) -> Double {
        (line.1.longitudeDegrees - line.0.longitudeDegrees)
            * (place.latitudeDegrees - line.0.latitudeDegrees)
            - (line.1.latitudeDegrees - line.0.latitudeDegrees)
            * (place.longitudeDegrees - line.0.longitudeDegrees)
    }

    func meters(fromCornersOf other: Shape) -> Double {
        var least = Double.infinity
        for place in other.corners {
            for corner in corners { least = min(least, Geodesy.meters(from: place, to: corner)) }
            for segment in segments {
                for turn in [-360.0, 0, 360] {
                    let closest = Self.closest(to: place, turnedBy: turn, on: segment)
                    least = min(least, Geodesy.meters(from: place, to: closest))
                }
            }
        }
        return least
    }

    /// The place of the segment closest to the place, seen from the place so many degrees east.
    private static func closest(
        to place: Position,
        turnedBy turnDegrees: Double,
        on segment: (Position, Position)
    ) -> Position {
        let scale = Geodesy.cosine(place.latitudeDegrees * .pi / 180)
        let (a, b) = segment
        let east = (b.longitudeDegrees - a.longitudeDegrees) * scale
        let north = b.latitudeDegrees - a.latitudeDegrees
        let length = east * east + north * north
        guard length > 0 else { return a }
        let toEast = (place.longitudeDegrees + turnDegrees - a.longitudeDegrees) * scale
        let toNorth = place.latitudeDegrees - a.latitudeDegrees
        let share = max(0, min(1, (toEast * east + toNorth * north) / length))
        return Position(
            longitudeDegrees: a.longitudeDegrees + share
                * (b.longitudeDegrees - a.longitudeDegrees),
            latitudeDegrees: a.latitudeDegrees + share * north
        )
    }
}
