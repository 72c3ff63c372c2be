package import ContextModel
package import Governance
import Storage

extension Hub {
    /// Retrieve Entity (clause 5.7.1), with the Linked Entities that the representation asks for.
    ///
    /// The entity must satisfy `condition`, where the caller gave a type selection or attributes,
    /// and have something to show.
    package func retrieveEntity(
        _ id: EntityID,
        where condition: Condition = .everything,
        shownAs representation: Representation = Representation(),
        caller: Caller
    ) async throws -> (entity: EncodedEntity, linked: LinkedEntities?) {
        let (store, grant) = try await reading(caller, condition: condition)
        guard let entity = try await store.encodedEntity(id, grant: grant),
            try entity.isAnswer(where: condition, shownAs: representation)
        else { throw BrokerError.unknown(id) }
        let linked = try await linkedEntities(
            of: [entity],
            in: representation,
            from: store,
            grant: grant
        )
        return (entity, linked)
    }
}

extension EncodedEntity {
    /// Whether it satisfies the condition and has something to show; most requests need no look.
    fileprivate func isAnswer(
        where condition: Condition,
        shownAs representation: Representation
    ) throws -> Bool {
        if condition == .everything, representation.projection == Projection() { return true }
        let entity = try value()
        return entity.satisfies(condition) && representation.showsAnything(of: entity)
    }
}
