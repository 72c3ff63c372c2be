package import ContextModel
package import Governance

/// The data of one tenant: current state, histories, documents and the outbox.
///
/// ```swift
/// let query = EntityQuery(condition: .type(sensor), limit: 10)
/// let page = try await store.entities(query, grant: readGrant)
/// let age = try await store.change(id, grant: writeGrant, at: now) { entity in
///     let change = EntityChange.update(of: entity.seen, …)
///     return (Changes(try entity.granted(change), history: …), change.age)
/// }
/// ```
///
/// ## What is promised
///
/// - *Grants.* A method that returns city data takes a grant and answers `query AND
///   grant.condition`, so that pages and counts are right. Attributes that the grant hides are
///   left out. A change affects only what its grant covers, before and after the change
///   (`GrantedEntity`, `GrantedEvolution`). A store does not look into the messages of the outbox:
///   the caller, who shows a grant for them, decides what of a message may be told.
/// - *One moment.* Each call of a reading method sees the data as it was at one moment, with all
///   or nothing of each transaction; so do all reads in the body of one `read`.
/// - *Transactions.* Changes, also those of documents, run as if one after the other, and each
///   sees what the ones before it have stored. A change that throws leaves nothing behind, and its
///   error reaches its caller alone.
/// - *Durability.* When a write has returned, every read that starts afterwards sees it. It lasts
///   as long as the store can make it last: SQLite's is on disk, the one in memory exists as long
///   as its `SharedMemory`.
/// - *Feed.* The transaction that changes a document also writes the change to the change feed,
///   for the kinds of documents that processes cache (`ChangeFeedPage`).
/// - *Names.* Identifiers mean the same on every store. An `instanceId` is computed from the
///   entity, the attribute, the `datasetId` and the instance's place in time (`InstanceName`). The
///   caller chooses the name of a snapshot. An offset counts the entities of one question in the
///   order that the question asks for, or in that of creation.
/// - *Errors.* Methods throw `StorageError`, and what the body of a change throws.
///
/// ## What is not promised
///
/// - Two reads, and also two pages of one question, may see different moments: entities that are
///   created or removed in between shift the pages. Read both in one body to have them at one
///   moment.
/// - Writes of two tasks have no particular order, unless one waits for the other.
/// - A store may refuse work that is too much for it: `overloaded`, `tookTooLong`,
///   `tooManyResults`.
/// - Numbers of the outbox and of the change feed grow and are unique; they may have gaps.
///
/// ## Misuse
///
/// - While the body of a change runs, no other write of the tenant proceeds. A body that waits for
///   another write of the same tenant waits for ever.
/// - The body of a change may run more than once, and its last result counts. It must depend on
///   its arguments alone: a body that also changes memory of the process changes it too often.
/// - A transaction may be used in its body alone. A change made through a transaction that was
///   kept longer is lost, or becomes part of somebody else's request.
package protocol TenantStore: DocumentStore {
    // MARK: Reading

    /// `ReadTransaction.encodedEntity` alone; often without a change of thread.
    func encodedEntity(_ id: EntityID, grant: ReadGrant) async throws -> EncodedEntity?
    /// `ReadTransaction.encodedEntities` alone; without a change of thread where the page is found
    /// quickly.
    func encodedEntities(
        _ query: EntityQuery,
        grant: ReadGrant
    ) async throws -> EntityPage<EncodedEntity>
    /// Runs `body` with a view of one moment and returns its result, or throws its error.
    ///
    /// Put all reads of a request that must be consistent into one body. It runs once, on a thread
    /// that may block, and has the time of one query. It holds one of a few connections, so it
    /// must not wait for anything else.
    func read<Answer: Sendable>(
        _ grant: ReadGrant,
        _ body: @escaping @Sendable (any ReadTransaction) throws -> Answer
    ) async throws -> Answer

    // MARK: Writing

    /// Changes one entity, and returns when the change is durable.
    ///
    /// `body` gets the entity as the grant shows it to its writer, without what has expired by
    /// `now` (with it, if `now` is nil). It runs on the store's writing thread. It does not run
    /// when the store refuses the request.
    func change<Answer: Sendable>(
        _ id: EntityID,
        grant: WriteGrant,
        at now: Timestamp?,
        _ body: @escaping @Sendable (GrantedEntity) throws -> (Changes, Answer)
    ) async throws -> Answer
    /// Changes several entities, one after the other; each change succeeds or fails for itself.
    ///
    /// `body` gets the index of the identifier, and the entity as the changes before it left it.
    /// Returns the outcomes of the first entities, at least of one: when they take long, the store
    /// lets other writes run in between, and the caller goes on with the rest. Throws when none of
    /// these changes is kept.
    func changeEach<Answer: Sendable>(
        _ ids: ArraySlice<EntityID>,
        grant: WriteGrant,
        at now: Timestamp?,
        _ body: @escaping @Sendable (Int, GrantedEntity) throws -> (Changes, Answer)
    ) async throws -> [Result<Answer, any Error>]
    /// Changes one temporal evolution, as `change` does for an entity.
    func changeEvolution<Answer: Sendable>(
        of id: EntityID,
        grant: WriteGrant,
        _ body: @escaping @Sendable (GrantedEvolution) throws -> (Changes, Answer)
    ) async throws -> Answer
    /// Removes a temporal evolution or a part of it, as far as the grant covers it; nil when there
    /// is no evolution, or none that the writer may change.
    ///
    /// Of a long history one call removes a part, so that other transactions run in between: call
    /// again with `next` until it is nil. A whole evolution of which nothing is hidden from the
    /// writer is removed at once, however long it is.
    func removeHistory(
        of id: EntityID,
        _ what: HistoryRemoval,
        from position: HistoryRemovalPosition?,
        grant: WriteGrant
    ) async throws -> HistoryRemovalStep?
    /// Stores entities and histories as they were kept elsewhere, in place of what is there.
    ///
    /// It is for copies that the hub itself made, never for the content of a request. The writes
    /// of `party` take turns with those of others; nil stands for the hub itself.
    func restore<Answer: Sendable>(
        _ grant: InternalGrant,
        for party: Party?,
        _ body: @escaping @Sendable (any StoreTransaction) throws -> Answer
    ) async throws -> Answer

    // MARK: Maintenance

    /// Throws when the store cannot read, or when its last write did not reach the disk and
    /// another attempt fails too.
    func probe() async throws

    /// The number of entities that have a current state.
    func entityCount(grant: InternalGrant) async throws -> Int
    /// The entities of which something has expired by `now` (clause 4.22), in the order of expiry.
    func expired(at now: Timestamp, limit: Int, grant: InternalGrant) async throws -> [EntityID]
    /// Removes or thins old history by the rules, in bounded steps between which other writes may
    /// run; returns the number of instances removed.
    func retain(_ rules: [RetentionRule], now: Timestamp, grant: InternalGrant) async throws -> Int
    /// Returns when the store's files hold nothing any more of what was removed before the call: neither in
    /// what is removed in the background, nor in a log.
    ///
    /// Throws `overloaded` when others leave no moment for that; it may be called again.
    func removeTraces() async throws
}

/// The part of a tenant's store beside city data: documents, and the outbox, whose messages need a
/// grant.
package protocol DocumentStore: Sendable {
    /// Every document of the kind, in the order of creation.
    func documents(_ kind: Document.Kind) async throws -> [Document]
    /// Calls the body with every document of the kind, in the order of creation and in portions: for kinds
    /// of which there are too many to be in memory at once.
    ///
    /// All are of one moment. The body runs on a thread of the store, and ends the reading by throwing.
    func documents(
        _ kind: Document.Kind,
        inPortionsOf count: Int,
        _ body: @escaping @Sendable ([Document]) throws -> Void
    ) async throws
    /// A page of the owner's documents of the kind, in the order of creation.
    ///
    /// Documents of other owners make it neither longer nor slower.
    func documents(
        _ kind: Document.Kind,
        of owner: String,
        offset: Int,
        limit: Int
    ) async throws -> [Document]
    /// The number of documents of the kind that the owner has.
    func documentCount(_ kind: Document.Kind, of owner: String) async throws -> Int
    /// The document, or nil when there is none.
    func document(_ kind: Document.Kind, id: String) async throws -> Document?
    /// The number of documents of the kind.
    func documentCount(_ kind: Document.Kind) async throws -> Int
    /// The documents of these kinds that changed after the number, with their present content, all
    /// of one moment.
    ///
    /// The number `nil` asks for the newest number alone. The call costs very little when nothing
    /// has changed.
    func feed(after number: Int64?, of kinds: Set<Document.Kind>) async throws -> ChangeFeedPage
    /// Waiting notifications with numbers above the one given, oldest first.
    func outbox(
        after sequence: Int64,
        limit: Int,
        grant: InternalGrant
    ) async throws -> [OutboxMessage]
    /// Whether a message waits that has not been claimed since it was added.
    func outboxHasUnclaimed() async throws -> Bool
    /// The present or last lease of the outbox; nil when no process has had one.
    func outboxLease() async throws -> OutboxLease?
    /// A waiting notification with all its content; nil when it does not wait any more.
    func outboxMessage(_ sequence: Int64, grant: ReadGrant) async throws -> OutboxMessage?
    /// The number of waiting notifications, and the time since which the oldest waits.
    func outboxDepth() async throws -> OutboxDepth
    /// Changes documents, and returns when the changes are durable.
    ///
    /// `body` returns what becomes of them, and may read only documents that `keys` names. It may
    /// run more than once. Documents are not city data, so no grant is needed.
    ///
    /// Also returns the changes that were added to the change feed; nil when there are none.
    func changeFollowedDocuments<Answer: Sendable>(
        reading keys: [DocumentKey],
        _ body: @escaping @Sendable (inout DocumentChanges) throws -> Answer
    ) async throws -> (answer: Answer, changes: OwnChanges?)
    /// Changes documents and the outbox directly: for code that delivers notifications.
    func bookkeep<Answer: Sendable>(
        _ body: @escaping @Sendable (any BookkeepingTransaction) throws -> Answer
    ) async throws -> Answer
}

extension DocumentStore {
    /// `changeFollowedDocuments` without the changes of the change feed.
    package func changeDocuments<Answer: Sendable>(
        reading keys: [DocumentKey],
        _ body: @escaping @Sendable (inout DocumentChanges) throws -> Answer
    ) async throws -> Answer {
        try await changeFollowedDocuments(reading: keys, body).answer
    }
}

extension TenantStore {
    /// Returns `encodedEntity` as a value.
    package func entity(_ id: EntityID, grant: ReadGrant) async throws -> Entity? {
        try await encodedEntity(id, grant: grant)?.value()
    }

    /// Returns the page of `encodedEntities` as values.
    package func entities(
        _ query: EntityQuery,
        grant: ReadGrant
    ) async throws -> EntityPage<Entity> {
        try await encodedEntities(query, grant: grant).decoded()
    }

    /// `ReadTransaction.identifiers` alone.
    package func identifiers(_ query: EntityQuery, grant: ReadGrant) async throws -> [EntityID] {
        try await read(grant) { try $0.identifiers(query) }
    }

    /// `ReadTransaction.shapes` alone.
    package func shapes(grant: ReadGrant) async throws -> [EntityShape] {
        try await read(grant) { try $0.shapes() }
    }

    /// `ReadTransaction.evolutions` alone.
    package func evolutions(
        _ query: TemporalQuery,
        grant: ReadGrant
    ) async throws -> EvolutionPage {
        try await read(grant) { try $0.evolutions(query) }
    }
}
