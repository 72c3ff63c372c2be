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
///   grant.condition`, so that pages and counts are right. What it returns is already shaped by the
///   grant: attributes that it hides are left out. A change touches what its grant covers, before
///   and after it, and nothing else (`GrantedEntity`, `GrantedEvolution`). A store does not look into
///   the messages of the outbox: it gives them out for a grant, and whoever has it decides what of
///   one may be told.
/// - *One moment.* Each call of a reading method sees the data as it was at one moment, with all or
///   nothing of each transaction; so do all reads in the body of one `read`.
/// - *Transactions.* Changes, also those of documents, are made as if one after the other, each of what is stored by then. One
///   that throws leaves nothing behind, and its error reaches its caller alone.
/// - *Done is done.* When a write has returned, every read that starts afterwards sees it, and the
///   store keeps it as well as it keeps anything: SQLite's is on disk, the one in memory lasts as
///   long as its `SharedMemory`.
/// - *Feed.* The transaction that changes a document writes the change to the change feed as well, for
///   the kinds of documents that processes cache (`ChangeFeedPage`).
/// - *Names.* Identifiers mean the same on every store. An `instanceId` is made of the entity, the
///   attribute, the `datasetId` and the instance's place in time (`InstanceName`); the name of a
///   snapshot is its maker's choice; an offset counts the entities of one question in the order
///   that the question asks for, or in that of creation.
/// - *Errors.* Methods throw `StorageError`, and what the body of a change throws.
///
/// ## What is not promised
///
/// - Two reads, also two pages of one question, may see different moments: what is created or
///   removed meanwhile shifts the pages. Read them in one body to have them at one moment.
/// - Writes of two tasks come in no particular order, unless one waits for the other.
/// - A store may refuse what is too much for it: `overloaded`, `tookTooLong`, `tooManyResults`.
/// - Numbers of the outbox and of the change feed grow, and no two messages, and no two changes, have
///   the same; they need not be without gaps.
///
/// ## Misuse
///
/// - The body of a change holds up all others that write for as long as it runs. One that
///   waits for another write of the same tenant waits for ever.
/// - The body of a change may run more than once, and what it returned last counts. It is made of
///   what it is given alone: one that changes memory of the process does so once too often.
/// - A transaction may be used in its body alone. What is done with one that is kept beyond it is
///   lost, or becomes part of somebody else's request.
package protocol TenantStore: DocumentStore {
    // MARK: Reading

    /// `ReadTransaction.encodedEntity` alone, the shortest way: often without another thread.
    func encodedEntity(_ id: EntityID, grant: ReadGrant) async throws -> EncodedEntity?
    /// `ReadTransaction.encodedEntities` alone: without another thread where the page is soon found.
    func encodedEntities(
        _ query: EntityQuery,
        grant: ReadGrant
    ) async throws -> EntityPage<EncodedEntity>
    /// Runs `body` with a view of one moment, and returns what it returns.
    ///
    /// All reads of a request that must fit together belong into one body. It runs once, on a thread
    /// that may block, and has the time of one query: a body that waits for something else holds
    /// one of the few connections. What it throws is thrown.
    func read<Answer: Sendable>(
        _ grant: ReadGrant,
        _ body: @escaping @Sendable (any ReadTransaction) throws -> Answer
    ) async throws -> Answer

    // MARK: Writing

    /// Changes one entity, and returns when the change is kept.
    ///
    /// `body` gets the entity as the grant lets its writer know it, without what has expired by then
    /// (with it, if `now` is nil). It runs on the store's writing thread, and not at all when the
    /// store refuses the request.
    func change<Answer: Sendable>(
        _ id: EntityID,
        grant: WriteGrant,
        at now: Timestamp?,
        _ body: @escaping @Sendable (GrantedEntity) throws -> (Changes, Answer)
    ) async throws -> Answer
    /// Changes one entity after the other; each change is kept or refused for itself.
    ///
    /// `body` gets the index of the identifier and the entity, as it is after the changes before.
    /// Returns what became of the first of them, at least of one: when they take long, the store lets
    /// others' writes come between. Throws when none of these changes is kept.
    func changeEach<Answer: Sendable>(
        _ ids: ArraySlice<EntityID>,
        grant: WriteGrant,
        at now: Timestamp?,
        _ body: @escaping @Sendable (Int, GrantedEntity) throws -> (Changes, Answer)
    ) async throws -> [Result<Answer, any Error>]
    /// Changes one temporal evolution, as `change` does an entity.
    func changeEvolution<Answer: Sendable>(
        of id: EntityID,
        grant: WriteGrant,
        _ body: @escaping @Sendable (GrantedEvolution) throws -> (Changes, Answer)
    ) async throws -> Answer
    /// Removes a temporal evolution or a part of it, as far as the grant covers it; nil when there is no
    /// evolution, or none that the writer may touch.
    ///
    /// Of what is long, one call removes a part, so that others' transactions come between: whoever
    /// calls goes on from `next` until there is none. A whole evolution of which nothing is hidden
    /// from the writer goes at once, however long it is.
    func removeHistory(
        of id: EntityID,
        _ what: HistoryRemoval,
        from position: HistoryRemovalPosition?,
        grant: WriteGrant
    ) async throws -> HistoryRemovalStep?
    /// Stores entities and histories as they were kept elsewhere, whatever is there: the hub's own
    /// copies, never what a request says.
    ///
    /// The writes of the party take turns with those of others; nil stands for the hub itself.
    func restore<Answer: Sendable>(
        _ grant: InternalGrant,
        for party: Party?,
        _ body: @escaping @Sendable (any StoreTransaction) throws -> Answer
    ) async throws -> Answer

    // MARK: Upkeep

    /// Throws when the store cannot read, or when its last write did not reach the disk and another
    /// try does not either.
    func probe() async throws

    /// How many entities there are, those aside that have history only.
    func entityCount(grant: InternalGrant) async throws -> Int
    /// Entities of which something has expired by then (clause 4.22), what expired first first.
    func expired(at now: Timestamp, limit: Int, grant: InternalGrant) async throws -> [EntityID]
    /// Removes or thins old history by the rules, in bounded steps between which other writes may run;
    /// returns the number of instances removed.
    func retain(_ rules: [RetentionRule], now: Timestamp, grant: InternalGrant) async throws -> Int
}

/// What a store promises besides city data: documents, and the outbox, whose messages take a grant.
package protocol DocumentStore: Sendable {
    /// Every document of the kind, in the order of creation.
    func documents(_ kind: Document.Kind) async throws -> [Document]
    /// A page of the owner's documents of the kind, in the order of creation.
    ///
    /// What others have makes it neither longer nor slower.
    func documents(
        _ kind: Document.Kind,
        of owner: String,
        offset: Int,
        limit: Int
    ) async throws -> [Document]
    /// How many documents of the kind the owner has.
    func documentCount(_ kind: Document.Kind, of owner: String) async throws -> Int
    /// The document, or nil when there is none.
    func document(_ kind: Document.Kind, id: String) async throws -> Document?
    /// How many documents of the kind there are.
    func documentCount(_ kind: Document.Kind) async throws -> Int
    /// The documents of these kinds that changed after the number, with what they are now, all of one
    /// moment; `nil` asks for the newest number alone.
    ///
    /// Costs next to nothing when there is no change.
    func feed(after number: Int64?, of kinds: Set<Document.Kind>) async throws -> ChangeFeedPage
    /// Waiting notifications with numbers above the one given, oldest first.
    func outbox(
        after sequence: Int64,
        limit: Int,
        grant: InternalGrant
    ) async throws -> [OutboxMessage]
    /// Whether a message waits that nobody has claimed since it was put there.
    func outboxHasUnclaimed() async throws -> Bool
    /// Who delivers what waits, and until when; nil when nobody has done so yet.
    func outboxLease() async throws -> OutboxLease?
    /// One waiting notification, whole; nil when it waits no more.
    func outboxMessage(_ sequence: Int64, grant: ReadGrant) async throws -> OutboxMessage?
    /// How many notifications wait, and since when the oldest does.
    func outboxDepth() async throws -> OutboxDepth
    /// Changes documents, and returns when the changes are kept.
    ///
    /// `body` gives what becomes of them, and reads what it names by `keys` alone. It may run more
    /// than once. Documents are not city data: no caller's right is asked.
    ///
    /// Returns as well what the change feed says of it; nil when that says nothing.
    func changeFollowedDocuments<Answer: Sendable>(
        reading keys: [DocumentKey],
        _ body: @escaping @Sendable (inout DocumentChanges) throws -> Answer
    ) async throws -> (answer: Answer, changes: OwnChanges?)
    /// Changes documents or the outbox as it goes: for those who deliver what waits in the outbox.
    func bookkeep<Answer: Sendable>(
        _ body: @escaping @Sendable (any BookkeepingTransaction) throws -> Answer
    ) async throws -> Answer
}

extension DocumentStore {
    /// `changeFollowedDocuments` for those who need not know what the change feed says.
    package func changeDocuments<Answer: Sendable>(
        reading keys: [DocumentKey],
        _ body: @escaping @Sendable (inout DocumentChanges) throws -> Answer
    ) async throws -> Answer {
        try await changeFollowedDocuments(reading: keys, body).answer
    }
}

extension TenantStore {
    /// `encodedEntity` as a value.
    package func entity(_ id: EntityID, grant: ReadGrant) async throws -> Entity? {
        try await encodedEntity(id, grant: grant)?.value()
    }

    /// `encodedEntities` as values.
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
