package import ContextModel
import Glibc

/// Distances on the Earth, which is taken to be a sphere.
package enum Geodesy {
    /// The mean radius of the Earth in metres (IUGG R1).
    package static let radiusMeters = 6_371_008.8

    static func sine(_ radians: Double) -> Double { sin(radians) }
    static func cosine(_ radians: Double) -> Double { cos(radians) }
    static func arcSine(_ value: Double) -> Double { asin(value) }

    /// The great-circle distance in metres, by the haversine formula.
    package static func meters(from a: Position, to b: Position) -> Double {
        let radians = Double.pi / 180
        let (latitudeA, latitudeB) = (a.latitudeDegrees * radians, b.latitudeDegrees * radians)
        let north = sin((latitudeB - latitudeA) / 2)
        let east = sin((b.longitudeDegrees - a.longitudeDegrees) * radians / 2)
        let square = north * north + cos(latitudeA) * cos(latitudeB) * east * east
        return 2 * radiusMeters * asin(min(1, square.squareRoot()))
    }

    /// The distance between geometries in metres: zero when they touch, infinite when one is
    /// empty.
    ///
    /// The distance between points is exact. The distance to lines and areas is measured to the
    /// closest point, which is found on a plane around each corner.
    package static func meters(from a: Geometry, to b: Geometry) -> Double {
        if case .point(let a) = a, case .point(let b) = b { return meters(from: a, to: b) }
        return GeoShape(a).meters(to: GeoShape(b))
    }
}
