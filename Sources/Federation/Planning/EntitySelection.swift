package import ContextModel

/// The entities that a question is about: types, identifiers and a pattern (clauses 5.2.33 and
/// 5.7.2).
package struct EntitySelection: Sendable, Hashable {
    /// A type selection (clause 4.17).
    package var types: Condition
    /// nil for any.
    package var ids: Set<EntityID>?
    package var idPattern: Pattern?

    package init(
        types: Condition = .everything,
        ids: Set<EntityID>? = nil,
        idPattern: Pattern? = nil
    ) {
        self.types = types
        self.ids = ids
        self.idPattern = idPattern
    }

    /// Splits the condition that a reader of selectors has built.
    package init(_ condition: Condition) {
        var parts = [condition]
        if case .all(let several) = condition { parts = several }
        self.init()
        for part in parts {
            switch part {
            case .ids(let found): ids = found
            case .idPattern(let found): idPattern = found
            default: types = types.and(part)
            }
        }
    }
}
