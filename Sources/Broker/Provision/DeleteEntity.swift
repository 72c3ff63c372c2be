package import ContextModel
package import Governance

extension Writing {
    /// Delete Entity (clause 5.6.6).
    ///
    /// Its temporal evolution stays.
    package func deleteEntity(
        _ id: EntityID,
        types: Condition = .everything,
        caller: Caller
    ) async throws {
        try await change(id, caller, types: types, naming: []) { target, _ in
            (.deletion(of: target), ())
        }
    }
}
