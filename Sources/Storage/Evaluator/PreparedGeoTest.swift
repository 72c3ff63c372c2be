import ContextModel

/// A geo-query (clause 4.10) whose reference is ready for many targets.
struct PreparedGeoTest: Sendable {
    private let test: GeoTest
    private let box: GeoBox?
    /// Where a match of `near` can be at all; `nil` when anywhere.
    private let nearBoxes: [GeoBox]?
    private let rectangle: GeoBox?
    private let planar: PlanarReference?

    init(_ test: GeoTest) {
        self.test = test
        box = GeoBox(test.reference)
        rectangle = test.reference.rectangle
        nearBoxes = test.possibleBoxes
        if case .near = test.relation {
            planar = nil
        } else {
            planar = PlanarReference(test.reference)
        }
    }

    func matches(_ entity: Entity) -> Bool {
        entity[test.attribute].contains { instance in
            guard instance.kind == .geoProperty,
                let geometry = try? Geometry(geoJSON: instance.value)
            else { return false }
            return matches(geometry)
        }
    }

    func matches(_ target: Geometry) -> Bool {
        guard let targetBox = GeoBox(target), let box else { return false }
        if let nearBoxes, !nearBoxes.contains(where: targetBox.intersects) { return false }
        if case .near(let minMeters, let maxMeters) = test.relation {
            let meters = Geodesy.meters(from: test.reference, to: target)
            return meters <= maxMeters ?? .infinity && meters > minMeters ?? -1
        }
        guard targetBox.intersects(box) else { return test.relation == .disjoint }
        return quickAnswer(target) ?? planar?.holds(test.relation, for: target) ?? false
    }

    /// Points against points and boxes need no library.
    private func quickAnswer(_ target: Geometry) -> Bool? {
        // Said without a library, this also holds for polygons that cross themselves.
        if test.relation == .equals, target == test.reference { return true }
        guard case .point(let place) = target else { return nil }
        if case .point(let reference) = test.reference {
            switch test.relation {
            case .overlaps, .near: return false
            case .disjoint: return place != reference
            case .equals, .within, .contains, .intersects: return place == reference
            }
        }
        guard let rectangle else { return nil }
        switch test.relation {
        // Their boxes share a place, or this would not have been asked.
        case .intersects: return true
        case .disjoint, .equals, .contains, .overlaps, .near: return false
        case .within:
            return rectangle.west < place.longitudeDegrees
                && place.longitudeDegrees < rectangle.east
                && rectangle.south < place.latitudeDegrees
                && place.latitudeDegrees < rectangle.north
        }
    }
}

extension GeoTest {
    /// Boxes of which each match intersects one; `nil` when a match can be anywhere.
    var possibleBoxes: [GeoBox]? {
        guard let box = GeoBox(reference) else { return [] }
        switch relation {
        case .near(_, let maxMeters?): return box.widened(byMeters: maxMeters)
        case .near(_, nil), .disjoint: return nil
        case .equals, .within, .contains, .intersects, .overlaps: return [box]
        }
    }
}

extension Geometry {
    /// The box, if the geometry is a polygon that is one, with sides along the meridians.
    fileprivate var rectangle: GeoBox? {
        guard case .polygon(let rings) = self, rings.count == 1, rings[0].count == 5,
            rings[0].first == rings[0].last, Set(rings[0]).count == 4, let box = GeoBox(self),
            rings[0].allSatisfy({
                ($0.longitudeDegrees == box.west || $0.longitudeDegrees == box.east)
                    && ($0.latitudeDegrees == box.south || $0.latitudeDegrees == box.north)
            })
        else { return nil }
        // Sides, not diagonals: neighbours share a longitude or a latitude.
        let areSides = zip(rings[0], rings[0].dropFirst()).allSatisfy {
            $0.longitudeDegrees == $1.longitudeDegrees || $0.latitudeDegrees == $1.latitudeDegrees
        }
        return areSides ? box : nil
    }
}
