package import ContextModel
package import Governance

/// The data of one tenant: current state, histories, documents and the outbox.
///
/// ```swift
/// let query = EntityQuery(condition: .type(sensor), limit: 10)
/// let page = try await store.entities(query, grant: readGrant)
/// let wasThere = try await store.write(writeGrant) { transaction in try transaction.remove(id) }
/// ```
///
/// ## What is promised
///
/// - *Grants.* A method that returns city data takes a grant and answers `query AND
///   grant.condition`, so that pages and counts are right. What it returns is already shaped by the
///   grant: attributes that it hides are left out. A store does not look into the messages of the
///   outbox: it gives them out for a grant, and whoever has it decides what of one may be told.
/// - *One moment.* Each call of a reading method sees the data as it was at one moment, with all or
///   nothing of each transaction; so do all reads in the body of one `read`.
/// - *Transactions.* Bodies of `write` and `bookkeep` run one after the other. One that throws
///   leaves nothing behind, and its error reaches its caller alone.
/// - *Done is done.* When a write has returned, every read that starts afterwards sees it, and the
///   store keeps it as well as it keeps anything: SQLite's is on disk, the one in memory lasts as
///   long as its `SharedMemory`.
/// - *Names.* Identifiers mean the same on every store. An `instanceId` is made of the entity, the
///   attribute, the `datasetId` and the instance's place in time (`InstanceName`); the name of a
///   snapshot is its maker's choice; an offset counts the entities of one question in the order
///   that the question asks for, or in that of creation.
/// - *Errors.* Methods throw `StorageError`, and what the body of a transaction throws.
///
/// ## What is not promised
///
/// - Two reads, also two pages of one question, may see different moments: what is created or
///   removed meanwhile shifts the pages. Read them in one body to have them at one moment.
/// - Writes of two tasks come in no particular order, unless one waits for the other.
/// - A store may refuse what is too much for it: `overloaded`, `tookTooLong`, `tooManyResults`.
/// - Numbers of the outbox grow and are never given twice; they need not be without gaps.
///
/// ## Misuse
///
/// - The body of a transaction holds up all others that write for as long as it runs. One that
///   waits for another write of the same tenant waits for ever.
/// - A transaction may be used in its body alone. What is done with one that is kept beyond it is
///   lost, or becomes part of somebody else's request.
/// - A body that reads memory which others change sees that at the moment of its turn, not of the
///   call.
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

    /// Runs `body` in a transaction, and returns when what it did is kept.
    ///
    /// `body` runs at most once, on the store's writing thread, and not at all when the store
    /// refuses the request. What it throws undoes all that it did, and nothing of other requests.
    func write<Answer: Sendable>(
        _ grant: WriteGrant,
        _ body: @escaping @Sendable (any WriteTransaction) throws -> Answer
    ) async throws -> Answer

    // MARK: Upkeep

    /// Throws when the store cannot read, or when its last write did not reach the disk and another
    /// try does not either.
    func probe() async throws

    /// How many entities there are, those aside that have history only.
    func entityCount(grant: InternalGrant) async throws -> Int
    /// Entities of which something has expired by then (clause 4.22), what expired first first.
    func expired(at now: Timestamp, limit: Int, grant: InternalGrant) async throws -> [EntityID]
    /// Removes or thins history as the rules say, a bounded step at a time; returns how many
    /// instances went.
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
    /// Waiting notifications with numbers above the one given, oldest first.
    func outbox(
        after sequence: Int64,
        limit: Int,
        grant: InternalGrant
    ) async throws -> [OutboxMessage]
    /// One waiting notification, whole; nil when it waits no more.
    func outboxMessage(_ sequence: Int64, grant: ReadGrant) async throws -> OutboxMessage?
    /// How many notifications wait, and since when the oldest does.
    func outboxDepth() async throws -> OutboxDepth
    /// Changes documents or the outbox only; the hub's own bookkeeping needs no caller's right.
    func bookkeep<Answer: Sendable>(
        _ body: @escaping @Sendable (any BookkeepingTransaction) throws -> Answer
    ) async throws -> Answer
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

/// The part of a transaction that touches no city data.
package protocol BookkeepingTransaction: AnyObject {
    func document(_ kind: Document.Kind, id: String) throws -> Document?
    /// Every document of the kind, in the order of creation.
    func documents(_ kind: Document.Kind) throws -> [Document]
    /// How many documents of the kind there are.
    func documentCount(_ kind: Document.Kind) throws -> Int
    func put(_ document: Document) throws
    /// False when there was none.
    func removeDocument(_ kind: Document.Kind, id: String) throws -> Bool
    /// Puts a notification into the outbox, once for all who get it; it is delivered after the
    /// commit, at least once. Returns its number, higher than that of any before it.
    func enqueue(_ body: [UInt8], to recipients: [String], at: Timestamp) throws -> Int64
    /// One waiting notification; nil when it waits no more.
    func outboxMessage(_ sequence: Int64, grant: InternalGrant) throws -> OutboxMessage?
    /// Leaves only those of its recipients who have not got it yet.
    func narrowOutbox(_ sequence: Int64, to recipients: [String]) throws
    /// Takes delivered or abandoned notifications out of the outbox.
    func removeFromOutbox(_ sequences: [Int64]) throws
    /// The documents of a kind and how many bytes each has, the oldest first.
    func documentSizes(_ kind: Document.Kind) throws -> [(id: String, bytes: Int)]
    /// Runs `action` once the transaction is on disk, in the order of the requests, and not at all
    /// when it is undone: on the store's writing thread, so it must be quick.
    func afterCommit(_ action: @escaping @Sendable () -> Void)
}

/// One request's view of the store while it writes.
package protocol WriteTransaction: BookkeepingTransaction {
    func entity(_ id: EntityID, grant: InternalGrant) throws -> Entity?
    /// Creates or replaces the current state of the entity.
    ///
    /// Of one that would take more bytes than an entity may, it writes nothing and throws
    /// `.entityTooLarge`; the transaction goes on.
    func put(_ entity: Entity) throws
    /// False when there was no such entity. History stays.
    func remove(_ id: EntityID) throws -> Bool
    /// Adds instances to the temporal evolution. An instance that is there already, by entity,
    /// name, `datasetId`, time and content, is not added twice, as long as it is one of the newest
    /// `EvolutionLimits.comparedAtMoment` of its time.
    /// Its `instanceID`, where absent, is made by the store.
    /// With `correcting`, an instance that was observed at the moment of one that is there takes
    /// its place and keeps its `createdAt` (clause 4.8); without, both stay.
    func appendHistory(
        _ id: EntityID,
        types: [IRI],
        scopes: [String],
        _ changes: [NamedAttribute],
        correcting: Bool
    )
        throws
    /// The entity of a temporal evolution, nil when there is no evolution;
    /// as far as it is known: current state, or else the types and scopes its history remembers.
    func evolving(_ id: EntityID, grant: InternalGrant) throws -> Entity?
    /// Removes the whole evolution, or one attribute's, or one instance of it. `datasetID` is ignored
    /// with `.allInstances`.
    ///
    /// Of what is long, one call removes a part, so that others' transactions come between: whoever
    /// calls goes on from `next`, in transactions that follow, until there is none. A whole evolution
    /// of which nothing is hidden from the writer goes at once, however long it is.
    func removeHistory(
        _ id: EntityID,
        _ what: HistoryRemoval,
        from position: HistoryRemovalPosition?
    ) throws -> HistoryRemovalStep
    /// Replaces one instance, which keeps its `createdAt`; false when there is none of that
    /// identifier.
    func modifyHistory(
        _ id: EntityID,
        name: IRI,
        instanceID: String,
        _ attribute: Attribute
    ) throws
        -> Bool
}

/// What one call of `removeHistory` has done.
package struct HistoryRemovalStep: Sendable {
    package var hasRemoved: Bool
    /// Where the next call goes on; nil when all is done.
    package var next: HistoryRemovalPosition?

    package init(hasRemoved: Bool = false, next: HistoryRemovalPosition? = nil) {
        self.hasRemoved = hasRemoved
        self.next = next
    }
}

/// How far the removal of a long history has come, in numbers that mean something to its store.
package struct HistoryRemovalPosition: Sendable {
    package var name = Int64.min
    package var dataset = Int64.min
    package var time = Int64.min
    package var sequence = Int64.min
    /// Whether what is sealed was gone through.
    package var isPastSegments = false

    package init() {}
}

/// What to remove of a temporal evolution (clauses 5.6.13, 5.6.15 and 5.6.16).
package enum HistoryRemoval: Sendable {
    case everything
    case attribute(IRI, datasetID: String?)
    case allInstances(IRI)
    case instance(IRI, instanceID: String)
}
