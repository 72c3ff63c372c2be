/// The target of an import: a hub, reached over its API like by any other party.
package protocol HubDestination: Sendable {
    /// Creates or updates the entities of a JSON array (clause 5.6.8); returns those that were
    /// refused.
    func upsert(
        _ entities: [UInt8],
        isLinkedData: Bool
    ) async throws(HubFailure) -> [EntityRefusal]

    /// Updates the entities of a JSON array by readings, of which older ones go to history alone;
    /// returns the entities that the hub refused.
    func receive(_ readings: [UInt8]) async throws(HubFailure) -> [EntityRefusal]

    /// Adds the instances of a temporal entity to its history, which is created if it is new
    /// (clause 5.6.11).
    func appendHistory(_ temporalEntity: [UInt8]) async throws(HubFailure)
}

/// An entity that the hub refused while it accepted others.
package struct EntityRefusal: Sendable, Equatable {
    package var entityID: String
    /// The reason that the hub gives.
    package var reason: String

    package init(entityID: String, reason: String) {
        self.entityID = entityID
        self.reason = reason
    }
}

/// The reason why a whole request failed, after all retries.
package enum HubFailure: Error, Equatable {
    /// The hub refused this request; it may accept others.
    case refused(reason: String)
    /// No request can be sent: the hub cannot be reached, or refuses the caller.
    case stopped(reason: String)
    /// Nothing can be stored any more: the hub's disk is full.
    case full(reason: String)
}
