package import ContextModel
package import Governance
import Storage

extension Writing {
    /// Replace Entity (clause 5.6.18).
    package func replaceEntity(
        _ id: EntityID,
        _ body: JSONValue,
        types: Condition = .everything,
        ld: LDContext,
        caller: Caller
    ) async throws {
        let entity = try BrokerError.reading { () throws(EntityError) in
            try reader(ld).replacement(body, of: id)
        }
        try await change(
            id,
            caller,
            types: types,
            naming: entity.attributes.names,
            large: OversizedRequest(entity)
        ) { target, now in
            var entity = entity
            if entity.types.isEmpty { entity.types = target.types }
            return (.replacement(of: target, with: entity, at: now), ())
        }
    }
}

extension EntityReader {
    /// Reads a whole entity whose identifier is in the URL and may be missing in the body.
    func replacement(_ json: JSONValue, of id: EntityID) throws(EntityError) -> Entity {
        let fragment = try fragment(json)
        if let given = fragment.id, given != id {
            throw EntityError("The body's 'id' is '\(given)', the entity's is '\(id)'.")
        }
        return Entity(
            id: id,
            types: fragment.types,
            scopes: fragment.scopes ?? [],
            attributes: try complete(fragment.attributes),
            expiresAt: fragment.expiresAt
        )
    }
}
