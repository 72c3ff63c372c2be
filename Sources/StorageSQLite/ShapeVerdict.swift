internal import ContextModel
internal import Storage

/// What a shape alone says of a condition, for every entity of that shape.
enum ShapeVerdict: Equatable {
    case all
    case none
    /// The entity itself must be looked at.
    case some

    var negated: ShapeVerdict {
        switch self {
        case .all: .none
        case .none: .all
        case .some: .some
        }
    }
}

extension Condition {
    /// Decides what types and attribute names can decide.
    ///
    /// With `namesAreKnown` false (an entity whose history alone is left) nothing is concluded from
    /// a name that is missing.
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
            let verdicts = parts.map {
                $0.verdict(shape, vocabulary, namesAreKnown: namesAreKnown)
            }
            if verdicts.contains(.none) { return .none }
            return verdicts.contains(.some) ? .some : .all
        case .any(let parts):
            let verdicts = parts.map {
                $0.verdict(shape, vocabulary, namesAreKnown: namesAreKnown)
            }
            if verdicts.contains(.all) { return .all }
            return verdicts.contains(.some) ? .some : .none
        case .scope: return namesAreKnown && !shape.hasScopes ? .none : .some
        case .value(let test):
            // A term of `q` holds for what is there only, `!=` too.
            guard let name = test.path.names.first else { return .some }
            return has(name) == .none ? .none : .some
        case .geometry(let test): return has(test.attribute) == .none ? .none : .some
        case .linked(let test):
            guard let name = test.path.names.first else { return .none }
            return has(name) == .none ? .none : .some
        case .ids, .idPattern: return .some
        }
    }
}
