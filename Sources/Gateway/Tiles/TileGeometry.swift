import ContextModel

/// A geometry in the units of a tile, cut at its rim, as commands (Vector Tile Specification 2.1 clause 4.3).
struct TileGeometry {
    typealias Point = TilePoint

    /// The units around a tile in which geometries are kept, so that lines do not end at its edge.
    static let margin = 64.0

    /// The kinds of geometries (clause 4.3.4).
    enum Kind: UInt64 { case point = 1, line, polygon }

    private(set) var kind: Kind
    private(set) var commands: [UInt32] = []
    private var pen: (x: Int32, y: Int32) = (0, 0)

    /// Returns nil when nothing of the geometry is in the tile; of a collection the first part counts that is.
    init?(_ geometry: Geometry, in tile: TilePlace) {
        func place(_ positions: [Position]) -> [Point] {
            positions.map {
                tile.point(longitude: $0.longitudeDegrees, latitude: $0.latitudeDegrees)
            }
        }
        kind = .point
        switch geometry {
        case .point(let position): addPoints(place([position]))
        case .multiPoint(let positions): addPoints(place(positions))
        case .lineString(let line): addLines([place(line)])
        case .multiLineString(let lines): addLines(lines.map(place))
        case .polygon(let rings): addPolygons([rings.map(place)])
        case .multiPolygon(let polygons): addPolygons(polygons.map { $0.map(place) })
        case .collection(let parts):
            guard let first = parts.lazy.compactMap({ TileGeometry($0, in: tile) }).first else {
                return nil
            }
            self = first
        }
        if commands.isEmpty { return nil }
    }

    /// A single point.
    init(_ point: Point) {
        kind = .point
        addPoints([point])
    }

    // MARK: Commands

    private mutating func addPoints(_ points: [Point]) {
        let inside = points.filter { Self.range.contains($0.x) && Self.range.contains($0.y) }
        guard !inside.isEmpty else { return }
        command(1, inside.count)
        for point in inside { go(to: Self.rounded(point)) }
    }

    private mutating func addLines(_ lines: [[Point]]) {
        kind = .line
        for line in lines {
            for part in Self.cut(line) { add(Self.distinct(part), closes: false) }
        }
    }

    private mutating func addPolygons(_ polygons: [[[Point]]]) {
        kind = .polygon
        for rings in polygons {
            for (place, ring) in rings.enumerated() {
                var corners = Self.distinct(Self.cutRing(Array(ring.dropLast())))
                if corners.count > 1, corners[0] == corners[corners.count - 1] {
                    corners.removeLast()
                }
                let area = Self.doubledArea(corners)
                guard corners.count > 2, area != 0 else {
                    // Without its outer ring a polygon has no holes.
                    if place == 0 { break }
                    continue
                }
                // An outer ring goes clockwise on the screen, a hole the other way.
                if (area > 0) != (place == 0) { corners.reverse() }
                add(corners, closes: true)
            }
        }
    }

    private mutating func add(_ points: [Unit], closes: Bool) {
        guard points.count > 1 else { return }
        command(1, 1)
        go(to: points[0])
        command(2, points.count - 1)
        for point in points.dropFirst() { go(to: point) }
        if closes { command(7, 1) }
    }

    private mutating func command(_ id: UInt32, _ count: Int) {
        commands.append(id | UInt32(count) << 3)
    }

    private mutating func go(to point: Unit) {
        commands.append(ProtobufWriter.zigzag(point.x - pen.x))
        commands.append(ProtobufWriter.zigzag(point.y - pen.y))
        pen = (point.x, point.y)
    }

    // MARK: Cutting

    private struct Unit: Equatable {
        var x: Int32
        var y: Int32
    }

    private static let range = -margin...TilePlace.extent + margin

    private static func rounded(_ point: Point) -> Unit {
        Unit(x: Int32(point.x.rounded()), y: Int32(point.y.rounded()))
    }

    /// The points in whole units, without repetitions.
    private static func distinct(_ points: [Point]) -> [Unit] {
        points.reduce(into: []) { units, point in
            let unit = rounded(point)
            if units.last != unit { units.append(unit) }
        }
    }

    private static func doubledArea(_ points: [Unit]) -> Int64 {
        guard var last = points.last else { return 0 }
        return points.reduce(0) { area, point in
            defer { last = point }
            return area + Int64(last.x) * Int64(point.y) - Int64(point.x) * Int64(last.y)
        }
    }

    /// The parts of a line inside the rim (Liang and Barsky's algorithm, for each piece).
    private static func cut(_ line: [Point]) -> [[Point]] {
        var parts: [[Point]] = []
        var open: [Point] = []
        for (from, to) in zip(line, line.dropFirst()) {
            guard let piece = cut(from, to) else {
                if !open.isEmpty { parts.append(open) }
                open = []
                continue
            }
            if let last = open.last, last == piece.from {
                open.append(piece.to)
            } else {
                if !open.isEmpty { parts.append(open) }
                open = [piece.from, piece.to]
            }
        }
        if !open.isEmpty { parts.append(open) }
        return parts
    }

    private static func cut(_ from: Point, _ to: Point) -> (from: Point, to: Point)? {
        var (enter, leave) = (0.0, 1.0)
        let (width, height) = (to.x - from.x, to.y - from.y)
        for (step, distance) in [
            (-width, from.x - range.lowerBound), (width, range.upperBound - from.x),
            (-height, from.y - range.lowerBound), (height, range.upperBound - from.y),
        ] {
            if step == 0 {
                if distance < 0 { return nil }
            } else if step < 0 {
                enter = max(enter, distance / step)
            } else {
                leave = min(leave, distance / step)
            }
        }
        guard enter <= leave else { return nil }
        func point(_ part: Double) -> Point {
            Point(x: from.x + part * width, y: from.y + part * height)
        }
        return (enter == 0 ? from : point(enter), leave == 1 ? to : point(leave))
    }

    /// The ring inside the rim (Sutherland and Hodgman's algorithm).
    private static func cutRing(_ ring: [Point]) -> [Point] {
        var points = ring
        let sides: [(isIn: (Point) -> Bool, at: (Point, Point) -> Point)] = [
            ({ $0.x >= range.lowerBound }, { meet($0, $1, x: range.lowerBound) }),
            ({ $0.x <= range.upperBound }, { meet($0, $1, x: range.upperBound) }),
            ({ $0.y >= range.lowerBound }, { meet($0, $1, y: range.lowerBound) }),
            ({ $0.y <= range.upperBound }, { meet($0, $1, y: range.upperBound) }),
        ]
        for side in sides {
            guard var last = points.last else { return [] }
            var kept: [Point] = []
            for point in points {
                if side.isIn(point) != side.isIn(last) { kept.append(side.at(last, point)) }
                if side.isIn(point) { kept.append(point) }
                last = point
            }
            points = kept
        }
        return points
    }

    private static func meet(_ a: Point, _ b: Point, x: Double) -> Point {
        Point(x: x, y: a.y + (b.y - a.y) * (x - a.x) / (b.x - a.x))
    }

    private static func meet(_ a: Point, _ b: Point, y: Double) -> Point {
        Point(x: a.x + (b.x - a.x) * (y - a.y) / (b.y - a.y), y: y)
    }
}
