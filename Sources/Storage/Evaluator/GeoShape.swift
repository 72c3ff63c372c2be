import ContextModel

/// A geometry split into its segments, with an index of where they are.
struct GeoShape: Sendable {
    /// A polygon: the area that its rings enclose.
    private struct Area {
        /// The range of its segments among all segments.
        var segments: Range<Int>
        var tree: BoxTree
    }

    private static let stepsOfDistance = 40
    private static let stepsOfCrossing = 4

    private var segments: [GeoSegment] = []
    /// The first position of each line, ring and point.
    ///
    /// A component whose lines do not touch another shape is wholly inside or wholly outside it,
    /// so one position decides.
    private var firsts: [Position] = []
    private var areas: [Area] = []
    private let tree: BoxTree

    init(_ geometry: Geometry) {
        var parts = Parts()
        parts.add(geometry)
        segments = parts.segments
        firsts = parts.firsts
        areas = parts.areas.map { range in
            let tree = BoxTree(count: range.count) { parts.segments[range.lowerBound + $0].box }
            return Area(segments: range, tree: tree)
        }
        tree = BoxTree(count: segments.count) { parts.segments[$0].box }
    }

    var positionCount: Int { segments.count }
    /// The number of lines, rings and points.
    var componentCount: Int { firsts.count }
    var hasAreas: Bool { !areas.isEmpty }

    private struct Parts {
        var segments: [GeoSegment] = []
        var firsts: [Position] = []
        var areas: [Range<Int>] = []

        mutating func add(_ geometry: Geometry) {
            switch geometry {
            case .point(let place): add(line: [place])
            case .multiPoint(let places): for place in places { add(line: [place]) }
            case .lineString(let line): add(line: line)
            case .multiLineString(let lines): for line in lines { add(line: line) }
            case .polygon(let rings): add(area: rings)
            case .multiPolygon(let polygons): for rings in polygons { add(area: rings) }
            case .collection(let geometries): for geometry in geometries { add(geometry) }
            }
        }

        private mutating func add(line: [Position]) {
            guard let first = line.first else { return }
            firsts.append(first)
            if line.count == 1 { segments.append(GeoSegment(start: first, end: first)) }
            segments += zip(line, line.dropFirst()).map { GeoSegment(start: $0, end: $1) }
        }

        private mutating func add(area rings: [[Position]]) {
            let start = segments.count
            for ring in rings { add(line: ring) }
            areas.append(start..<segments.count)
        }
    }
}

// MARK: - Distance

extension GeoShape {
    /// The distance in metres: zero when the shapes touch, infinite when it exceeds `most` or one
    /// of them is empty.
    ///
    /// Any distance of at most `enough` may be returned in place of a smaller one.
    func meters(
        to other: GeoShape,
        atMost most: Double = .infinity,
        enough: Double = 0,
        within budget: DecisionBudget? = nil
    ) -> Double {
        if touches(other, budget) { return 0 }
        let least = meters(fromCornersOf: other, most, enough, budget)
        return min(least, other.meters(fromCornersOf: self, min(least, most), enough, budget))
    }

    /// The distance to a segment; infinite when it exceeds `most`.
    private func meters(
        fromCornersOf other: GeoShape,
        _ most: Double,
        _ enough: Double,
        _ budget: DecisionBudget?
    ) -> Double {
        var least = most.nextUp
        for segment in other.segments {
            guard least > enough, budget?.allows(Self.stepsOfDistance) ?? true else { break }
            search(from: segment.start, &least, budget)
            if !segment.isPoint { search(from: segment.end, &least, budget) }
        }
        return least <= most ? least : .infinity
    }

    private func search(from place: Position, _ least: inout Double, _ budget: DecisionBudget?) {
        let box = GeoBox(place)
        var reach = box.widened(byMeters: least)
        tree.visit(within: budget, where: { box in reach.contains { $0.intersects(box) } }) { run in
            guard budget?.allows(run.count * Self.stepsOfDistance) ?? true else { return false }
            let nearest = segments[run].reduce(.infinity) { min($0, $1.meters(from: place)) }
            if nearest < least {
                least = nearest
                reach = box.widened(byMeters: least)
            }
            return true
        }
    }
}

// MARK: - Touching and crossing

extension GeoShape {
    /// Whether the shapes have a point in common.
    private func touches(_ other: GeoShape, _ budget: DecisionBudget?) -> Bool {
        other.firsts.contains { holds($0, budget) }
            || firsts.contains { other.holds($0, budget) }
            || crossings(with: other, atMost: 1, within: budget) > 0
    }

    /// Whether the position is inside a polygon, decided by counting the edges to its east.
    private func holds(_ place: Position, _ budget: DecisionBudget?) -> Bool {
        areas.contains { area in
            var isInside = false
            area.tree.visit(within: budget, where: { $0.mayBeEast(of: place) }) { run in
                for index in run where segments[area.segments.lowerBound + index].isEast(of: place)
                { isInside.toggle() }
                return budget?.allows(run.count) ?? true
            }
            return isInside
        }
    }

    /// The number of points where the lines of the two shapes meet, counted up to `most`.
    func crossings(with other: GeoShape, atMost most: Int, within budget: DecisionBudget?) -> Int {
        if segments.count > other.segments.count {
            return other.crossings(with: self, atMost: most, within: budget)
        }
        var count = 0
        for segment in segments where count < most {
            other.visit(near: segment, budget) { _, found in
                if GeoSegment.meet(segment, found) { count += 1 }
                return count < most
            }
        }
        return count
    }

    /// The number of points where its own lines meet, neighbouring segments left out, counted up
    /// to `most`.
    func crossingsOfItself(atMost most: Int, within budget: DecisionBudget?) -> Int {
        var count = 0
        for (index, segment) in segments.enumerated() where count < most && !segment.isPoint {
            visit(near: segment, budget) { other, found in
                if other > index + 1, !found.isPoint, GeoSegment.meet(segment, found) { count += 1 }
                return count < most
            }
        }
        return count
    }

    /// Calls `body` with each segment whose box intersects the box of the given segment.
    private func visit(
        near segment: GeoSegment,
        _ budget: DecisionBudget?,
        _ body: (Int, GeoSegment) -> Bool
    ) {
        let box = segment.box
        tree.visit(within: budget, where: box.intersects) { run in
            guard budget?.allows(run.count * Self.stepsOfCrossing) ?? true else { return false }
            return run.allSatisfy { !box.intersects(segments[$0].box) || body($0, segments[$0]) }
        }
    }
}

extension GeoBox {
    /// Whether a segment in the box may be to the east of the position.
    fileprivate func mayBeEast(of place: Position) -> Bool {
        south <= place.latitudeDegrees && place.latitudeDegrees <= north
            && east >= place.longitudeDegrees
    }
}
