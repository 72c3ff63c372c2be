package import ContextModel
package import Governance

extension Hub {
    /// Merge Entity (clause 5.6.17).
    package func mergeEntity(
        _ id: EntityID,
        _ body: JSONValue,
        isSimplified: Bool = false,
        defaults: MergeDefaults = MergeDefaults(),
        types: Condition = .everything,
        ld: LDContext,
        caller: Caller
    ) async throws -> UpdateResult {
        let fragment = try fragment(body, of: id, ld: ld, isSimplified: isSimplified)
        return try await change(id, caller, types: types) { target, now in
            let change = try BrokerError.reading { () throws(EntityError) in
                try EntityChange.merge(into: target, fragment, common: defaults, at: now)
            }
            return (change, UpdateResult(change))
        }
    }
}
