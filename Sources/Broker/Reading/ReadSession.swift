package import ContextModel
package import Governance
import Storage

/// One request's right to read city data: made by one decision, and the only value of the Broker
/// whose methods return what the city keeps.
///
/// Whoever reads more than once for an answer does so in one `read`, which sees one moment of the
/// store. What is to leave the hub goes through `seal` first:
///
///     let session = try await reading.session(caller, condition: query.condition)
///     let page = try await session.entities(query)
///     return try await session.seal(EntityAnswer(page: page))
package struct ReadSession: Sendable {
    private let store: any TenantStore
    /// What the decision lets the reader see.
    package let grant: ReadGrant
    /// Tells the record what leaves the hub.
    private let record: SessionRecord

    init(_ store: any TenantStore, _ grant: ReadGrant, _ record: SessionRecord) {
        self.store = store
        self.grant = grant
        self.record = record
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

    /// Makes of what was read an answer that may leave the hub; the warnings say what of it is missing.
    ///
    /// Of data about people it waits until the record says on disk whom the answer tells of. Throws when
    /// the record cannot be written, or somebody has objected since the decision.
    func seal<Answer: Disclosable>(
        _ answer: Answer,
        warnings: [AnswerWarning] = []
    ) async throws -> Disclosed<Answer> {
        if let notes = grant.notes { try await record.note(answer, notes) }
        return Disclosed(answer, warnings)
    }
}

/// One request's right to see what the hub keeps for whoever runs it: notifications that were given
/// up on, which are city data.
package struct OperatorSession: Sendable {
    private let store: any TenantStore
    private let session: ReadSession

    init(_ store: any TenantStore, _ grant: ReadGrant, _ record: SessionRecord) {
        self.store = store
        session = ReadSession(store, grant, record)
    }

    /// What the hub keeps in the same tenant that is not city data.
    var documents: any DocumentStore { store }

    /// Notifications given up on, oldest first.
    func deadLetters() async throws -> [DeadLetter] {
        try await store.documents(.deadLetter).compactMap { DeadLetter($0) }
    }

    /// Makes of what was read an answer that may leave the hub.
    func seal<Answer: Disclosable>(_ answer: Answer) async throws -> Disclosed<Answer> {
        try await session.seal(answer)
    }
}

/// An answer that may leave the hub: responses, pages, notifications and files take nothing else.
///
/// Only a session's `seal` makes one. Its parts can be read as if they were its own. Where parts of the
/// answer could not be had, it has the others, and a warning for each that is missing.
@dynamicMemberLookup
package struct Disclosed<Answer: Disclosable>: Sendable {
    package let answer: Answer
    /// Empty for an answer that is whole.
    package let warnings: [AnswerWarning]

    fileprivate init(_ answer: Answer, _ warnings: [AnswerWarning]) {
        self.answer = answer
        self.warnings = warnings
    }

    package subscript<Part>(dynamicMember part: KeyPath<Answer, Part>) -> Part {
        answer[keyPath: part]
    }
}

/// What is missing in an answer: what one source was asked for and did not give (clause 6.3.17).
package struct AnswerWarning: Sendable, Equatable {
    /// The source, by its alias or the identifier of its registration.
    package var source: String
    /// Why, in a sentence for the caller.
    package var reason: String

    package init(source: String, reason: String) {
        self.source = source
        self.reason = reason
    }
}

/// What tells of city data: it knows of which entities, and which of their attributes.
package protocol Disclosable: Sendable {
    /// Calls `note` with each entity that the answer tells of, and the attributes told of it.
    ///
    /// Throws where the stored form of an entity is damaged.
    func forEachDisclosure(_ note: (EntityID, [IRI]) -> Void) throws
}

extension Access {
    /// The right of a subscriber to be told, as it is now; nil for one who may be told of nothing.
    ///
    /// Each notification asks for it when it is sent. Throws what the store throws when it cannot tell
    /// what the tenant's rules are.
    func session(
        for subscription: IndexedSubscription,
        tenant: TenantName?,
        in store: any TenantStore
    ) async throws -> ReadSession? {
        let subscriber = subscription.record.subscriber(tenant)
        let record = SessionRecord(recorder, of: subscriber)
        return try await policy(of: tenant).grant(
            of: subscriber,
            to: subscription.subscription
        ).map { ReadSession(store, $0, record) }
    }
}
