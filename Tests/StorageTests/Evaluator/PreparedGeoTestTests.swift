import ContextModel
import Storage
import Testing

struct `Deciding geo-queries` {
    static func place(_ longitude: Double, _ latitude: Double) -> Position {
        Position(longitudeDegrees: longitude, latitudeDegrees: latitude)
    }

    static func box(_ west: Double, _ south: Double, _ east: Double, _ north: Double) -> Geometry {
        .polygon([
            [
                place(west, south), place(east, south), place(east, north), place(west, north),
                place(west, south),
            ]
        ])
    }

    static func entity(_ geoJSON: JSONValue) -> Entity {
        Entity(
            id: EntityID("urn:x:1"),
            types: [],
            attributes: [
                NamedAttribute(
                    name: .location,
                    instances: [Attribute(kind: .geoProperty, value: geoJSON)]
                )
            ]
        )
    }

    static func holds(
        _ relation: GeoTest.Relation,
        _ reference: Geometry,
        _ geoJSON: JSONValue
    ) -> Bool {
        Condition.geometry(
            GeoTest(relation: relation, reference: reference, attribute: .location)
        ).matches(entity(geoJSON))
    }

    static func point(_ longitude: Double, _ latitude: Double) -> JSONValue {
        [
            "type": "Point",
            "coordinates": [
                .number(JSONNumber(longitude)), .number(JSONNumber(latitude)),
            ],
        ]
    }

    static let square: JSONValue = [
        "type": "Polygon", "coordinates": [[[1, 1], [3, 1], [3, 3], [1, 3], [1, 1]]],
    ]
    static let bowTie: JSONValue = [
        "type": "Polygon", "coordinates": [[[0, 0], [4, 4], [4, 0], [0, 4], [0, 0]]],
    ]

    /// A line of this many positions, up and down in a strip of the height.
    static func zigzag(_ count: Int, _ height: Double) -> [Position] {
        (0..<count).map { place(Double($0) / Double(count), $0.isMultiple(of: 2) ? 0 : height) }
    }

    @Test func `how often a reference crosses itself is counted once, and within the budget`() {
        let line = Self.zigzag(500, 1) + Self.zigzag(500, 1).reversed()
        let test = GeoTest(
            relation: .overlaps,
            reference: .lineString(line),
            attribute: .location
        )
        let condition = PreparedCondition(.geometry(test))
        let entity = Self.entity([
            "type": "LineString", "coordinates": [[0.1, 0.1], [0.2, 0.2], [0.3, 0.1]],
        ])
        let little = DecisionBudget(steps: 20_000)
        #expect(!condition.matches(entity, within: little) && little.isSpent)
        let first = DecisionBudget(steps: .max / 2)
        _ = condition.matches(entity, within: first)
        let second = DecisionBudget(steps: .max / 2)
        _ = condition.matches(entity, within: second)
        #expect(first.steps > second.steps + 10_000)
    }

    @Test(arguments: ["LineString", "MultiPoint", "Polygon", "MultiPolygon"])
    func `a stored geometry is not read when its positions are beyond the budget`(type: String) {
        let line = JSONValue.array((0..<10_000).map { [.number(JSONNumber($0 % 90)), 0] })
        let coordinates: JSONValue =
            switch type {
            case "Polygon": [line]
            case "MultiPolygon": [[line], [line]]
            default: line
            }
        let collection: JSONValue = [
            "type": "GeometryCollection",
            "geometries": [["type": .string(type), "coordinates": coordinates]],
        ]
        let test = GeoTest(
            relation: .near(minMeters: nil, maxMeters: 1),
            reference: .point(Self.place(0, 0)),
            attribute: .location
        )
        for value in [["type": .string(type), "coordinates": coordinates], collection] {
            let budget = DecisionBudget(steps: 10_000)
            _ = PreparedCondition(.geometry(test)).matches(Self.entity(value), within: budget)
            #expect(budget.isSpent && budget.steps >= 200_000)
        }
    }

    @Test func `points and boxes agree with the clause`() {
        let box = Self.box(0, 0, 2, 2)
        #expect(Self.holds(.within, box, Self.point(1, 1)))
        #expect(!Self.holds(.within, box, Self.point(0, 1)))
        #expect(Self.holds(.intersects, box, Self.point(0, 1)))
        #expect(Self.holds(.disjoint, box, Self.point(3, 1)))
        #expect(!Self.holds(.disjoint, box, Self.point(1, 1)))
        #expect(Self.holds(.equals, .point(Self.place(1, 1)), Self.point(1, 1)))
    }

    @Test func `areas are compared exactly`() {
        #expect(Self.holds(.overlaps, Self.box(0, 0, 2, 2), Self.square))
        #expect(Self.holds(.within, Self.box(0, 0, 4, 4), Self.square))
        #expect(Self.holds(.contains, Self.box(1.5, 1.5, 2, 2), Self.square))
        #expect(Self.holds(.equals, Self.box(1, 1, 3, 3), Self.square))
        #expect(!Self.holds(.intersects, Self.box(4, 4, 5, 5), Self.square))
        let triangle = Geometry.polygon([
            [Self.place(0, 0), Self.place(4, 0), Self.place(0, 4), Self.place(0, 0)]
        ])
        #expect(Self.holds(.within, triangle, Self.point(1, 1)))
        #expect(!Self.holds(.intersects, triangle, Self.point(3, 3)))
    }

    @Test func `invalid and absent geometries match nothing and cause no error`() {
        let relations: [GeoTest.Relation] = [
            .equals, .within, .contains, .intersects, .disjoint, .overlaps,
        ]
        let unclosed = Geometry.polygon([[Self.place(0, 0), Self.place(9, 9)]])
        for relation in relations {
            #expect(!Self.holds(relation, Self.box(0, 0, 2, 2), .null))
            #expect(!Self.holds(relation, Self.box(0, 0, 2, 2), ["type": "Point"]))
            _ = Self.holds(relation, Self.box(0, 0, 2, 2), Self.bowTie)
            #expect(!Self.holds(relation, unclosed, Self.square))
            #expect(!Self.holds(relation, .polygon([]), Self.square))
            #expect(!Self.holds(relation, .collection([unclosed, .polygon([])]), Self.square))
        }
    }

    @Test func `near measures metres on the sphere`() {
        let here = Geometry.point(Self.place(8, 40))
        // A degree of latitude is 111,195.08 m on this sphere.
        #expect(Self.holds(.near(minMeters: nil, maxMeters: 111_196), here, Self.point(8, 41)))
        #expect(!Self.holds(.near(minMeters: nil, maxMeters: 111_195), here, Self.point(8, 41)))
        #expect(Self.holds(.near(minMeters: 111_195, maxMeters: nil), here, Self.point(8, 41)))
        let edge = Geometry.point(Self.place(179.99, 0))
        #expect(Self.holds(.near(minMeters: nil, maxMeters: 3_000), edge, Self.point(-179.99, 0)))
        let inside = Geometry.point(Self.place(2, 2))
        #expect(Self.holds(.near(minMeters: nil, maxMeters: 1), inside, Self.square))
        let outside = Geometry.point(Self.place(2, 0))
        #expect(!Self.holds(.near(minMeters: nil, maxMeters: 111_000), outside, Self.square))
        #expect(Self.holds(.near(minMeters: nil, maxMeters: 111_300), outside, Self.square))
    }
}
