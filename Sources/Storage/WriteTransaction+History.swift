package import ContextModel

extension WriteTransaction {
    /// Adds instances that correct none of those that are there.
    package func appendHistory(
        _ id: EntityID,
        types: [IRI],
        scopes: [String],
        _ changes: [NamedAttribute]
    ) throws {
        try appendHistory(id, types: types, scopes: scopes, changes, correcting: false)
    }
}
