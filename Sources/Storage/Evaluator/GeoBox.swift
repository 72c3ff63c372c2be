package import ContextModel

/// A box of longitudes and latitudes in degrees, whose west is never greater than its east.
package struct GeoBox: Sendable, Hashable {
    package var west: Double
    package var south: Double
    package var east: Double
    package var north: Double

    package init(west: Double, south: Double, east: Double, north: Double) {
        self.west = west
        self.south = south
        self.east = east
        self.north = north
    }

    init(_ place: Position) {
        self.init(
            west: place.longitudeDegrees,
            south: place.latitudeDegrees,
            east: place.longitudeDegrees,
            north: place.latitudeDegrees
        )
    }

    /// The smallest box around both boxes.
    func joined(with other: GeoBox) -> GeoBox {
        GeoBox(
            west: min(west, other.west),
            south: min(south, other.south),
            east: max(east, other.east),
            north: max(north, other.north)
        )
    }

    /// The smallest box around the geometry; nil when it has no positions.
    package init?(_ geometry: Geometry) {
        let positions = geometry.positions
        guard let first = positions.first else { return nil }
        self.init(
            west: first.longitudeDegrees,
            south: first.latitudeDegrees,
            east: first.longitudeDegrees,
            north: first.latitudeDegrees
        )
        for position in positions {
            west = min(west, position.longitudeDegrees)
            east = max(east, position.longitudeDegrees)
            south = min(south, position.latitudeDegrees)
            north = max(north, position.latitudeDegrees)
        }
    }

    /// Whether the boxes have a point in common, an edge included.
    package func intersects(_ other: GeoBox) -> Bool {
        west <= other.east && other.west <= east && south <= other.north && other.south <= north
    }

    /// Boxes that together contain every point within `meters` of this box.
    ///
    /// There are two when they span the antimeridian. They have all longitudes when they reach a
    /// pole.
    package func widened(byMeters meters: Double) -> [GeoBox] {
        let angle = meters / Geodesy.radiusMeters * (1 + 1e-9) + 1e-12
        let degrees = angle * 180 / .pi
        let wideSouth = max(south - degrees, -90)
        let wideNorth = min(north + degrees, 90)
        let whole = GeoBox(west: -180, south: wideSouth, east: 180, north: wideNorth)
        guard wideSouth > -90, wideNorth < 90, angle < .pi / 2 else { return [whole] }
        let steepest = max(abs(south), abs(north)) * .pi / 180
        let sine = Geodesy.sine(angle) / Geodesy.cosine(steepest)
        guard sine < 1 else { return [whole] }
        let widening = Geodesy.arcSine(sine) * 180 / .pi + 1e-9
        let (left, right) = (west - widening, east + widening)
        guard right - left < 360 else { return [whole] }
        let middle = GeoBox(
            west: max(left, -180),
            south: wideSouth,
            east: min(right, 180),
            north: wideNorth
        )
        // -180 and 180 are the same meridian, so a box at one also touches the other.
        if left <= -180 {
            return [
                middle,
                GeoBox(west: min(left + 360, 180), south: wideSouth, east: 180, north: wideNorth),
            ]
        }
        if right >= 180 {
            return [
                middle,
                GeoBox(
                    west: -180,
                    south: wideSouth,
                    east: max(right - 360, -180),
                    north: wideNorth
                ),
            ]
        }
        return [middle]
    }
}
