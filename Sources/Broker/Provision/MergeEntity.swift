package import ContextModel
package import Governance

extension Writing {
    /// Merge Entity (clause 5.6.17).
    ///
    /// Removing something that is not there changes nothing (RFC 7396).
    package func mergeEntity(
        _ id: EntityID,
        _ body: JSONValue,
        isSimplified: Bool = false,
        defaults: MergeDefaults = MergeDefaults(),
        types: Condition = .everything,
        ld: LDContext,
        caller: Caller
    ) async throws {
        let fragment = try fragment(
            body,
            of: id,
            ld: ld,
            isSimplified: isSimplified,
            merges: true
        )
        try await change(
            id,
            caller,
            types: types,
            naming: fragment.attributes.names,
            large: OversizedRequest(fragment)
        ) { target, now in
            let change = try BrokerError.reading { () throws(EntityError) in
                try EntityChange.merge(into: target, fragment, common: defaults, at: now)
            }
            return (change, ())
        }
    }
}
