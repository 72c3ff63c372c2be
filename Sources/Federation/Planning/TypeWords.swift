package import ContextModel

extension Condition {
    /// A type selection as text (clause 4.17), with names compacted by `context`; nil where it
    /// is no selection of types alone.
    package func typeSelection(in context: LDContext) -> String? {
        switch self {
        case .type(let type): return context.compact(type)
        case .any(let parts): return Self.joined(parts, by: ",", in: context)
        case .all(let parts): return Self.joined(parts, by: ";", in: context)
        default: return nil
        }
    }

    private static func joined(
        _ parts: [Condition],
        by separator: String,
        in context: LDContext
    ) -> String? {
        let texts = parts.compactMap { part -> String? in
            guard let text = part.typeSelection(in: context) else { return nil }
            if case .type = part { return text }
            return "(\(text))"
        }
        guard !texts.isEmpty, texts.count == parts.count else { return nil }
        return texts.joined(separator: separator)
    }

    /// Types of which an entity that meets this type selection has at least one; nil for any type.
    var oneOfTypes: Set<IRI>? {
        switch self {
        case .type(let type): [type]
        case .all(let parts): parts.lazy.compactMap(\.oneOfTypes).first
        case .any(let parts):
            parts.reduce(into: Optional<Set<IRI>>([])) { types, part in
                types = part.oneOfTypes.flatMap { types?.union($0) }
            }
        default: nil
        }
    }

    /// Whether an entity of these types, and perhaps of others, may meet this type selection.
    func mayHold(forTypes types: [IRI]) -> Bool {
        switch self {
        case .type(let type): types.contains(type)
        case .all(let parts): parts.allSatisfy { $0.mayHold(forTypes: types) }
        case .any(let parts): parts.contains { $0.mayHold(forTypes: types) }
        case .nothing: false
        default: true
        }
    }
}
