import ContextModel
import Storage
import Testing

@Suite struct DecidedTermsTests {
    private let names = [IRI("urn:a"), IRI("urn:b"), IRI("urn:c")]

    private func condition(_ dice: inout SeededDice, depth: Int) -> Condition {
        let name = names[Int.random(in: 0..<3, using: &dice)]
        let path = AttributePath(names: Bool.random(using: &dice) ? [name] : [name, names[0]])
        switch Int.random(in: 0..<(depth > 2 ? 3 : 6), using: &dice) {
        case 0: return .attribute(name)
        case 1, 2:
            let operand = Operand.number(Double(Int.random(in: 0..<3, using: &dice)))
            let comparison =
                Bool.random(using: &dice)
                ? Comparison.equal([operand]) : .unequal([operand])
            return .value(ValueTest(path: path, comparison: comparison))
        case 3: return .not(condition(&dice, depth: depth + 1))
        case 4: return .all((0..<3).map { _ in condition(&dice, depth: depth + 1) })
        default: return .any((0..<3).map { _ in condition(&dice, depth: depth + 1) })
        }
    }

    private func instances(_ count: Int, _ dice: inout SeededDice) -> [Attribute] {
        (0..<count).map { _ in
            var instance = Attribute(
                kind: .property,
                value: .number(JSONNumber(Int.random(in: 0..<3, using: &dice)))
            )
            if Bool.random(using: &dice) {
                instance.attributes = [
                    NamedAttribute(
                        name: names[0],
                        instances: [Attribute(kind: .property, value: 1)]
                    )
                ]
            }
            return instance
        }
    }

    @Test func `a remainder of a condition decides like the whole`() {
        var dice = SeededDice(3)
        var met = 0
        for _ in 0..<1_000 {
            let condition = condition(&dice, depth: 0)
            let entity = Entity(
                id: EntityID("urn:x"),
                types: [],
                attributes: names.filter { _ in Int.random(in: 0..<4, using: &dice) > 0 }
                    .map { NamedAttribute(name: $0, instances: instances(3, &dice)) }
            )
            let terms = DecidedTerms(
                PreparedCondition(condition),
                for: entity,
                within: nil
            )
            for named in entity.attributes {
                let left = terms.remainder(of: named.name, within: nil)
                for instance in named.instances {
                    let one = NamedAttribute(name: named.name, instances: [instance])
                    var whole = entity
                    whole.attributes.removeAll { $0.name == named.name }
                    whole.attributes.append(one)
                    let part = Entity(id: entity.id, types: [], attributes: [one])
                    let isMet = condition.matches(whole)
                    #expect(left.matches(part) == isMet, "\(condition) of \(entity)")
                    met += isMet ? 1 : 0
                }
            }
        }
        #expect(met > 1_000)
    }

    /// An entity with this many attributes, and a condition with a term for each.
    private func wide(_ count: Int) -> (Entity, PreparedCondition, [IRI]) {
        let names = (0..<count).map { IRI("urn:wide:\($0)") }
        let entity = Entity(
            id: EntityID("urn:x"),
            types: [],
            attributes: names.map {
                NamedAttribute(name: $0, instances: [Attribute(kind: .property, value: 1)])
            }
        )
        let terms = names.map { name in
            Condition.value(
                ValueTest(path: AttributePath(names: [name]), comparison: .equal([.number(1)]))
            )
        }
        return (entity, PreparedCondition(.all([.any(terms), .all(terms)])), names)
    }

    /// The steps for all attributes together: each attribute is compared with its own terms only.
    private func steps(_ count: Int) -> Int {
        let (entity, condition, names) = wide(count)
        let budget = DecisionBudget(steps: .max / 2)
        let terms = DecidedTerms(condition, for: entity, within: budget)
        for name in names {
            #expect(terms.remainder(of: name, within: budget).matches(entity, within: nil))
        }
        return budget.steps
    }

    @Test func `finding the remainders of all attributes takes time in proportion to the terms`() {
        let (some, many) = (steps(200), steps(2_000))
        #expect(some >= 4 * 200)
        #expect(many <= 11 * some)
    }

    @Test func `deciding terms and remainders is within the budget`() {
        let (entity, condition, names) = wide(1_000)
        let little = DecisionBudget(steps: 500)
        _ = DecidedTerms(condition, for: entity, within: little)
        #expect(little.isSpent)
        let terms = DecidedTerms(condition, for: entity, within: nil)
        let rest = DecisionBudget(steps: 500)
        for name in names { _ = terms.remainder(of: name, within: rest) }
        #expect(rest.isSpent)
    }
}
