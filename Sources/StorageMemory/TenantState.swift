internal import ContextModel
internal import Governance
internal import Storage

/// All data of one tenant, as a value: who has a copy has one moment of it.
struct TenantState: Sendable {
    /// Those of which history alone is left among them.
    var entities = CreationOrder<EntityID, StoredEntity>()
    var documents: [Document.Kind: CreationOrder<String, Document>] = [:]
    var feed = MemoryFeed()
    var outbox = CreationOrder<Int64, WaitingMessage>()
    /// Messages that nobody has claimed since they were put there.
    var unclaimed: Set<Int64> = []
    var lease: OutboxLease?
    /// The number of the last message, whether or not it still waits.
    var lastSequence: Int64 = 0

    func documents(_ kind: Document.Kind) -> [Document] { documents[kind]?.elements ?? [] }

    func document(_ kind: Document.Kind, id: String) -> Document? { documents[kind]?[id] }

    func documentCount(_ kind: Document.Kind) -> Int { documents[kind]?.count ?? 0 }

    var outboxDepth: OutboxDepth {
        let messages = outbox.elements.map(\.message)
        return OutboxDepth(
            count: messages.reduce(0) { $0 + $1.recipients.count },
            oldest: messages.first?.enqueuedAt
        )
    }

    /// What `expired` of the store answers.
    func expired(at now: Timestamp, limit: Int) -> [EntityID] {
        let expired = entities.elements.compactMap { stored in
            stored.isCurrent
                ? stored.entity.nextExpiry.map { (moment: $0, id: stored.entity.id) } : nil
        }.filter { $0.moment <= now }
        return expired.sorted { $0.moment < $1.moment }.prefix(limit).map(\.id)
    }
}

/// A message of the outbox.
struct WaitingMessage: Sendable {
    var message: OutboxMessage
    /// The term in which it was claimed; nil as long as nobody has claimed it.
    var term: Int64?
}

/// An entity with its history.
struct StoredEntity: Sendable {
    /// The current state; of an entity that is no more, what is known of it without attributes.
    var entity: Entity
    /// How many bytes the current state takes, as it is read.
    var bytes = 0
    var isCurrent: Bool
    /// What it was before, oldest first.
    var past: [EntityPast.State] = []
    /// When the history was changed last, if not together with the entity; in microseconds.
    var lastChange: Int64 = 0
    /// In the order of their times, and of their sequence among those of one time.
    var history: [Series: [SeriesInstance]] = [:]

    /// One attribute's instances of one `datasetId`.
    struct Series: SeriesKey, Hashable, Sendable {
        var name: IRI
        var datasetID: String?
    }

    var hasHistory: Bool { !history.isEmpty }
}

extension StoredEntity {
    /// Keeps the former types and scopes of the entity if the new state has others.
    mutating func keepPast(before new: Entity) {
        let state = EntityPast.State(
            ending: entity,
            becoming: new,
            lastChange: lastChange,
            lastEnd: { past.last?.endsAt ?? 0 }
        )
        guard let state else { return }
        past.append(state)
        if past.count > EntityPast.maximumStates + 1 { past.removeFirst() }
        if past.count > EntityPast.maximumStates { past[0].entity = nil }
    }

    /// The changes of the attribute that the grant does not cover, or of any attribute, if no name is
    /// given.
    func hiddenMoments(from grant: WriteGrant?, _ name: IRI? = nil) -> HiddenMoments {
        guard let grant else { return HiddenMoments([]) }
        let covered = grant.reach(of: name)
        // That the grant covers the current state is known, but not whether the attribute is hidden.
        let mayBeHidden = name.map(grant.isPartlyHidden) ?? false
        guard covered != .everything, mayBeHidden || !past.isEmpty else {
            return HiddenMoments([])
        }
        let decision = PreparedCondition(covered)
        return EntityPast(past, current: entity).hidden { decision.matches(entity.asIt(was: $0)) }
    }
}

extension SeriesInstance {
    /// When it was written.
    var changedAt: Int64 { attribute.modifiedAt?.microseconds ?? time }
}
