package import ContextModel
package import Governance
import Storage

extension Writing {
    /// Create Entity (clause 5.6.1).
    package func createEntity(
        _ body: JSONValue,
        ld: LDContext,
        caller: Caller
    ) async throws -> EntityID {
        let entity = try BrokerError.reading { () throws(EntityError) in try reader(ld).entity(body)
        }
        let session = try await session(caller)
        // Computed here, because there is only one thread that writes.
        let creation = EntityChange.creation(of: entity, at: session.now)
        try await session.change(entity.id, naming: entity.attributes.names) { existing, _ in
            // A writer that may not change the entity does not learn that it exists.
            guard existing == nil else { throw BrokerError.exists(entity.id) }
            return (creation, ())
        }
        return entity.id
    }

    func reader(
        _ ld: LDContext,
        _ options: EntityReader.Options = EntityReader.Options()
    ) -> EntityReader {
        EntityReader(context: ld, options: options)
    }
}

extension BrokerError {
    static func mayNotWrite(_ id: EntityID) -> BrokerError {
        BrokerError(.forbidden, "Your token does not allow writing '\(id)'.")
    }

    static func exists(_ id: EntityID) -> BrokerError {
        BrokerError(.alreadyExists, "The entity '\(id)' exists already.")
    }

    /// Runs `body`, which reads a request, and turns its errors into BadRequestData.
    static func reading<Value>(
        _ body: () throws(EntityError) -> Value
    ) throws(BrokerError)
        -> Value
    {
        do throws(EntityError) { return try body() } catch { throw BrokerError(error) }
    }
}
