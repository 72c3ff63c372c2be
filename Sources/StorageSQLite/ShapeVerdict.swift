internal import ContextModel
internal import Governance
internal import Storage

/// What a shape alone decides about a condition, for every entity of the shape.
enum ShapeVerdict: Equatable {
    case all
    case none
    /// It depends on the entity.
    case some

    var negated: ShapeVerdict {
        switch self {
        case .all: .none
        case .none: .all
        case .some: .some
        }
    }
}

/// What a shape alone decides about a grant, for every entity of the shape.
struct GrantByShape {
    /// What the shape leaves to be decided for each entity; `everything` and `nothing` where that is nothing.
    let condition: Condition
    /// The attributes that are hidden in them; nil where that depends on the entity, or where something may
    /// be shaped.
    let hidden: Set<IRI>?
}

extension Vocabulary {
    /// What the shape decides about the grant; nil when there is no such shape.
    func decide(_ grant: ReadGrant, forShape number: Int64) -> GrantByShape? {
        guard let shape = shapes[number] else { return nil }
        let condition = grant.condition.remainder(shape, self)
        var hidden: Set<IRI>? = grant.hidden.everywhere
        if condition != .nothing {
            for element in grant.hidden.elements {
                switch element.condition.verdict(shape, self) {
                case .all: hidden?.formUnion(element.names)
                case .none: break
                case .some: hidden = nil
                }
            }
            // What may be shaped is not only left out of the stored bytes.
            let isShaped = grant.hidden.shaped.contains {
                $0.condition.verdict(shape, self) != .none
            }
            if isShaped { hidden = nil }
        }
        return GrantByShape(condition: condition, hidden: hidden)
    }
}

extension Condition {
    /// The condition without the terms that the shape decides: it holds for an entity of the shape if and
    /// only if the whole condition does.
    func remainder(_ shape: Shape, _ vocabulary: Vocabulary) -> Condition {
        switch self {
        case .all(let parts):
            var rest = Condition.everything
            for part in parts where rest != .nothing {
                rest = rest.and(part.remainder(shape, vocabulary))
            }
            return rest
        case .any(let parts):
            var rest = Condition.nothing
            for part in parts where rest != .everything {
                rest = rest.or(part.remainder(shape, vocabulary))
            }
            return rest
        case .not(let part):
            switch part.remainder(shape, vocabulary) {
            case .everything: return .nothing
            case .nothing: return .everything
            case let rest: return .not(rest)
            }
        default:
            switch verdict(shape, vocabulary) {
            case .all: return .everything
            case .none: return .nothing
            case .some: return self
            }
        }
    }
}

extension Condition {
    /// Decides the parts of the condition about types and attribute names.
    ///
    /// Pass `namesAreKnown: false` for an entity of which only history is left: then a missing
    /// name decides nothing.
    func verdict(
        _ shape: Shape,
        _ vocabulary: Vocabulary,
        namesAreKnown: Bool = true
    ) -> ShapeVerdict {
        func has(_ name: IRI) -> ShapeVerdict {
            guard namesAreKnown else { return .some }
            guard let number = vocabulary.numbers[name.text] else { return .none }
            return shape.has(number) ? .all : .none
        }
        switch self {
        case .everything: return .all
        case .nothing: return .none
        case .type(let type):
            guard let number = vocabulary.numbers[type.text] else { return .none }
            return shape.types.contains(number) ? .all : .none
        case .attribute(let name): return has(name)
        case .not(let part):
            return part.verdict(shape, vocabulary, namesAreKnown: namesAreKnown).negated
        case .all(let parts):
            var verdict = ShapeVerdict.all
            for part in parts {
                switch part.verdict(shape, vocabulary, namesAreKnown: namesAreKnown) {
                case .none: return .none
                case .some: verdict = .some
                case .all: break
                }
            }
            return verdict
        case .any(let parts):
            var verdict = ShapeVerdict.none
            for part in parts {
                switch part.verdict(shape, vocabulary, namesAreKnown: namesAreKnown) {
                case .all: return .all
                case .some: verdict = .some
                case .none: break
                }
            }
            return verdict
        case .scope: return namesAreKnown && !shape.hasScopes ? .none : .some
        case .value(let test):
            // A term of `q` holds only for an attribute that is present, even with `!=`.
            guard let name = test.path.names.first else { return .some }
            return has(name) == .none ? .none : .some
        case .geometry(let test): return has(test.attribute) == .none ? .none : .some
        case .linked(let test):
            guard let name = test.path.names.first else { return .none }
            return has(name) == .none ? .none : .some
        case .decided(let decision):
            let types = shape.types.compactMap { vocabulary.names[$0].map { IRI($0) } }
            return decision.decider.holds(forTypes: types).map { $0 ? .all : .none } ?? .some
        case .ids, .idPattern: return .some
        }
    }
}

/// A superset of the shapes for which a condition can hold, found by the names that it requires.
struct ShapeCandidates {
    private(set) var sets: [NumberSet] = []
    private(set) var count = 0

    /// The shapes that have the name; none when no shape has it.
    fileprivate init(having name: IRI, _ vocabulary: Vocabulary) {
        let numbers = vocabulary.numbers[name.text].flatMap { vocabulary.shapesByName[$0] }
        if let numbers { add(numbers) }
    }

    fileprivate init() {}

    private mutating func add(_ numbers: NumberSet) {
        sets.append(numbers)
        count += numbers.count
    }

    fileprivate mutating func add(_ others: ShapeCandidates) { others.sets.forEach { add($0) } }
}

extension Condition {
    /// The candidates for the condition; nil when it requires no name.
    ///
    /// `namesAreKnown` means the same as for `verdict`. Shapes with the verdict `.none` may be
    /// left out.
    func candidateShapes(
        _ vocabulary: Vocabulary,
        namesAreKnown: Bool = true
    ) -> ShapeCandidates? {
        func having(_ name: IRI?) -> ShapeCandidates? {
            guard namesAreKnown, let name else { return nil }
            return ShapeCandidates(having: name, vocabulary)
        }
        switch self {
        case .nothing: return ShapeCandidates()
        case .type(let type): return ShapeCandidates(having: type, vocabulary)
        case .attribute(let name): return having(name)
        case .value(let test): return having(test.path.names.first)
        case .geometry(let test): return having(test.attribute)
        case .linked(let test): return having(test.path.names.first)
        case .all(let parts):
            return parts.lazy.compactMap {
                $0.candidateShapes(vocabulary, namesAreKnown: namesAreKnown)
            }.min { $0.count < $1.count }
        case .any(let parts):
            var all = ShapeCandidates()
            for part in parts {
                let some = part.candidateShapes(vocabulary, namesAreKnown: namesAreKnown)
                guard let some else { return nil }
                all.add(some)
            }
            return all
        case .everything, .not, .scope, .ids, .idPattern, .decided: return nil
        }
    }

    /// Calls the body with a superset of the shapes for which the condition can hold; a shape may
    /// come twice.
    func eachCandidateShape(
        _ vocabulary: Vocabulary,
        namesAreKnown: Bool = true,
        _ body: (Int64, Shape) throws -> Void
    ) rethrows {
        guard let found = candidateShapes(vocabulary, namesAreKnown: namesAreKnown),
            found.count < vocabulary.shapes.count
        else {
            return try vocabulary.shapes.forEach { try body($0.key, $0.value) }
        }
        for numbers in found.sets {
            try numbers.forEach { number in
                if let shape = vocabulary.shapes[number] { try body(number, shape) }
            }
        }
    }
}
