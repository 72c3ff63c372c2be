package import ContextModel
package import Governance
package import Storage
internal import Synchronization

/// A store of one tenant in memory.
///
/// A read uses a copy of one moment and does not wait for writes. A write copies the tables that
/// it changes, so its cost grows with the number of entities.
package final class MemoryTenantStore: TenantStore {
    private let memory: TenantMemory
    private let clock: @Sendable () -> Timestamp
    private let isClosed = Atomic(false)

    init(_ memory: TenantMemory, clock: @escaping @Sendable () -> Timestamp) {
        self.memory = memory
        self.clock = clock
    }

    private func requireOpen() throws(StorageError) {
        guard !isClosed.load(ordering: .acquiring) else {
            throw StorageError(.closed, note: "the store is closed")
        }
    }

    private func state() throws(StorageError) -> TenantState {
        try requireOpen()
        return try memory.state()
    }

    // MARK: Reading

    package func encodedEntity(
        _ id: EntityID,
        grant: ReadGrant
    ) async throws -> EncodedEntity? {
        try state().entity(id, at: clock(), grant: grant)
    }

    package func encodedEntities(
        _ query: EntityQuery,
        grant: ReadGrant
    ) async throws -> EntityPage<EncodedEntity> {
        try state().page(query, at: clock(), grant: grant)
    }

    package func read<Answer: Sendable>(
        _ grant: ReadGrant,
        _ body: @escaping @Sendable (any ReadTransaction) throws -> Answer
    ) async throws -> Answer {
        let transaction = MemoryReadTransaction(state: try state(), grant: grant, now: clock())
        return try await withCheckedThrowingContinuation { continuation in
            memory.beginReading {
                continuation.resume(with: Result { try body(transaction) })
            }
        }
    }

    /// Memory keeps nothing of what was removed.
    package func removeTraces() async throws { try requireOpen() }

    // MARK: Writing

    package func change<Answer: Sendable>(
        _ id: EntityID,
        grant: WriteGrant,
        at now: Timestamp?,
        _ body: @escaping @Sendable (GrantedEntity) throws -> (Changes, Answer)
    ) async throws -> Answer {
        try requireOpen()
        return try await memory.transact(granted: grant) {
            try $0.change(id, grant: grant, at: now, body)
        }
    }

    package func changeEach<Answer: Sendable>(
        _ ids: ArraySlice<EntityID>,
        grant: WriteGrant,
        at now: Timestamp?,
        _ body: @escaping @Sendable (Int, GrantedEntity) throws -> (Changes, Answer)
    ) async throws -> [Result<Answer, any Error>] {
        try requireOpen()
        return try await memory.transact(granted: grant) { [clock, memory] in
            try $0.changeEach(
                ids,
                grant: grant,
                at: now,
                clock: clock,
                othersWait: { memory.othersWait },
                body
            )
        }
    }

    package func changeEvolution<Answer: Sendable>(
        of id: EntityID,
        grant: WriteGrant,
        _ body: @escaping @Sendable (GrantedEvolution) throws -> (Changes, Answer)
    ) async throws -> Answer {
        try requireOpen()
        return try await memory.transact(granted: grant) {
            try $0.changeEvolution(of: id, grant: grant, body)
        }
    }

    package func removeHistory(
        of id: EntityID,
        _ what: HistoryRemoval,
        from position: HistoryRemovalPosition?,
        grant: WriteGrant
    ) async throws -> HistoryRemovalStep? {
        try requireOpen()
        return try await memory.transact(granted: grant) {
            try $0.removeHistory(of: id, what, from: position, grant: grant)
        }
    }

    package func restore<Answer: Sendable>(
        _ grant: InternalGrant,
        for party: Party?,
        _ body: @escaping @Sendable (any StoreTransaction) throws -> Answer
    ) async throws -> Answer {
        try requireOpen()
        return try await memory.transact(body)
    }

    package func changeFollowedDocuments<Answer: Sendable>(
        reading keys: [DocumentKey],
        _ body: @escaping @Sendable (inout DocumentChanges) throws -> Answer
    ) async throws -> (answer: Answer, changes: OwnChanges?) {
        try requireOpen()
        return try await memory.transact {
            try $0.changeFollowedDocuments(reading: keys, body)
        }
    }

    package func bookkeep<Answer: Sendable>(
        _ body: @escaping @Sendable (any BookkeepingTransaction) throws -> Answer
    ) async throws -> Answer {
        try requireOpen()
        return try await memory.transact(body)
    }

    // MARK: Documents and the outbox

    package func documents(_ kind: Document.Kind) async throws -> [Document] {
        try state().documents(kind)
    }

    package func documents(
        _ kind: Document.Kind,
        inPortionsOf count: Int,
        _ body: @escaping @Sendable ([Document]) throws -> Void
    ) async throws {
        var rest = try state().documents(kind)[...]
        while !rest.isEmpty {
            try body(Array(rest.prefix(count)))
            rest = rest.dropFirst(count)
        }
    }

    package func documents(
        _ kind: Document.Kind,
        of owner: String,
        offset: Int,
        limit: Int
    ) async throws -> [Document] {
        let owned = try state().documents(kind).filter { $0.owner == owner }
        return Array(owned.dropFirst(offset).prefix(limit))
    }

    package func documentCount(_ kind: Document.Kind, of owner: String) async throws -> Int {
        try state().documents(kind).count { $0.owner == owner }
    }

    package func document(_ kind: Document.Kind, id: String) async throws -> Document? {
        try state().document(kind, id: id)
    }

    package func documentCount(_ kind: Document.Kind) async throws -> Int {
        try state().documentCount(kind)
    }

    package func feed(
        after number: Int64?,
        of kinds: Set<Document.Kind>
    ) async throws -> ChangeFeedPage {
        try state().feedPage(after: number, of: kinds)
    }

    package func outbox(
        after sequence: Int64,
        limit: Int,
        grant: InternalGrant
    ) async throws -> [OutboxMessage] {
        try state().outbox.elements.lazy.map(\.message).filter { $0.sequence > sequence }
            .prefix(limit).map(\.self)
    }

    package func outboxMessage(
        _ sequence: Int64,
        grant: ReadGrant
    ) async throws -> OutboxMessage? {
        try state().outbox[sequence]?.message
    }

    package func outboxHasUnclaimed() async throws -> Bool {
        try !state().unclaimed.isEmpty
    }

    package func outboxLease() async throws -> OutboxLease? { try state().lease }

    package func outboxDepth() async throws -> OutboxDepth { try state().outboxDepth }

    package func probe() async throws { _ = try state() }

    // MARK: Maintenance

    package func entityCount(grant: InternalGrant) async throws -> Int {
        try state().entities.elements.count(where: \.isCurrent)
    }

    package func expired(
        at now: Timestamp,
        limit: Int,
        grant: InternalGrant
    ) async throws -> [EntityID] {
        try state().expired(at: now, limit: limit)
    }

    package func retain(
        _ rules: [RetentionRule],
        now: Timestamp,
        grant: InternalGrant
    ) async throws -> Int {
        try requireOpen()
        return try await memory.transact { $0.retain(rules, now: now) }
    }

    /// Refuses new requests, and waits for those accepted before.
    func close() async {
        isClosed.store(true, ordering: .releasing)
        await memory.settle()
    }
}
