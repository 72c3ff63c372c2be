package import ContextModel

/// What a request changes in the store, as a value.
///
/// The body of a change computes it from what is stored and has no other effect, so that it can be
/// computed again when somebody else changed the same data meanwhile. Changes of city data can
/// only be made with `GrantedEntity` and `GrantedEvolution`, which check the writer's grant.
///
/// The store applies all of it or nothing: current state, history, then messages. Then it calls
/// what the messages want called after the commit, in the order of the requests.
package struct Changes: Sendable {
    /// The change of an entity's current state.
    enum State: Sendable {
        case put(Entity)
        case remove(EntityID)
    }
    private(set) var state: State?
    private(set) var history: GrantedHistory?
    /// The notifications to add to the outbox.
    package var messages: [NewMessage] = []
    /// What the hub keeps of the request, in the same transaction.
    package var notes: [KeptNote] = []
    /// Called after the commit on the store's writing thread, so it must be quick.
    package var whenStored: (@Sendable () -> Void)?

    /// Nothing changes.
    package init() {}

    /// A change of an entity, with the instances that are added to its temporal evolution.
    ///
    /// With `correcting`, an instance replaces the one that the history has for the same moment.
    /// Pass `leavesState` when the entity stays as it is.
    package init(
        _ granted: GrantedChange,
        history: [NamedAttribute],
        correcting: Bool = false,
        leavesState: Bool = false
    ) {
        let change = granted.change
        if !leavesState {
            state = change.after.map { .put($0) } ?? change.before.map { .remove($0.id) }
        }
        if !history.isEmpty, let entity = change.after ?? change.before {
            self.history = GrantedHistory(of: entity, history, correcting: correcting)
        }
    }

    /// A change of an evolution alone.
    package init(_ history: GrantedHistory) { self.history = history }
}

/// A notification to add to the outbox, once for all its recipients.
package struct NewMessage: Sendable {
    package var body: [UInt8]
    /// The subscriptions that are to receive it.
    package var recipients: [String]
    package var enqueuedAt: Timestamp
    /// The term in which this process has the lease of the outbox, if it has: see
    /// `OutboxTransaction.enqueue`.
    package var term: Int64?
    /// Called after the commit on the store's writing thread, so it must be quick.
    package var whenCommitted: @Sendable (EnqueuedMessage) -> Void

    package init(
        body: [UInt8],
        recipients: [String],
        enqueuedAt: Timestamp,
        term: Int64? = nil,
        whenCommitted: @escaping @Sendable (EnqueuedMessage) -> Void
    ) {
        self.term = term
        self.body = body
        self.recipients = recipients
        self.enqueuedAt = enqueuedAt
        self.whenCommitted = whenCommitted
    }
}

/// A document that is kept in the transaction of a change, in the place of an older one of its kind.
package struct KeptNote: Sendable, Hashable {
    package var document: Document
    /// The identifier of the document that it takes the place of; nil when there is room for both.
    package var removed: String?

    package init(_ document: Document, removing removed: String? = nil) {
        self.document = document
        self.removed = removed
    }

    /// Keeps the document and removes the older one.
    package func apply(to transaction: some BookkeepingTransaction) throws {
        try transaction.put(document, isQuiet: true)
        if let removed { _ = try transaction.removeDocument(document.kind, id: removed) }
    }
}
