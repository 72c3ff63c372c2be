internal import ContextModel
internal import Governance
internal import Storage

/// All data of one tenant as a value: a copy is the state of one moment.
struct TenantState: Sendable {
    /// The entities, with those of which only history is left.
    var entities = CreationOrder<EntityID, StoredEntity>()
    var documents: [Document.Kind: CreationOrder<String, Document>] = [:]
    var feed = MemoryFeed()
    var outbox = CreationOrder<Int64, WaitingMessage>()
    /// The numbers of messages that have not been claimed since they were added.
    var unclaimed: Set<Int64> = []
    var lease: OutboxLease?
    /// The number of the last message, whether it waits or not.
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

    /// Answers `TenantStore.expired`.
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
    /// The term in which it was claimed; nil when it has not been claimed.
    var term: Int64?
}

/// An entity with its history.
struct StoredEntity: Sendable {
    /// The current state; of a deleted entity, what is known of it, without attributes.
    var entity: Entity
    /// The number of bytes of the current state in encoded form.
    var bytes = 0
    var isCurrent: Bool
    /// The former states, oldest first.
    var past: [EntityPast.State] = []
    /// The time of the last change of the history that did not also change the entity, in
    /// microseconds.
    var lastChange: Int64 = 0
    /// In the order of time, then of the sequence among those of one time.
    var history: [Series: [SeriesInstance]] = [:]

    /// The instances of one attribute with one `datasetId`.
    struct Series: SeriesKey, Hashable, Sendable {
        var name: IRI
        var datasetID: String?
    }

    var hasHistory: Bool { !history.isEmpty }
}

extension StoredEntity {
    /// Stores the former types and scopes of the entity if the new state has others.
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

    /// The changes that the grant does not cover, of one attribute or of all.
    func hiddenMoments(from grant: WriteGrant?, _ name: IRI? = nil) -> HiddenMoments {
        guard let grant else { return HiddenMoments([]) }
        let covered = grant.reach(of: name)
        // The grant covers the current state; the attribute may be hidden in it all the same.
        let mayBeHidden = name.map(grant.isPartlyHidden) ?? false
        guard covered != .everything, mayBeHidden || !past.isEmpty else {
            return HiddenMoments([])
        }
        let decision = PreparedCondition(covered)
        return EntityPast(past, current: entity).hidden {
            decision.matches(entity.inState(was: $0))
        }
    }
}

extension SeriesInstance {
    /// The time at which the instance was written.
    var changedAt: Int64 { attribute.modifiedAt?.microseconds ?? time }
}
