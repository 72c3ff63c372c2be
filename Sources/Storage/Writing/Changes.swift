package import ContextModel

/// What a request does to what is stored, as a value.
///
/// The body of a change makes it of what is stored and does nothing else, so that it can be made
/// again when somebody else changed the same meanwhile. What it does to city data can be had of
/// `GrantedEntity` and `GrantedEvolution` alone, which check the writer's grant.
///
/// The store applies all of it or nothing: current state, history, then messages. What
/// follows the commit is run by then, in the order of the requests.
package struct Changes: Sendable {
    /// What becomes of the current state of an entity.
    enum State: Sendable {
        case put(Entity)
        case remove(EntityID)
    }
    private(set) var state: State?
    private(set) var history: GrantedHistory?
    /// Notifications put into the outbox.
    package var messages: [NewMessage] = []

    /// Nothing changes.
    package init() {}

    /// A change of an entity, and the instances that are added to its temporal evolution.
    ///
    /// With `correcting`, what was observed at a moment takes the place of what the history has for
    /// it. A change that leaves the entity as it is says that by `leavesState`.
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

/// A notification that is put into the outbox, once for all who get it.
package struct NewMessage: Sendable {
    package var body: [UInt8]
    /// The subscriptions that are to get it.
    package var recipients: [String]
    package var enqueuedAt: Timestamp
    /// The term in which this process has the outbox, if it does: see `OutboxTransaction.enqueue`.
    package var term: Int64?
    /// Called after the commit, on the store's writing thread: it must be quick.
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
