/// Where an import goes: a hub, reached over its API like by any other party.
package protocol HubDestination: Sendable {
    /// Creates or updates the entities of a JSON array (clause 5.6.8) and says which it refused.
    func upsert(
        _ entities: [UInt8],
        isLinkedData: Bool
    ) async throws(HubFailure) -> [EntityRefusal]

    /// Updates the entities of a JSON array by readings, of which those older than what is there
    /// are history alone, and says which entities the hub refused.
    func receive(_ readings: [UInt8]) async throws(HubFailure) -> [EntityRefusal]

    /// Adds the instances of a temporal entity to its history, creating it if it is new
    /// (clause 5.6.11).
    func appendHistory(_ temporalEntity: [UInt8]) async throws(HubFailure)
}

/// An entity that the hub refused while it took the others.
package struct EntityRefusal: Sendable, Equatable {
    package var entityID: String
    /// What the hub says is wrong with it.
    package var reason: String

    package init(entityID: String, reason: String) {
        self.entityID = entityID
        self.reason = reason
    }
}

/// Why a whole request failed, after all retries.
package enum HubFailure: Error, Equatable {
    /// The hub understood and refused; other requests may fare better.
    case refused(reason: String)
    /// Nothing more can be sent: the hub is away or does not let us in.
    case stopped(reason: String)
    /// Nothing more can be kept: the hub's disk is full.
    case full(reason: String)
}
