package import ContextModel
package import Governance
import Storage

/// One request's right to read city data: made by one decision, and the only value of the Broker
/// whose methods return what the city keeps.
///
/// Whoever reads more than once for an answer does so in one `read`, which sees one moment of the
/// store. What is to leave the hub goes through `seal` first:
///
///     let session = try await hub.session(caller, condition: query.condition)
///     let page = try await session.entities(query)
///     return session.seal(EntityAnswer(page: page))
package struct ReadSession: Sendable {
    private let store: any TenantStore
    /// What the decision lets the reader see.
    package let grant: ReadGrant

    init(_ store: any TenantStore, _ grant: ReadGrant) {
        self.store = store
        self.grant = grant
    }

    /// What the hub keeps in the same tenant that is not city data.
    var documents: any DocumentStore { store }

    /// The entity; nil when there is none that the reader may see.
    func entity(_ id: EntityID) async throws -> EncodedEntity? {
        try await store.encodedEntity(id, grant: grant)
    }

    /// A page of entities.
    func entities(_ query: EntityQuery) async throws -> EntityPage<EncodedEntity> {
        try await store.encodedEntities(query, grant: grant)
    }

    /// Runs the body with a view of one moment; see `TenantStore.read`.
    func read<Answer: Sendable>(
        _ body: @escaping @Sendable (any ReadTransaction) throws -> Answer
    ) async throws -> Answer {
        try await store.read(grant, body)
    }

    /// What a message of the outbox tells, all of it; nil when it waits no more.
    ///
    /// The message was kept for all who are told of a change: what this reader may see of it, its
    /// grant decides. `NotificationWriter` asks it.
    func content(of item: OutboxItem) async throws -> OutboxItem.Content? {
        if let content = item.kept { return content }
        return try await store.outboxMessage(item.sequence, grant: grant).map {
            OutboxItem.Content($0)
        }
    }

    /// Makes of what was read an answer that may leave the hub.
    func seal<Answer: Disclosable>(_ answer: Answer) -> Disclosed<Answer> { Disclosed(answer) }
}

/// One request's right to see what the hub keeps for whoever runs it: notifications that were given
/// up on, which are city data.
package struct OperatorSession: Sendable {
    private let store: any TenantStore
    private let session: ReadSession

    fileprivate init(_ store: any TenantStore, _ grant: ReadGrant) {
        self.store = store
        session = ReadSession(store, grant)
    }

    /// What the hub keeps in the same tenant that is not city data.
    var documents: any DocumentStore { store }

    /// Notifications given up on, oldest first.
    func deadLetters() async throws -> [DeadLetter] {
        try await store.documents(.deadLetter).compactMap { DeadLetter($0) }
    }

    /// Makes of what was read an answer that may leave the hub.
    func seal<Answer: Disclosable>(_ answer: Answer) -> Disclosed<Answer> { session.seal(answer) }
}

/// An answer that may leave the hub: responses, pages, notifications and files take nothing else.
///
/// Only a session's `seal` makes one. Its parts can be read as if they were its own.
@dynamicMemberLookup
package struct Disclosed<Answer: Disclosable>: Sendable {
    package let answer: Answer

    fileprivate init(_ answer: Answer) { self.answer = answer }

    package subscript<Part>(dynamicMember part: KeyPath<Answer, Part>) -> Part {
        answer[keyPath: part]
    }
}

/// What tells of city data: it knows of which entities, and which of their attributes.
package protocol Disclosable: Sendable {
    /// Calls `note` with each entity that the answer tells of, and the attributes told of it.
    ///
    /// Throws where the stored form of an entity is damaged.
    func forEachDisclosure(_ note: (EntityID, [IRI]) -> Void) throws
}

extension Hub {
    /// The right to read for this request, or the error that tells the caller why it has none.
    ///
    /// `condition` is what the caller filters by and `sortedBy` what it sorts by.
    func session(
        _ caller: Caller,
        action: Action = .read,
        condition: Condition = .everything,
        sortedBy: [IRI] = []
    ) async throws -> ReadSession {
        try condition.requirePatternsWithinLimit()
        let decision = policy.decideRead(
            caller,
            action: action,
            condition: condition,
            sortedBy: sortedBy
        )
        switch decision {
        case .grant(let grant): return ReadSession(try await existingStore(caller.tenant), grant)
        case .deny(let reason): throw BrokerError(reason)
        }
    }

    /// The right to see what the hub keeps for whoever runs it, or the error that tells the caller why
    /// it has none.
    func operatorSession(_ caller: Caller) async throws -> OperatorSession {
        switch policy.decideAdministration(caller) {
        case .grant(let grant):
            return OperatorSession(try await existingStore(caller.tenant), grant)
        case .deny(let reason): throw BrokerError(reason)
        }
    }
}

extension Policy {
    /// The right of a subscriber to be told, as it is now; nil for one who may be told of nothing.
    ///
    /// Each notification asks for it when it is sent.
    func session(
        for subscription: IndexedSubscription,
        tenant: TenantName?,
        in store: any TenantStore
    ) -> ReadSession? {
        grant(of: subscription.record.subscriber(tenant), to: subscription.subscription)
            .map { ReadSession(store, $0) }
    }
}
