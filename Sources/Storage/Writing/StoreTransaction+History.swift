package import ContextModel

extension StoreTransaction {
    /// Adds instances that replace none of the present ones.
    package func appendHistory(
        _ id: EntityID,
        types: [IRI],
        scopes: [String],
        _ changes: [NamedAttribute]
    ) throws {
        try appendHistory(id, types: types, scopes: scopes, changes, correcting: false)
    }

    /// Removes all of it in this transaction; false when there was nothing to remove.
    package func removeHistory(_ id: EntityID, _ what: HistoryRemoval) throws -> Bool {
        var step = try removeHistory(id, what, from: nil)
        var hasRemoved = step.hasRemoved
        while let next = step.next {
            step = try removeHistory(id, what, from: next)
            hasRemoved = hasRemoved || step.hasRemoved
        }
        return hasRemoved
    }
}
