import ContextModel

extension Condition {
    /// Whether it may hold for some entity; false only if it holds for none.
    ///
    /// Its terms are taken to be independent of each other, but for identifiers, of which an entity has
    /// one, classes of data, and what people let be done. With many terms it says true without looking.
    var canHold: Bool {
        if self == .nothing || self == .everything { return self == .everything }
        var terms = ConditionTerms()
        let formula = terms.formula(of: self)
        guard terms.all.count <= ConditionTerms.maximum else { return true }
        return (0..<(UInt64(1) << UInt64(terms.all.count))).contains { holding in
            terms.isPossible(holding) && formula.holds(where: holding)
        }
    }
}

/// A condition whose terms are numbers.
private indirect enum Formula {
    case constant(Bool)
    case all([Formula])
    case any([Formula])
    case not(Formula)
    case term(Int)

    /// Whether it holds where the terms hold whose bits are set.
    func holds(where holding: UInt64) -> Bool {
        switch self {
        case .constant(let value): value
        case .all(let parts): parts.allSatisfy { $0.holds(where: holding) }
        case .any(let parts): parts.contains { $0.holds(where: holding) }
        case .not(let part): !part.holds(where: holding)
        case .term(let number): holding & (1 << UInt64(number)) != 0
        }
    }
}

/// The terms of a condition, and which of them cannot hold together or need one another.
private struct ConditionTerms {
    /// Terms that are looked at in every combination, at most.
    static let maximum = 10

    private(set) var all: [Condition] = []
    /// Terms of which at most one holds.
    private var identifiers: UInt64 = 0
    private var classes: [DataClass: UInt64] = [:]
    /// How many classes the tenant has.
    private var classCount = DataClass.everywhere.count
    /// Where the first holds, the second does.
    private var implications: [(UInt64, UInt64)] = []

    mutating func formula(of condition: Condition) -> Formula {
        switch condition {
        case .everything: return .constant(true)
        case .nothing: return .constant(false)
        case .all(let parts): return .all(parts.map { formula(of: $0) })
        case .any(let parts): return .any(parts.map { formula(of: $0) })
        case .not(let part): return .not(formula(of: part))
        case .ids(let ids): return .any(ids.map { .term(number(of: .ids([$0]))) })
        default: return .term(number(of: condition))
        }
    }

    private mutating func number(of term: Condition) -> Int {
        if let known = all.firstIndex(of: term) { return known }
        let number = all.count
        let bit = UInt64(1) << UInt64(min(number, 63))
        all.append(term)
        switch term {
        case .ids: identifiers |= bit
        case .decided(let decision):
            if let test = decision.decider as? ClassTest {
                classes[test.dataClass] = bit
                classCount = max(classCount, test.classCount)
            }
            guard let test = decision.decider as? SubjectTest else { break }
            for (index, other) in all.dropLast().enumerated() {
                guard case .decided(let known) = other,
                    let another = known.decider as? SubjectTest
                else { continue }
                let otherBit = UInt64(1) << UInt64(min(index, 63))
                if another.allows(allOf: test) { implications.append((bit, otherBit)) }
                if test.allows(allOf: another) { implications.append((otherBit, bit)) }
            }
        default: break
        }
        return number
    }

    /// Whether an entity can meet these terms and none of the others.
    func isPossible(_ holding: UInt64) -> Bool {
        guard (holding & identifiers).nonzeroBitCount <= 1 else { return false }
        let held = holding & classes.values.reduce(0, |)
        guard held.nonzeroBitCount <= 1, held != 0 || classes.count < classCount else {
            return false
        }
        return implications.allSatisfy { holding & $0.0 == 0 || holding & $0.1 != 0 }
    }
}
