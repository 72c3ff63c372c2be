package import ContextModel
package import Governance
package import Storage
internal import Synchronization

/// The promises of a store, kept by one SQLite file.
package final class SQLiteTenantStore: TenantStore {
    private let committer: Committer
    private let writer: Writer
    private let readers: ConnectionPool
    private let clock: @Sendable () -> Timestamp

    /// Opens the file, making or migrating it if need be. Blocks.
    init(path: String, clock: @escaping @Sendable () -> Timestamp) throws {
        try Schema.migrate(path: path)
        writer = try Writer(path: path)
        committer = Committer(writer: writer)
        readers = try ConnectionPool(path: path)
        self.clock = clock
    }

    private var vocabulary: Vocabulary { writer.shared.withLock { $0 } }

    // MARK: Current state

    package func entity(_ id: EntityID, grant: ReadGrant) async throws -> Entity? {
        let now = clock()
        let immediate = try readers.immediately { try $0.entity(id, now: now, grant: grant) }
        if let immediate { return immediate }
        return try await readers.run { try $0.entity(id, now: now, grant: grant) }
    }

    package func entities(_ query: EntityQuery, grant: ReadGrant) async throws -> EntityPage {
        let condition = query.condition.and(grant.condition)
        let now = clock()
        return try await readers.run { [self] reader in
            try reader.snapshot {
                let plan = EntityPlan(condition, vocabulary: vocabulary, now: now)
                return try reader.page(query, plan: plan, grant: grant)
            }
        }
    }

    package func shapes(grant: ReadGrant) async throws -> [EntityShape] {
        let now = clock()
        return try await readers.run { [self] reader in
            try reader.snapshot {
                let plan = EntityPlan(grant.condition, vocabulary: vocabulary, now: now)
                return try reader.shapes(plan: plan, grant: grant)
            }
        }
    }

    // MARK: History

    package func evolutions(
        _ query: TemporalQuery,
        grant: ReadGrant
    ) async throws -> EvolutionPage {
        let now = clock()
        return try await readers.run { [self] reader in
            try reader.snapshot {
                try EvolutionSearch(
                    query,
                    grant: grant,
                    vocabulary: vocabulary,
                    now: now,
                    connection: reader.connection
                ).page()
            }
        }
    }

    // MARK: Writing

    package func write<Answer: Sendable>(
        _ grant: WriteGrant,
        _ body: @escaping @Sendable (any WriteTransaction) throws -> Answer
    ) async throws -> Answer {
        try await committer.run(body)
    }

    package func bookkeep<Answer: Sendable>(
        _ body: @escaping @Sendable (any BookkeepingTransaction) throws -> Answer
    ) async throws -> Answer {
        try await committer.run(body)
    }

    // MARK: What is not city data

    package func documents(_ kind: Document.Kind) async throws -> [Document] {
        try await readers.run { try $0.documents(kind) }
    }

    package func outbox(subscription: String, limit: Int) async throws -> [OutboxMessage] {
        try await readers.run { try $0.outbox(subscription: subscription, limit: limit) }
    }

    package func outboxDepth() async throws -> OutboxDepth {
        try await readers.run { try $0.outboxDepth() }
    }

    // MARK: Upkeep

    package func retain(
        _ rules: [RetentionRule],
        now: Timestamp,
        grant: InternalGrant
    ) async throws -> Int {
        0
    }

    /// Waits for accepted writes, then closes the file.
    func close() async {
        readers.close()
        await committer.close()
    }
}
