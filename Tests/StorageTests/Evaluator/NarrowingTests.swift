import ContextModel
import Storage
import Testing

struct `Narrowing` {
    struct Seeded: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ (state >> 29)
        }
    }

    static func geometry(_ dice: inout Seeded) -> Geometry {
        func place() -> Position {
            let nearEdge = Bool.random(using: &dice)
            return Position(
                longitudeDegrees: nearEdge
                    ? (Bool.random(using: &dice) ? 1 : -1) * .random(in: 170...180, using: &dice)
                    : .random(in: -180...180, using: &dice),
                latitudeDegrees: .random(in: -90...90, using: &dice)
            )
        }
        switch Int.random(in: 0..<3, using: &dice) {
        case 0: return .point(place())
        case 1: return .lineString([place(), place()])
        default:
            let start = place()
            return .polygon([[start, place(), place(), start]])
        }
    }

    static func json(_ geometry: Geometry) -> JSONValue {
        func list(_ places: [Position]) -> JSONValue {
            .array(
                places.map {
                    .array([
                        .number(JSONNumber($0.longitudeDegrees)),
                        .number(JSONNumber($0.latitudeDegrees)),
                    ])
                }
            )
        }
        let line = list(geometry.positions)
        switch geometry {
        case .point: return ["type": "Point", "coordinates": line.arrayValue?.first ?? .null]
        case .lineString: return ["type": "LineString", "coordinates": line]
        default: return ["type": "Polygon", "coordinates": .array([line])]
        }
    }

    static func condition(_ dice: inout Seeded, depth: Int) -> Condition {
        let number = Int.random(in: 0..<3, using: &dice)
        switch Int.random(in: 0..<(depth > 2 ? 5 : 8), using: &dice) {
        case 0: return .type(IRI("t\(number)"))
        case 1: return .ids([EntityID("e\(number)")])
        case 2: return .attribute(IRI("a\(number)"))
        case 3, 4:
            let relations: [GeoTest.Relation] = [
                .near(minMeters: nil, maxMeters: .random(in: 1...9e6, using: &dice)),
                .intersects, .within, .disjoint,
            ]
            return .geometry(
                GeoTest(
                    relation: relations.randomElement(using: &dice) ?? .within,
                    reference: geometry(&dice),
                    attribute: .location
                )
            )
        case 5: return .not(condition(&dice, depth: depth + 1))
        case 6: return .any((0..<2).map { _ in condition(&dice, depth: depth + 1) })
        default: return .all((0..<2).map { _ in condition(&dice, depth: depth + 1) })
        }
    }

    @Test func `every match is inside the boxes`() throws {
        var dice = Seeded(state: 11)
        var matched = 0
        for _ in 0..<4_000 {
            let place = Self.geometry(&dice)
            let entity = Entity(
                id: EntityID("e\(Int.random(in: 0..<3, using: &dice))"),
                types: [IRI("t\(Int.random(in: 0..<3, using: &dice))")],
                attributes: [
                    NamedAttribute(
                        name: IRI("a\(Int.random(in: 0..<3, using: &dice))"),
                        instances: [Attribute(kind: .property, value: 1)]
                    ),
                    NamedAttribute(
                        name: .location,
                        instances: [Attribute(kind: .geoProperty, value: Self.json(place))]
                    ),
                ]
            )
            let condition = Self.condition(&dice, depth: 0)
            let isMatch = condition.matches(entity)
            #expect(PreparedCondition(condition).matches(entity) == isMatch)
            guard isMatch else { continue }
            matched += 1
            #expect(condition.requiredTypes.map { !$0.isDisjoint(with: entity.types) } ?? true)
            #expect(condition.requiredIDs?.contains(entity.id) ?? true)
            #expect(condition.requiredAttributes.allSatisfy { !entity[$0].isEmpty })
            if let boxes = condition.requiredBoxes?.boxes {
                let box = try #require(GeoBox(place))
                #expect(boxes.contains(where: box.intersects))
            }
        }
        #expect(matched > 400)
    }

    @Test func `near the antimeridian and the poles the boxes are complete`() {
        let fiji = GeoBox(west: 179.9, south: -17, east: 179.9, north: -17)
        let boxes = fiji.widened(byMeters: 50_000)
        #expect(boxes.count == 2)
        #expect(
            boxes.contains {
                $0.intersects(GeoBox(west: -179.8, south: -17, east: -179.8, north: -17))
            }
        )
        let pole = GeoBox(west: 0, south: 89.9, east: 0, north: 89.9).widened(byMeters: 50_000)
        #expect(pole.map(\.west) == [-180])
    }
}
