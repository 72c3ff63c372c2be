package import ContextModel
package import Governance
import Storage
import Synchronization

/// One request's right to read city data, made by one decision.
///
/// It is the only value of the Broker whose methods return city data. Put several reads for one
/// answer into one `read`, which sees one moment of the store. Everything that leaves the hub must
/// pass through `seal`:
///
///     let session = try await reading.session(caller, condition: query.condition)
///     let page = try await session.entities(query)
///     return try await session.seal(EntityAnswer(page: page))
package struct ReadSession: Sendable {
    private let store: any TenantStore
    /// The grant of the decision.
    package let grant: ReadGrant
    /// Notes in the record what leaves the hub.
    private let record: SessionRecord

    init(_ store: any TenantStore, _ grant: ReadGrant, _ record: SessionRecord) {
        self.store = store
        self.grant = grant
        self.record = record
    }

    /// The session with a lesser right.
    func with(_ lesser: ReadGrant) -> ReadSession { ReadSession(store, lesser, record) }

    /// Notes what sources are told by being asked, and waits until that is on disk.
    func note(_ disclosures: SourceDisclosures) async throws {
        try await record.note(disclosures)
    }

    /// The data of the tenant that is not city data.
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

    /// What the hub has of these entities, whole: to be put together with the parts of other
    /// sources, and to be shown by `MergedEntities` alone.
    func ownParts(of ids: Set<EntityID>) async throws -> [EntityID: Entity] {
        let whole = grant.whole(InternalGrant(.federating))
        var own: [EntityID: Entity] = [:]
        var rest = Array(ids)[...]
        while !rest.isEmpty {
            let some = rest.prefix(Self.partsAtOnce)
            rest = rest.dropFirst(Self.partsAtOnce)
            let query = EntityQuery(condition: .ids(Set(some)), limit: some.count)
            let found = try await store.read(whole) { try $0.entities(query).entities }
            for entity in found { own[entity.id] = entity }
        }
        return own
    }

    /// What the hub has of the histories, whole: to be decided together with the parts of other
    /// sources.
    func ownHistories(_ query: TemporalQuery) async throws -> EvolutionPage {
        try await store.read(grantOfMerged) { try $0.evolutions(query) }
    }

    /// The histories of entities that the reader may know of, whatever of these it may see.
    func knownHistories(_ query: TemporalQuery) async throws -> EvolutionPage {
        let grant = grant.ofEntities(InternalGrant(.federating))
        return try await store.read(grant) { try $0.evolutions(query) }
    }

    /// The right to look at what was put together of what the reader may see.
    var grantOfMerged: ReadGrant { grant.whole(InternalGrant(.federating)) }

    /// So many entities of other sources are looked up at once, however long they are here.
    private static let partsAtOnce = 500

    /// The whole content of a message of the outbox; nil when it does not wait any more.
    ///
    /// The message was stored for all recipients. The grant decides what this reader may see of
    /// it, which `NotificationWriter` checks.
    func content(of item: OutboxItem) async throws -> OutboxItem.Content? {
        if let content = item.kept { return content }
        return try await store.outboxMessage(item.sequence, grant: grant).map {
            OutboxItem.Content($0)
        }
    }

    /// The identifiers of the dead letters that tell of an entity which the reader may see.
    func coveredDeadLetters() async throws -> [String] {
        let covered = Mutex<[String]>([])
        try await store.documents(.deadLetter, inPortionsOf: Self.lettersAtOnce) {
            [grant] letters in
            let some = letters.filter { letter in
                DeadLetter(letter).flatMap { NotificationMessage(bytes: $0.message) }
                    .map { grant.covers($0.entity) } ?? false
            }
            covered.withLock { $0 += some.map(\.id) }
        }
        return covered.withLock(\.self)
    }

    private static let lettersAtOnce = 1_000

    /// Seals what was read, so that it may leave the hub; the warnings say what is missing.
    ///
    /// For data about people, it waits until the record on disk says whom the answer is about.
    /// Throws if the record cannot be written, or if a person has objected since the decision.
    func seal<Answer: Disclosable>(
        _ answer: Answer,
        warnings: [AnswerWarning] = []
    ) async throws -> Disclosed<Answer> {
        if let notes = grant.notes { try await record.note(answer, notes) }
        return Disclosed(answer, warnings)
    }

    /// The same for what can be made anew; nil if a person has objected since the decision.
    func sealUnlessObjected<Answer: Disclosable>(
        _ answer: Answer
    ) async throws -> Disclosed<Answer>? {
        do {
            return try await seal(answer)
        } catch let error as BrokerError where error.code == .conflict {
            return nil
        }
    }
}

/// One request's right to read the dead letters, which are city data, for those who run the hub.
package struct OperatorSession: Sendable {
    private let store: any TenantStore
    private let session: ReadSession

    init(_ store: any TenantStore, _ grant: ReadGrant, _ record: SessionRecord) {
        self.store = store
        session = ReadSession(store, grant, record)
    }

    /// The data of the tenant that is not city data.
    var documents: any DocumentStore { store }

    /// The dead letters, oldest first.
    func deadLetters() async throws -> [DeadLetter] {
        try await store.documents(.deadLetter).compactMap { DeadLetter($0) }
    }

    /// Seals what was read, so that it may leave the hub.
    func seal<Answer: Disclosable>(_ answer: Answer) async throws -> Disclosed<Answer> {
        try await session.seal(answer)
    }
}

/// An answer that may leave the hub: responses, pages, notifications and files accept nothing
/// else.
///
/// Only a session's `seal` creates one. Its members are those of the answer. When a part of the
/// answer is missing, it has a warning that says so.
@dynamicMemberLookup
package struct Disclosed<Answer: Disclosable>: Sendable {
    package let answer: Answer
    /// The warnings; empty when nothing is missing.
    package let warnings: [AnswerWarning]

    fileprivate init(_ answer: Answer, _ warnings: [AnswerWarning]) {
        self.answer = answer
        self.warnings = warnings
    }

    package subscript<Part>(dynamicMember part: KeyPath<Answer, Part>) -> Part {
        answer[keyPath: part]
    }
}

/// A part of an answer that a source was asked for and did not deliver (clause 6.3.17).
package struct AnswerWarning: Sendable, Equatable {
    /// The source, by its alias or the identifier of its registration.
    package var source: String
    /// The reason, in a sentence for the caller.
    package var reason: String
    /// The code of table 6.3.17-1.
    package var code: Int

    package init(source: String, reason: String, code: Int = 199) {
        self.source = source
        self.reason = reason
        self.code = code
    }
}

/// An answer with city data, which can list the entities and attributes in it.
package protocol Disclosable: Sendable {
    /// Calls `note` with each entity in the answer, and its attributes in the answer.
    ///
    /// Throws when the stored form of an entity is damaged.
    func forEachDisclosure(_ note: (EntityID, [IRI]) -> Void) throws
}

extension Access {
    /// Whether what a subscriber's session decided still holds: the rules are those of this number, and
    /// nobody whom it has come across has objected since.
    ///
    /// False where the rules cannot be read, too: whoever then decides anew gets the store's error.
    func stillHolds(
        _ session: ReadSession,
        rules number: Int,
        in tenant: TenantName?
    ) async -> Bool {
        guard let current = try? await rulesNumber(in: tenant) else { return false }
        return current == number && session.grant.notes?.areStillAllowed ?? true
    }

    /// A session with the subscriber's present rights; nil when the subscriber may see nothing.
    ///
    /// Each notification asks for it when it is sent. Throws the store's error when it cannot read
    /// the tenant's rules.
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
