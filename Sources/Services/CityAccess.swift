package import Broker
package import ContextModel
package import Governance
package import Storage

/// Access to city data for one caller.
///
/// The policy in force at that moment decides each call, which does the same as the standard's
/// operation of this name. Answers are sealed for the caller, like all answers of the hub. All
/// methods throw a `BrokerError` when the request is refused, and a `StorageError` when the store
/// fails.
package struct CityAccess: Sendable {
    private let hub: Hub
    /// The caller whose rights decide.
    package let caller: Caller

    package init(_ hub: Hub, for caller: Caller) {
        self.hub = hub
        self.caller = caller
    }

    // MARK: Reading

    /// Retrieve Entity (clause 5.7.1).
    package func entity(_ id: EntityID) async throws -> Disclosed<RetrievedEntity> {
        try await hub.reading.retrieveEntity(id, caller: caller)
    }

    /// Query Entities (clause 5.7.2).
    package func entities(_ query: EntityQuery) async throws -> Disclosed<EntityAnswer> {
        try await hub.reading.queryEntities(query, caller: caller)
    }

    /// Query Temporal Evolution of Entities (clause 5.7.4).
    package func evolutions(_ query: TemporalQuery) async throws -> Disclosed<EvolutionAnswer> {
        try await hub.reading.queryEvolutions(query, caller: caller)
    }

    // MARK: Changing

    /// Creates the entities, or updates those that exist (clause 5.6.8 with `options=update`).
    ///
    /// The hub may refuse some and accept the others: the result tells which, and why. Names are
    /// terms of the core `@context`, or IRIs.
    package func upsert(_ entities: [JSONValue]) async throws -> BatchResult {
        try await hub.writing.batch(
            .upsert(replaces: false),
            entities.map { (json: $0, ld: .core) },
            caller: caller
        )
    }

    /// Merges the attributes into an entity (clause 5.6.17).
    package func merge(_ attributes: JSONValue, into id: EntityID) async throws {
        try await hub.writing.mergeEntity(id, attributes, ld: .core, caller: caller)
    }

    /// Delete Entity (clause 5.6.6).
    package func delete(_ id: EntityID) async throws {
        try await hub.writing.deleteEntity(id, caller: caller)
    }

    /// Adds the instances of a temporal entity to its history, which is created if it is new
    /// (clause 5.6.11).
    package func appendHistory(_ evolution: JSONValue) async throws {
        _ = try await hub.writing.upsertEvolution(evolution, ld: .core, caller: caller)
    }
}
