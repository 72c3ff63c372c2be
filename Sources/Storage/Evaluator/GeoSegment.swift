import ContextModel

/// A straight segment between two neighbouring positions of a geometry; a single point is a
/// segment of length zero.
struct GeoSegment: Sendable {
    var start: Position
    var end: Position

    var isPoint: Bool { start == end }
    var box: GeoBox { GeoBox(start).joined(with: GeoBox(end)) }

    func meters(from place: Position) -> Double {
        let toStart = Geodesy.meters(from: place, to: start)
        if isPoint { return toStart }
        var least = min(toStart, Geodesy.meters(from: place, to: end))
        for turn in [-360.0, 0, 360] {
            let closest = closest(to: place, turnedBy: turn)
            least = min(least, Geodesy.meters(from: place, to: closest))
        }
        return least
    }

    /// The point of the segment closest to `place`, with the segment turned by some degrees of
    /// longitude.
    private func closest(to place: Position, turnedBy turnDegrees: Double) -> Position {
        let scale = Geodesy.cosine(place.latitudeDegrees * .pi / 180)
        let east = (end.longitudeDegrees - start.longitudeDegrees) * scale
        let north = end.latitudeDegrees - start.latitudeDegrees
        let length = east * east + north * north
        guard length > 0 else { return start }
        let toEast = (place.longitudeDegrees + turnDegrees - start.longitudeDegrees) * scale
        let toNorth = place.latitudeDegrees - start.latitudeDegrees
        let share = max(0, min(1, (toEast * east + toNorth * north) / length))
        return Position(
            longitudeDegrees: start.longitudeDegrees + share
                * (end.longitudeDegrees - start.longitudeDegrees),
            latitudeDegrees: start.latitudeDegrees + share * north
        )
    }

    /// Whether the segment is an edge that a ray from `place` to the east crosses.
    func isEast(of place: Position) -> Bool {
        guard
            (start.latitudeDegrees > place.latitudeDegrees)
                != (end.latitudeDegrees > place.latitudeDegrees)
        else { return false }
        let share =
            (place.latitudeDegrees - start.latitudeDegrees)
            / (end.latitudeDegrees - start.latitudeDegrees)
        let longitude =
            start.longitudeDegrees + share * (end.longitudeDegrees - start.longitudeDegrees)
        return longitude > place.longitudeDegrees
    }

    /// Whether two segments whose boxes intersect have a point in common.
    static func meet(_ a: GeoSegment, _ b: GeoSegment) -> Bool {
        a.side(b.start) * a.side(b.end) <= 0 && b.side(a.start) * b.side(a.end) <= 0
    }

    private func side(_ place: Position) -> Double {
        (end.longitudeDegrees - start.longitudeDegrees)
            * (place.latitudeDegrees - start.latitudeDegrees)
            - (end.latitudeDegrees - start.latitudeDegrees)
            * (place.longitudeDegrees - start.longitudeDegrees)
    }
}
