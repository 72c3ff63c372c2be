import ContextModel
import Testing

@testable import Storage

/// Geometries of many positions.
@Suite struct GeoShapeTests {
    private static func place(_ longitude: Double, _ latitude: Double) -> Position {
        Position(longitudeDegrees: longitude, latitudeDegrees: latitude)
    }

    /// A circle around 100° east and 10° north of this many corners; every other corner may be
    /// nearer.
    private static func ring(
        _ count: Int,
        _ radiusDegrees: Double,
        inner: Double = 1,
        step: Int = 1
    ) -> [Position] {
        let ring = (0..<count).map { number in
            let radians = Double(number * step % count) / Double(count) * 2 * .pi
            let radius = radiusDegrees * (number.isMultiple(of: 2) ? 1 : inner)
            return place(
                100 + radius * Geodesy.cosine(radians),
                10 + radius * Geodesy.sine(radians)
            )
        }
        return ring + [ring[0]]
    }

    private static func line(_ count: Int, from longitude: Double = 103) -> Geometry {
        .lineString(
            (0..<count).map {
                place(longitude + Double($0) / Double(count), 10 + Double($0 % 2) / 100)
            }
        )
    }

    @Test func `a long line and a large polygon are compared by their nearby parts`() {
        let budget = DecisionBudget(steps: 20_000_000)
        let meters = GeoShape(Self.line(1_000)).meters(
            to: GeoShape(.polygon([Self.ring(20_000, 1)])),
            within: budget
        )
        #expect(!budget.isSpent)
        let exact = Geodesy.meters(from: Self.place(103, 10), to: Self.place(101, 10))
        #expect(abs(meters - exact) < 1)
        let near = DecisionBudget(steps: 1_500_000)
        let far = GeoShape(Self.line(1_000)).meters(
            to: GeoShape(.polygon([Self.ring(20_000, 1)])),
            atMost: exact / 2,
            within: near
        )
        #expect(!near.isSpent && far == .infinity)
    }

    @Test func `when all parts are near, measuring ends with its budget`() {
        let middle = Geometry.multiPoint((0..<1_000).map { Self.place(100 + Double($0) / 1e9, 10) })
        let budget = DecisionBudget(steps: 1_000_000)
        _ = GeoShape(middle).meters(
            to: GeoShape(.lineString(Self.ring(2_000, 1))),
            within: budget
        )
        #expect(budget.isSpent)
    }

    @Test func `shapes that touch or contain each other have distance zero`() {
        let outer = GeoShape(.polygon([Self.ring(2_000, 1)]))
        #expect(outer.meters(to: GeoShape(.polygon([Self.ring(500, 0.5)]))) == 0)
        #expect(GeoShape(.polygon([Self.ring(500, 0.5)])).meters(to: outer) == 0)
        let across = Geometry.lineString([Self.place(98, 10), Self.place(102, 10.1)])
        #expect(GeoShape(across).meters(to: outer) == 0)
        let withHole = GeoShape(.polygon([Self.ring(2_000, 1), Self.ring(1_000, 0.9)]))
        #expect(withHole.meters(to: GeoShape(.point(Self.place(100, 10)))) > 50_000)
        #expect(GeoShape(.multiPoint([])).meters(to: outer) == .infinity)
    }

    /// The distance, computed from every pair of lines and places.
    private static func slowMeters(_ a: Geometry, _ b: Geometry) -> Double {
        func parts(_ geometry: Geometry) -> [GeoShape] {
            switch geometry {
            case .point, .multiPoint:
                geometry.positions.map { GeoShape(.point($0)) }
            default:
                zip(geometry.positions, geometry.positions.dropFirst())
                    .map { GeoShape(.lineString([$0, $1])) }
            }
        }
        let others = parts(b)
        return parts(a).flatMap { part in others.map { part.meters(to: $0) } }.min() ?? .infinity
    }

    @Test func `the distance is that of the closest parts`() {
        var dice = SeededDice(5)
        for _ in 0..<200 {
            func geometry() -> Geometry {
                let isAtEdge = Bool.random(using: &dice)
                let places = (0..<Int.random(in: 2...40, using: &dice)).map { _ in
                    let longitude = Double.random(in: -5...5, using: &dice)
                    return Self.place(
                        isAtEdge ? (longitude < 0 ? longitude + 180 : longitude - 180) : longitude,
                        .random(in: -80...80, using: &dice)
                    )
                }
                return Bool.random(using: &dice) ? .lineString(places) : .multiPoint(places)
            }
            let (a, b) = (geometry(), geometry())
            let (slow, meters) = (Self.slowMeters(a, b), GeoShape(a).meters(to: GeoShape(b)))
            #expect(abs(meters - slow) < 0.001, "\(a) \(b)")
            let most = slow * Double.random(in: 0.5...1.5, using: &dice)
            let bounded = GeoShape(a).meters(to: GeoShape(b), atMost: most, enough: most)
            #expect((bounded <= most) == (slow <= most), "\(a) \(b)")
        }
    }

    @Test func `points where lines meet are counted`() {
        let star = GeoShape(.lineString(Self.ring(101, 1, step: 50)))
        #expect(star.crossingsOfItself(atMost: 100_000, within: nil) == 101 * 98 / 2 + 1)
        #expect(star.crossingsOfItself(atMost: 50, within: nil) == 50)
        let circle = GeoShape(.polygon([Self.ring(10_000, 1)]))
        #expect(circle.crossingsOfItself(atMost: 100_000, within: nil) <= 1)
        let zigzag = GeoShape(.lineString(Self.ring(1_000, 1.1, inner: 0.8)))
        #expect(circle.crossings(with: zigzag, atMost: 100_000, within: nil) >= 990)
        #expect(circle.crossings(with: zigzag, atMost: 10, within: nil) == 10)
    }

    private static func json(_ ring: [Position]) -> JSONValue {
        .array(
            ring.map {
                [.number(JSONNumber($0.longitudeDegrees)), .number(JSONNumber($0.latitudeDegrees))]
            }
        )
    }

    @Test(arguments: [GeoTest.Relation.equals, .within, .contains, .intersects, .overlaps])
    func `GEOS is not asked about lines that meet too often`(_ relation: GeoTest.Relation) {
        let star = Self.ring(2_001, 1, step: 1_000)
        let condition = PreparedCondition(
            .geometry(
                GeoTest(
                    relation: relation,
                    reference: .polygon([Self.ring(1_001, 1.01, step: 500)]),
                    attribute: .location
                )
            )
        )
        let value: JSONValue = ["type": "Polygon", "coordinates": [Self.json(star)]]
        let entity = Entity(
            id: EntityID("urn:x"),
            types: [],
            attributes: [
                NamedAttribute(
                    name: .location,
                    instances: [Attribute(kind: .geoProperty, value: value)]
                )
            ]
        )
        let budget = DecisionBudget { true }
        #expect(!condition.matches(entity, within: budget))
        #expect(budget.isSpent)
        #expect(!condition.matches(entity))
    }

    @Test func `relations of large geometries that rarely meet are decided`() {
        let ring = Self.json(Self.ring(20_000, 1))
        let entity = Entity(
            id: EntityID("urn:x"),
            types: [],
            attributes: [
                NamedAttribute(
                    name: .location,
                    instances: [
                        Attribute(
                            kind: .geoProperty,
                            value: ["type": "Polygon", "coordinates": [ring]]
                        )
                    ]
                )
            ]
        )
        func holds(_ relation: GeoTest.Relation, _ radius: Double) -> Bool {
            let budget = DecisionBudget(steps: 4_000_000)
            let test = GeoTest(
                relation: relation,
                reference: .polygon([Self.ring(500, radius)]),
                attribute: .location
            )
            defer { #expect(!budget.isSpent) }
            return PreparedCondition(.geometry(test)).matches(entity, within: budget)
        }
        #expect(holds(.within, 1.1) && !holds(.within, 0.9))
        #expect(holds(.contains, 0.9) && holds(.intersects, 1.1) && !holds(.overlaps, 1.1))
    }
}
