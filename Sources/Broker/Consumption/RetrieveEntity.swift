package import ContextModel
package import Governance
import Storage

extension Hub {
    /// Retrieve Entity (clause 5.7.1). The entity must satisfy `condition`, where the caller gave
    /// a type selection or attributes.
    package func retrieveEntity(
        _ id: EntityID,
        where condition: Condition = .everything,
        caller: Caller
    ) async throws -> Entity {
        let (store, grant) = try await reading(caller, condition: condition)
        guard let entity = try await store.entity(id, grant: grant), entity.satisfies(condition)
        else { throw BrokerError.unknown(id) }
        return entity
    }
}
