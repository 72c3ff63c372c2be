package import ContextModel

extension Condition {
    /// What the condition says, in a few words; `compact` gives the short names of types and attributes.
    package func words(_ compact: (IRI) -> String) -> String {
        switch self {
        case .everything: return "all entities"
        case .nothing: return "no entity"
        case .all(let parts): return joined(parts, " and ", compact)
        case .any(let parts): return joined(parts, " or ", compact)
        case .not(let part): return "not (\(part.words(compact)))"
        case .ids(let ids): return ids.map(\.uri).sorted().joined(separator: " or ")
        case .idPattern: return "identifiers that match a pattern"
        case .type(let type): return compact(type)
        case .scope(let pattern): return "scope /" + pattern.segments.joined(separator: "/")
        case .attribute(let name): return "with " + compact(name)
        case .value(let test): return test.words(compact)
        case .geometry(let test): return "\(compact(test.attribute)) \(test.relation.word) a place"
        case .linked(let test):
            let path = test.path.names.map(compact).joined(separator: ".")
            return "\(path) leads to (\(test.target.words(compact)))"
        case .decided(let decision):
            guard let test = decision.decider as? ClassTest else {
                return "as far as people let it"
            }
            return "\(test.dataClass.word) data"
        }
    }

    private func joined(
        _ parts: [Condition],
        _ word: String,
        _ compact: (IRI) -> String
    ) -> String {
        parts.map { part in
            switch part {
            case .all, .any: "(\(part.words(compact)))"
            default: part.words(compact)
            }
        }.joined(separator: word)
    }
}

extension ValueTest {
    fileprivate func words(_ compact: (IRI) -> String) -> String {
        let names = path.names.map(compact) + [path.coreMember].compactMap { $0 }
        let left = names.joined(separator: ".")
        return switch comparison {
        case nil: "with \(left)"
        case .equal(let operands): "\(left) = \(Self.words(operands))"
        case .unequal(let operands): "\(left) ≠ \(Self.words(operands))"
        case .less(let operand): "\(left) < \(operand.words)"
        case .lessOrEqual(let operand): "\(left) ≤ \(operand.words)"
        case .greater(let operand): "\(left) > \(operand.words)"
        case .greaterOrEqual(let operand): "\(left) ≥ \(operand.words)"
        case .matches, .matchesNot: "\(left) by a pattern"
        }
    }

    private static func words(_ operands: [Operand]) -> String {
        operands.map(\.words).joined(separator: " or ")
    }
}

extension Operand {
    fileprivate var words: String {
        switch self {
        case .number(let number): JSONNumber(number).literal
        case .string(let text), .date(let text), .time(let text), .uri(let text): text
        case .bool(let truth): truth ? "true" : "false"
        case .dateTime(let moment): moment.text
        case .range(let low, let high): "\(low.words) to \(high.words)"
        }
    }
}

extension GeoTest.Relation {
    fileprivate var word: String {
        switch self {
        case .near: "near"
        case .equals: "equal to"
        case .within: "within"
        case .contains: "containing"
        case .intersects: "touching"
        case .disjoint: "outside"
        case .overlaps: "overlapping"
        }
    }
}
