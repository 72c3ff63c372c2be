package import ContextModel
package import Governance

extension Writing {
    /// Add Attributes to Temporal Evolution of an Entity (clause 5.6.12).
    package func addToEvolution(
        of id: EntityID,
        _ body: JSONValue,
        ld: LDContext,
        caller: Caller
    ) async throws {
        let reader = TemporalReader(context: ld)
        let (fragment, attributes) = try BrokerError.reading { () throws(EntityError) in
            let fragment = try reader.fragment(body)
            return (fragment, try reader.complete(fragment.attributes))
        }
        _ = try await appendHistory(
            of: id,
            types: fragment.types,
            scopes: fragment.scopes ?? [],
            attributes,
            mayCreate: false,
            caller: caller
        )
    }
}
