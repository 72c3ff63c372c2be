package import ContextModel
package import Governance
import Storage

extension Hub {
    /// Create Entity (clause 5.6.1).
    package func createEntity(
        _ body: JSONValue,
        ld: LDContext,
        caller: Caller
    ) async throws -> EntityID {
        let entity = try BrokerError.reading { () throws(EntityError) in try reader(ld).entity(body)
        }
        let (store, grant) = try await writing(caller)
        try grant.requireVisible(entity.attributes.names)
        guard entity.satisfies(grant.condition) else {
            throw BrokerError.mayNotWrite(entity.id)
        }
        let now = clock()
        // Made here, so that the one thread that writes has less to do.
        let creation = EntityChange.creation(of: entity, at: now)
        try await store.write(grant) { [observer] transaction in
            let existing = try transaction.current(entity.id, at: now)
            if let existing {
                // Of what the writer may not touch, it is not told that it exists.
                throw existing.satisfies(grant.condition)
                    ? BrokerError.exists(entity.id) : BrokerError.mayNotWrite(entity.id)
            }
            let writer = ChangeWriter(
                transaction: transaction,
                observer: observer,
                tenant: caller.tenant,
                now: now
            )
            try writer.write(creation)
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

    /// Runs what reads a request and turns what is wrong with it into BadRequestData.
    static func reading<Value>(
        _ body: () throws(EntityError) -> Value
    ) throws(BrokerError)
        -> Value
    {
        do throws(EntityError) { return try body() } catch { throw BrokerError(error) }
    }
}
