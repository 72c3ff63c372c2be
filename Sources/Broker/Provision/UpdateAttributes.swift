package import ContextModel
package import Governance

extension Writing {
    /// Update Attributes (clause 5.6.2).
    package func updateAttributes(
        of id: EntityID,
        _ body: JSONValue,
        types: Condition = .everything,
        ld: LDContext,
        caller: Caller
    ) async throws -> UpdateResult {
        let fragment = try fragment(body, of: id, ld: ld)
        return try await change(
            id,
            caller,
            types: types,
            naming: fragment.attributes.names,
            large: OversizedRequest(fragment)
        ) { target, now in
            let change = try BrokerError.reading { () throws(EntityError) in
                try EntityChange.update(of: target, with: fragment, at: now)
            }
            return (change, UpdateResult(change))
        }
    }

    /// Reads the fragment in the body, where NGSI-LD Null is allowed; an `id` in it must be the
    /// entity's.
    func fragment(
        _ body: JSONValue,
        of id: EntityID,
        ld: LDContext,
        isSimplified: Bool = false,
        allowsNull: Bool = true,
        merges: Bool = false
    ) throws(BrokerError) -> EntityFragment {
        let fragment = try BrokerError.reading { () throws(EntityError) in
            let options = EntityReader.Options(
                allowsNull: allowsNull,
                allowsNullInside: merges,
                isPartial: merges,
                isSimplified: isSimplified
            )
            return try EntityReader(context: ld, options: options).fragment(body)
        }
        if let given = fragment.id, given != id {
            throw BrokerError(
                .badRequestData,
                "The body's 'id' is '\(given)', the entity's is '\(id)'."
            )
        }
        return fragment
    }
}
