package import ContextModel
package import Governance

extension Writing {
    /// Append Attributes (clause 5.6.3).
    package func appendAttributes(
        to id: EntityID,
        _ body: JSONValue,
        overwrites: Bool,
        types: Condition = .everything,
        ld: LDContext,
        caller: Caller
    ) async throws -> UpdateResult {
        let fragment = try fragment(body, of: id, ld: ld, allowsNull: false)
        return try await change(
            id,
            caller,
            types: types,
            naming: fragment.attributes.names,
            large: OversizedRequest(fragment)
        ) { target, now in
            let change = try BrokerError.reading { () throws(EntityError) in
                try EntityChange.appending(
                    to: target,
                    fragment,
                    overwrites: overwrites,
                    at: now
                )
            }
            return (change, UpdateResult(change))
        }
    }
}
