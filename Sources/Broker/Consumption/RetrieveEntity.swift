package import ContextModel
package import Governance
import Storage

extension Reading {
    /// Retrieve Entity (clause 5.7.1), with the Linked Entities that the representation asks for.
    ///
    /// The entity must satisfy `condition`, if the caller gave a type selection or attributes, and
    /// must have something to show.
    ///
    /// With `forwarding`, registered sources that match are asked, and what they answer is merged
    /// before the answer is sealed; a source that fails becomes a warning of the answer, or of the
    /// error. Linked Entities are of this hub alone.
    package func retrieveEntity(
        _ id: EntityID,
        where condition: Condition = .everything,
        shownAs representation: Representation = Representation(),
        forwarding: Forwarding? = nil,
        caller: Caller
    ) async throws -> Disclosed<RetrievedEntity> {
        let session = try await session(caller, condition: condition)
        if let forwarding,
            let answer = try await federatedRetrieval(
                of: id,
                where: condition,
                representation,
                forwarding,
                session,
                caller
            )
        {
            return answer
        }
        guard representation.join != nil else {
            guard let entity = try await session.entity(id),
                try entity.isAnswer(where: condition, shownAs: representation)
            else { throw BrokerError.unknown(id) }
            return try await session.seal(RetrievedEntity(entity: entity, linked: nil))
        }
        let reader = LinkedEntityReader(limit: limits.maximumLinkedEntities)
        let answer = try await session.read { transaction in
            guard let entity = try transaction.encodedEntity(id),
                try entity.isAnswer(where: condition, shownAs: representation)
            else { throw BrokerError.unknown(id) }
            let linked = try reader.all(linkedFrom: [entity], in: representation, transaction)
            return RetrievedEntity(entity: entity, linked: linked)
        }
        return try await session.seal(answer)
    }
}

extension EncodedEntity {
    /// Whether the entity satisfies the condition and has something to show; most requests need no
    /// check.
    func isAnswer(
        where condition: Condition,
        shownAs representation: Representation
    ) throws -> Bool {
        if condition == .everything, representation.projection == Projection() { return true }
        let entity = try value()
        return entity.satisfies(condition) && representation.showsAnything(of: entity)
    }
}
