import ContextModel
import Synchronization

/// A geo-query (clause 4.10) whose reference geometry is prepared for many targets.
struct PreparedGeoTest: Sendable {
    private let test: GeoTest
    private let box: GeoBox?
    /// Boxes that contain every match of `near`; nil when a match can be anywhere.
    private let nearBoxes: [GeoBox]?
    private let rectangle: GeoBox?
    private let shape: GeoShape
    private let planar: PlanarReference?
    private let crossings = Crossings()

    /// The steps for reading a position and building it for GEOS.
    private static let stepsOfPosition = 20
    /// The steps for a point where lines meet.
    private static let stepsOfCrossing = 1_000
    /// The most points where lines may meet in geometries that GEOS compares.
    ///
    /// GEOS cannot be interrupted, and each such point takes it up to ten microseconds.
    static let maximumCrossings = 50_000

    init(_ test: GeoTest) {
        self.test = test
        box = GeoBox(test.reference)
        rectangle = test.reference.rectangle
        nearBoxes = test.possibleBoxes
        shape = GeoShape(test.reference)
        if case .near = test.relation {
            planar = nil
        } else {
            planar = PlanarReference(test.reference)
        }
    }

    /// The number of times the lines of the reference cross each other, counted at the first
    /// question.
    private final class Crossings: Sendable {
        private let known = Mutex<Int?>(nil)

        /// Stops counting above the limit for GEOS, and when the budget is spent.
        func count(of shape: GeoShape, within budget: DecisionBudget?) -> Int {
            if let known = known.withLock({ $0 }) { return known }
            let count = shape.crossingsOfItself(atMost: maximumCrossings, within: budget)
            if budget?.isSpent != true { known.withLock { $0 = count } }
            return count
        }
    }

    var attribute: IRI { test.attribute }

    func matches(_ entity: Entity, _ budget: DecisionBudget?) -> Bool {
        entity[test.attribute].contains { instance in
            guard instance.kind == .geoProperty,
                budget?.allows(instance.value.positionCount * Self.stepsOfPosition) ?? true,
                let geometry = try? Geometry(geoJSON: instance.value)
            else { return false }
            return matches(geometry, budget)
        }
    }

    private func matches(_ target: Geometry, _ budget: DecisionBudget?) -> Bool {
        guard let targetBox = GeoBox(target), let box else { return false }
        if let nearBoxes, !nearBoxes.contains(where: targetBox.intersects) { return false }
        if case .near(let minMeters, let maxMeters) = test.relation {
            let meters = meters(to: target, atMost: maxMeters, moreThan: minMeters, budget)
            return meters <= maxMeters ?? .infinity && meters > minMeters ?? -1
        }
        guard targetBox.intersects(box) else { return test.relation == .disjoint }
        if let answer = quickAnswer(target) { return answer }
        guard mayCompare(target, budget) else { return false }
        return planar?.holds(test.relation, for: target) ?? false
    }

    private func meters(
        to target: Geometry,
        atMost most: Double?,
        moreThan least: Double?,
        _ budget: DecisionBudget?
    ) -> Double {
        if case .point(let a) = test.reference, case .point(let b) = target {
            return Geodesy.meters(from: a, to: b)
        }
        return shape.meters(
            to: GeoShape(target),
            atMost: most ?? .infinity,
            enough: least ?? most ?? 0,
            within: budget
        )
    }

    /// Whether comparing the target is within the limit for GEOS and within the budget.
    private func mayCompare(_ target: Geometry, _ budget: DecisionBudget?) -> Bool {
        if case .point = target { return true }
        let target = GeoShape(target)
        let labels =
            shape.componentCount * target.positionCount
            + target.componentCount * shape.positionCount
        guard budget?.allows(target.positionCount * Self.stepsOfPosition + labels / 2) ?? true
        else { return false }
        var count = shape.crossings(with: target, atMost: Self.maximumCrossings, within: budget)
        if test.relation == .equals || test.relation == .overlaps || shape.hasAreas
            || target.hasAreas
        {
            count += crossings.count(of: shape, within: budget)
            count += target.crossingsOfItself(atMost: Self.maximumCrossings, within: budget)
        }
        guard count < Self.maximumCrossings else {
            budget?.exhaust()
            return false
        }
        return budget?.allows(count * Self.stepsOfCrossing) ?? true
    }

    /// Answers for points against points and boxes without GEOS; nil for anything else.
    private func quickAnswer(_ target: Geometry) -> Bool? {
        // Equality by identity also holds for polygons that cross themselves.
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

extension JSONValue {
    /// How many positions a GeoJSON geometry has, if it is one: known before they are read.
    fileprivate var positionCount: Int {
        switch self {
        case .object(let object):
            (object["coordinates"] ?? object["geometries"])?.positionCount ?? 0
        case .array(let elements):
            switch elements.first {
            // Whatever the others are, they are no more than these.
            case .array(let parts)?:
                if case .array? = parts.first {
                    elements.reduce(0) { $0 + $1.positionCount }
                } else {
                    elements.count
                }
            case .object?: elements.reduce(0) { $0 + $1.positionCount }
            default: 1
            }
        default: 1
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
