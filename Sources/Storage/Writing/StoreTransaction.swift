package import ContextModel
package import Governance

/// The part of a transaction that touches no city data.
package protocol BookkeepingTransaction: OutboxTransaction {
    func document(_ kind: Document.Kind, id: String) throws -> Document?
    /// Every document of the kind, in the order of creation.
    func documents(_ kind: Document.Kind) throws -> [Document]
    /// The number of documents of the kind.
    func documentCount(_ kind: Document.Kind) throws -> Int
    /// Creates or replaces the document.
    ///
    /// The change is added to the change feed unless `isQuiet`. Quiet changes are those that the
    /// delivering process makes often and no other process needs, such as the number of
    /// notifications sent.
    func put(_ document: Document, isQuiet: Bool) throws
    /// Removes the document; false when there was none.
    func removeDocument(_ kind: Document.Kind, id: String) throws -> Bool
    /// Returns what `DocumentStore.feed` would, as the transaction sees it.
    func feed(after number: Int64?, of kinds: Set<Document.Kind>) throws -> ChangeFeedPage
    /// The newest number of the change feed; right after a change, the number of that change.
    var lastChange: Int64 { get }
    /// The identifiers and sizes in bytes of the documents of a kind, oldest first.
    func documentSizes(_ kind: Document.Kind) throws -> [(id: String, bytes: Int)]
    /// Runs `action` after the transaction is on disk, in the order of the requests; not at all
    /// when the transaction is undone.
    ///
    /// It runs on the store's writing thread, so it must be quick.
    func afterCommit(_ action: @escaping @Sendable () -> Void)
}

extension BookkeepingTransaction {
    /// Creates or replaces the document and adds the change to the change feed.
    package func put(_ document: Document) throws { try put(document, isQuiet: false) }
}

/// All changes of a tenant's data, without a writer's grant: for the store itself.
///
/// The changes of requests reach it as values (`Changes`). Other code gets one only for an
/// `InternalGrant` (`TenantStore.restore`).
package protocol StoreTransaction: BookkeepingTransaction {
    func entity(_ id: EntityID, grant: InternalGrant) throws -> Entity?
    /// Creates or replaces the current state of the entity.
    ///
    /// When the entity has more bytes than an entity may have, writes nothing of it and throws
    /// `.entityTooLarge`; the transaction goes on.
    func put(_ entity: Entity) throws
    /// Removes the entity but not its history; false when there was no such entity.
    func remove(_ id: EntityID) throws -> Bool
    /// Adds instances to the temporal evolution.
    ///
    /// An instance is not added if the evolution has an equal one (of the same name, `datasetId`,
    /// time and content) among the newest `EvolutionLimits.comparedAtMoment` instances of that
    /// time. The store gives an `instanceID` to an instance that has none.
    ///
    /// With `correcting`, an instance replaces the one that was observed at the same moment and
    /// keeps its `createdAt` (clause 4.8); without, both stay.
    func appendHistory(
        _ id: EntityID,
        types: [IRI],
        scopes: [String],
        _ changes: [NamedAttribute],
        correcting: Bool
    )
        throws
    /// What is known of the entity of a temporal evolution: its current state, or the types and
    /// scopes that its history has.
    ///
    /// Returns nil when there is no evolution.
    func evolving(_ id: EntityID, grant: InternalGrant) throws -> Entity?
    /// Removes the whole evolution, one attribute of it, or one instance. `datasetID` is ignored
    /// with `.allInstances`.
    ///
    /// Of a long history one call removes a part, so that other transactions run in between: call
    /// again with `next`, in later transactions, until it is nil. A whole evolution of which
    /// nothing is hidden from the writer is removed at once, however long it is.
    func removeHistory(
        _ id: EntityID,
        _ what: HistoryRemoval,
        from position: HistoryRemovalPosition?
    ) throws -> HistoryRemovalStep
    /// Replaces one instance, which keeps its `createdAt`; false when there is none with this
    /// identifier.
    func modifyHistory(
        _ id: EntityID,
        name: IRI,
        instanceID: String,
        _ attribute: Attribute
    ) throws
        -> Bool
}

/// The result of one call of `removeHistory`.
package struct HistoryRemovalStep: Sendable {
    package var hasRemoved: Bool
    /// Where the next call goes on; nil when everything is removed.
    package var next: HistoryRemovalPosition?

    package init(hasRemoved: Bool = false, next: HistoryRemovalPosition? = nil) {
        self.hasRemoved = hasRemoved
        self.next = next
    }
}

/// The progress of the removal of a long history, in numbers of its store.
package struct HistoryRemovalPosition: Sendable {
    package var name = Int64.min
    package var dataset = Int64.min
    package var time = Int64.min
    package var sequence = Int64.min
    /// Whether the sealed segments are done.
    package var isPastSegments = false

    package init() {}
}

/// What to remove of a temporal evolution (clauses 5.6.13, 5.6.15 and 5.6.16).
package enum HistoryRemoval: Sendable {
    case everything
    case attribute(IRI, datasetID: String?)
    case allInstances(IRI)
    case instance(IRI, instanceID: String)
}
