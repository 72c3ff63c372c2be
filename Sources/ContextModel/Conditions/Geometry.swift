/// A GeoJSON geometry (RFC 7946), longitude and latitude in degrees; altitude is dropped.
package indirect enum Geometry: Sendable, Hashable {
    case point(Position)
    case multiPoint([Position])
    case lineString([Position])
    case multiLineString([[Position]])
    case polygon([[Position]])
    case multiPolygon([[[Position]]])
    case collection([Geometry])
}

/// A position on the Earth in degrees.
package struct Position: Sendable, Hashable {
    package var longitudeDegrees: Double
    package var latitudeDegrees: Double

    package init(longitudeDegrees: Double, latitudeDegrees: Double) {
        self.longitudeDegrees = longitudeDegrees
        self.latitudeDegrees = latitudeDegrees
    }
}
