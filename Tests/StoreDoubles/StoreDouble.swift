package import ContextModel
package import Governance
package import Storage
import Synchronization

/// A store that misbehaves in one way, to show that a test would notice.
package struct StoreDouble: Store {
    /// The misbehaviour.
    package enum Habit: Sendable {
        /// It runs the body of each change twice and applies the second result.
        case runsBodiesTwice
        /// It passes this grant in place of the writer's.
        case grants(WriteGrant)
        /// It runs other work, once, between a read and the next operation of the reader.
        case interrupts(Interruption)
        /// It throws the error that the closure returns for a question.
        case fails(@Sendable (Question) -> (any Error)?)
    }

    /// The questions that a store can fail to answer.
    package enum Question: Sendable, Equatable {
        case feed
        case documents(Document.Kind)
    }
    private let base: any Store
    private let habit: Habit

    package init(_ base: any Store, _ habit: Habit) {
        self.base = base
        self.habit = habit
    }

    private func double(_ tenant: any TenantStore) -> any TenantStore {
        TenantDouble(base: tenant, habit: habit)
    }

    package func tenant(_ name: TenantName?) async throws -> (any TenantStore)? {
        try await base.tenant(name).map(double)
    }

    package func makeTenant(_ name: TenantName?) async throws -> any TenantStore {
        double(try await base.makeTenant(name))
    }

    package var tenantNames: [TenantName] { get async { await base.tenantNames } }

    package var isShared: Bool { base.isShared }

    package var openStores: [any TenantStore] { base.openStores.map(double) }

    package func makeSnapshot(_ name: TenantName) async throws -> any TenantStore {
        double(try await base.makeSnapshot(name))
    }

    package func removeSnapshot(_ name: TenantName) async throws {
        try await base.removeSnapshot(name)
    }

    package func removeSnapshots(except names: [TenantName]) async throws {
        try await base.removeSnapshots(except: names)
    }

    package func close() async { await base.close() }
}

/// The work of others between a read and a write of one request.
package final class Interruption: Sendable {
    private let work = Mutex<(@Sendable () async throws -> Void)?>(nil)

    package init() {}

    /// Schedules the work after the next read.
    package func schedule(_ work: @escaping @Sendable () async throws -> Void) {
        self.work.withLock { $0 = work }
    }

    fileprivate func happen() async throws { try await work.withLock { $0.take() }?() }
}

/// The writing side of a double; reads pass through unchanged.
private struct TenantDouble: TenantStore {
    let base: any TenantStore
    let habit: StoreDouble.Habit

    private func grant(_ given: WriteGrant) -> WriteGrant {
        if case .grants(let grant) = habit { return grant }
        return given
    }

    private func failIfSo(_ question: StoreDouble.Question) throws {
        if case .fails(let failure) = habit, let error = failure(question) { throw error }
    }

    /// Runs the body as often as the habit demands; an error of the first run must be thrown
    /// again.
    private func run<Stored, Answer>(
        _ stored: Stored,
        _ body: (Stored) throws -> Answer
    ) throws -> Answer {
        guard case .runsBodiesTwice = habit else { return try body(stored) }
        let first = Result { try body(stored) }
        let second = Result { try body(stored) }
        precondition(
            first.hasSucceeded == second.hasSucceeded,
            "a body that is run again does something else"
        )
        return try second.get()
    }

    // MARK: Writing

    func change<Answer: Sendable>(
        _ id: EntityID,
        grant: WriteGrant,
        at now: Timestamp?,
        _ body: @escaping @Sendable (GrantedEntity) throws -> (Changes, Answer)
    ) async throws -> Answer {
        try await base.change(id, grant: self.grant(grant), at: now) { try run($0, body) }
    }

    func changeEach<Answer: Sendable>(
        _ ids: ArraySlice<EntityID>,
        grant: WriteGrant,
        at now: Timestamp?,
        _ body: @escaping @Sendable (Int, GrantedEntity) throws -> (Changes, Answer)
    ) async throws -> [Result<Answer, any Error>] {
        try await base.changeEach(ids, grant: self.grant(grant), at: now) { index, entity in
            try run(entity) { try body(index, $0) }
        }
    }

    func changeEvolution<Answer: Sendable>(
        of id: EntityID,
        grant: WriteGrant,
        _ body: @escaping @Sendable (GrantedEvolution) throws -> (Changes, Answer)
    ) async throws -> Answer {
        try await base.changeEvolution(of: id, grant: self.grant(grant)) { try run($0, body) }
    }

    func removeHistory(
        of id: EntityID,
        _ what: HistoryRemoval,
        from position: HistoryRemovalPosition?,
        grant: WriteGrant
    ) async throws -> HistoryRemovalStep? {
        try await base.removeHistory(of: id, what, from: position, grant: self.grant(grant))
    }

    func changeFollowedDocuments<Answer: Sendable>(
        reading keys: [DocumentKey],
        _ body: @escaping @Sendable (inout DocumentChanges) throws -> Answer
    ) async throws -> (answer: Answer, changes: OwnChanges?) {
        try await base.changeFollowedDocuments(reading: keys) { changes in
            let unchanged = changes
            return try run(()) { _ in
                changes = unchanged
                return try body(&changes)
            }
        }
    }

    func removeTraces() async throws { try await base.removeTraces() }

    func bookkeep<Answer: Sendable>(
        _ body: @escaping @Sendable (any BookkeepingTransaction) throws -> Answer
    ) async throws -> Answer {
        try await base.bookkeep(body)
    }

    func restore<Answer: Sendable>(
        _ grant: InternalGrant,
        for party: Party?,
        _ body: @escaping @Sendable (any StoreTransaction) throws -> Answer
    ) async throws -> Answer {
        try await base.restore(grant, for: party, body)
    }

    // MARK: Reading

    func encodedEntity(_ id: EntityID, grant: ReadGrant) async throws -> EncodedEntity? {
        try await base.encodedEntity(id, grant: grant)
    }

    func encodedEntities(
        _ query: EntityQuery,
        grant: ReadGrant
    ) async throws -> EntityPage<EncodedEntity> {
        try await base.encodedEntities(query, grant: grant)
    }

    func read<Answer: Sendable>(
        _ grant: ReadGrant,
        _ body: @escaping @Sendable (any ReadTransaction) throws -> Answer
    ) async throws -> Answer {
        let answer = try await base.read(grant, body)
        if case .interrupts(let interruption) = habit { try await interruption.happen() }
        return answer
    }

    // MARK: Documents

    func documents(_ kind: Document.Kind) async throws -> [Document] {
        try failIfSo(.documents(kind))
        return try await base.documents(kind)
    }

    func documents(
        _ kind: Document.Kind,
        inPortionsOf count: Int,
        _ body: @escaping @Sendable ([Document]) throws -> Void
    ) async throws {
        try failIfSo(.documents(kind))
        try await base.documents(kind, inPortionsOf: count, body)
    }

    func documents(
        _ kind: Document.Kind,
        of owner: String,
        offset: Int,
        limit: Int
    ) async throws -> [Document] {
        try failIfSo(.documents(kind))
        return try await base.documents(kind, of: owner, offset: offset, limit: limit)
    }

    func documentCount(_ kind: Document.Kind, of owner: String) async throws -> Int {
        try await base.documentCount(kind, of: owner)
    }

    func document(_ kind: Document.Kind, id: String) async throws -> Document? {
        try await base.document(kind, id: id)
    }

    func documentCount(_ kind: Document.Kind) async throws -> Int {
        try await base.documentCount(kind)
    }

    func feed(
        after number: Int64?,
        of kinds: Set<Document.Kind>
    ) async throws -> ChangeFeedPage {
        try failIfSo(.feed)
        return try await base.feed(after: number, of: kinds)
    }

    func outbox(
        after sequence: Int64,
        limit: Int,
        grant: InternalGrant
    ) async throws -> [OutboxMessage] {
        try await base.outbox(after: sequence, limit: limit, grant: grant)
    }

    func outboxMessage(_ sequence: Int64, grant: ReadGrant) async throws -> OutboxMessage? {
        try await base.outboxMessage(sequence, grant: grant)
    }

    func outboxHasUnclaimed() async throws -> Bool { try await base.outboxHasUnclaimed() }

    func outboxLease() async throws -> OutboxLease? { try await base.outboxLease() }

    func outboxDepth() async throws -> OutboxDepth { try await base.outboxDepth() }

    // MARK: Maintenance

    func probe() async throws { try await base.probe() }

    func entityCount(grant: InternalGrant) async throws -> Int {
        try await base.entityCount(grant: grant)
    }

    func expired(
        at now: Timestamp,
        limit: Int,
        grant: InternalGrant
    ) async throws -> [EntityID] {
        try await base.expired(at: now, limit: limit, grant: grant)
    }

    func retain(
        _ rules: [RetentionRule],
        now: Timestamp,
        grant: InternalGrant
    ) async throws -> Int {
        try await base.retain(rules, now: now, grant: grant)
    }
}

extension Result {
    fileprivate var hasSucceeded: Bool { (try? get()) != nil }
}
