import ContextModel
import Governance

/// Random entities, and conditions that some of them meet.
enum RandomEntities {
    private static func value(_ dice: inout SeededDice) -> JSONValue {
        let number = Int.random(in: 0..<40, using: &dice)
        switch Int.random(in: 0..<8, using: &dice) {
        case 0: return .string("é\(number)")
        case 1: return .string(String(repeating: "long", count: 80) + "\(number)")
        case 2: return .bool(number % 2 == 0)
        case 3: return .array([.number(JSONNumber(number)), .string("t\(number)")])
        case 4:
            return ["@type": "DateTime", "@value": .string("2024-01-0\(number % 9 + 1)T00:00:00Z")]
        default: return .number(JSONNumber(Double(number) / 2))
        }
    }

    static func entity(_ number: Int, _ dice: inout SeededDice) -> Entity {
        var attributes: [IRI: JSONValue] = [:]
        if Int.random(in: 0..<4, using: &dice) > 0 { attributes[.speed] = value(&dice) }
        if Int.random(in: 0..<4, using: &dice) > 0 { attributes[.label] = value(&dice) }
        if Int.random(in: 0..<2, using: &dice) > 0 {
            let numbers = (0..<2).map { _ in
                JSONValue.number(JSONNumber(Double.random(in: -5...5, using: &dice)))
            }
            attributes[.place] = ["type": "Point", "coordinates": .array(numbers)]
        }
        return Entity("\(number)", number % 3 == 0 ? .sensor : .station, attributes)
    }

    /// Prohibitions that hide nothing, or attributes of a type, in a scope, or of one entity.
    static func prohibitions(_ dice: inout SeededDice) -> [Prohibition] {
        let all: [(Condition, Set<IRI>)] = [
            (.type(.station), [.label]),
            (.scope(ScopePattern(segments: ["A", "#"])), [.speed, .place]),
            (.ids([EntityID("urn:3"), EntityID("urn:a")]), [.speed, .label]),
        ]
        return all.filter { _ in Int.random(in: 0..<3, using: &dice) == 0 }.map {
            Prohibition(assignee: .anyone, target: $0.0, attributes: $0.1)
        }
    }

    private static func operand(_ dice: inout SeededDice) -> Operand {
        let number = Int.random(in: 0..<20, using: &dice)
        switch Int.random(in: 0..<7, using: &dice) {
        case 0: return .string("é\(number)")
        case 1: return .string(String(repeating: "long", count: 80) + "\(number)")
        case 2: return .bool(true)
        case 3: return .range(.number(Double(number)), .number(Double(number + 3)))
        case 4: return .string("t\(number)")
        default: return .number(Double(number))
        }
    }

    static func condition(_ dice: inout SeededDice) -> Condition {
        let name = Bool.random(using: &dice) ? IRI.speed : .label
        let comparison: Comparison =
            switch Int.random(in: 0..<6, using: &dice) {
            case 0: .less(operand(&dice))
            case 1: .greater(operand(&dice))
            case 2: .lessOrEqual(operand(&dice))
            case 3: .unequal([operand(&dice)])
            case 4: .equal([operand(&dice), operand(&dice)])
            default: .equal([operand(&dice)])
            }
        let test = Condition.value(
            ValueTest(path: AttributePath(names: [name]), comparison: comparison)
        )
        let center = Position(
            longitudeDegrees: Double.random(in: -5...5, using: &dice),
            latitudeDegrees: Double.random(in: -5...5, using: &dice)
        )
        let near = Condition.geometry(
            GeoTest(
                relation: .near(minMeters: nil, maxMeters: 200_000),
                reference: .point(center),
                attribute: .place
            )
        )
        switch Int.random(in: 0..<6, using: &dice) {
        case 0: return .all([.type(.sensor), test])
        case 1: return .any([.type(.sensor), test])
        case 2: return .not(test)
        case 3: return near
        case 4: return .all([near, test])
        default: return test
        }
    }
}
