package import ContextModel
package import Governance

/// The part of a transaction that touches no city data.
package protocol BookkeepingTransaction: OutboxTransaction {
    func document(_ kind: Document.Kind, id: String) throws -> Document?
    /// Every document of the kind, in the order of creation.
    func documents(_ kind: Document.Kind) throws -> [Document]
    /// How many documents of the kind there are.
    func documentCount(_ kind: Document.Kind) throws -> Int
    /// Creates or replaces the document.
    ///
    /// The change feed is told of it unless `isQuiet`: that is for what the process that delivers writes
    /// down often and no other needs to know, such as how many notifications were sent.
    func put(_ document: Document, isQuiet: Bool) throws
    /// False when there was none.
    func removeDocument(_ kind: Document.Kind, id: String) throws -> Bool
    /// What `DocumentStore.feed` answers, as the transaction sees it.
    func feed(after number: Int64?, of kinds: Set<Document.Kind>) throws -> ChangeFeedPage
    /// The number that the change feed gave last: that of a change, when asked right after it.
    var lastChange: Int64 { get }
    /// The documents of a kind and how many bytes each has, the oldest first.
    func documentSizes(_ kind: Document.Kind) throws -> [(id: String, bytes: Int)]
    /// Runs `action` once the transaction is on disk, in the order of the requests, and not at all
    /// when it is undone: on the store's writing thread, so it must be quick.
    func afterCommit(_ action: @escaping @Sendable () -> Void)
}

extension BookkeepingTransaction {
    /// Creates or replaces the document, and tells the change feed.
    package func put(_ document: Document) throws { try put(document, isQuiet: false) }
}

/// All that can be done to the data of a tenant, for the store itself: no grant of a writer is asked.
///
/// The changes of requests come to it as values (`Changes`). Whoever else has one shows an
/// `InternalGrant` for it (`TenantStore.restore`).
package protocol StoreTransaction: BookkeepingTransaction {
    func entity(_ id: EntityID, grant: InternalGrant) throws -> Entity?
    /// Creates or replaces the current state of the entity.
    ///
    /// Of one that would take more bytes than an entity may, it writes nothing and throws
    /// `.entityTooLarge`; the transaction goes on.
    func put(_ entity: Entity) throws
    /// False when there was no such entity. History stays.
    func remove(_ id: EntityID) throws -> Bool
    /// Adds instances to the temporal evolution.
    ///
    /// An instance is not added if the evolution has an equal one (of the same name, `datasetId`, time
    /// and content) among the newest `EvolutionLimits.comparedAtMoment` instances of that time. The
    /// store gives an `instanceID` to an instance that has none.
    /// With `correcting`, an instance that was observed at the moment of one that is there takes
    /// its place and keeps its `createdAt` (clause 4.8); without, both stay.
    func appendHistory(
        _ id: EntityID,
        types: [IRI],
        scopes: [String],
        _ changes: [NamedAttribute],
        correcting: Bool
    )
        throws
    /// The entity of a temporal evolution, nil when there is no evolution;
    /// as far as it is known: current state, or else the types and scopes its history remembers.
    func evolving(_ id: EntityID, grant: InternalGrant) throws -> Entity?
    /// Removes the whole evolution, or one attribute's, or one instance of it. `datasetID` is ignored
    /// with `.allInstances`.
    ///
    /// Of what is long, one call removes a part, so that others' transactions come between: whoever
    /// calls goes on from `next`, in transactions that follow, until there is none. A whole evolution
    /// of which nothing is hidden from the writer goes at once, however long it is.
    func removeHistory(
        _ id: EntityID,
        _ what: HistoryRemoval,
        from position: HistoryRemovalPosition?
    ) throws -> HistoryRemovalStep
    /// Replaces one instance, which keeps its `createdAt`; false when there is none of that
    /// identifier.
    func modifyHistory(
        _ id: EntityID,
        name: IRI,
        instanceID: String,
        _ attribute: Attribute
    ) throws
        -> Bool
}

/// What one call of `removeHistory` has done.
package struct HistoryRemovalStep: Sendable {
    package var hasRemoved: Bool
    /// Where the next call goes on; nil when all is done.
    package var next: HistoryRemovalPosition?

    package init(hasRemoved: Bool = false, next: HistoryRemovalPosition? = nil) {
        self.hasRemoved = hasRemoved
        self.next = next
    }
}

/// How far the removal of a long history has come, in numbers that mean something to its store.
package struct HistoryRemovalPosition: Sendable {
    package var name = Int64.min
    package var dataset = Int64.min
    package var time = Int64.min
    package var sequence = Int64.min
    /// Whether what is sealed was gone through.
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
