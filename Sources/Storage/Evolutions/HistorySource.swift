package import ContextModel
package import Governance

/// The histories of a tenant at one moment: what a store supplies to `EvolutionSearch`, which
/// decides and shows the same on every store.
package protocol HistorySource {
    associatedtype Candidates: EvolvingEntities
    associatedtype Series: SeriesReading

    /// What all decisions together may cost; nil where nothing limits them.
    var budget: DecisionBudget? { get }
    /// Every entity with a history that may match the query or the grant, in the order of creation.
    ///
    /// Entities that do not match may be among them: they are decided afterwards.
    func candidates(_ query: TemporalQuery, grant: ReadGrant) throws -> Candidates
    /// What the entity was before, oldest first.
    func past(of entity: EvolvingEntity) throws -> [EntityPast.State]
    /// A reader of the instances that the query's time covers.
    func series(_ query: TemporalQuery) throws -> Series
}

/// Entities with a history, one after the other.
package protocol EvolvingEntities {
    /// The next entity; nil when there is none.
    mutating func next() throws -> EvolvingEntity?
}

/// An entity with a history.
package struct EvolvingEntity: Sendable {
    /// The store's number of the entity, and of its history.
    package var key: Int64
    package var history: Int64
    /// The current state; of an entity that is no more, what is known of it without attributes.
    package var entity: Entity
    package var isCurrent: Bool

    package init(key: Int64, history: Int64, entity: Entity, isCurrent: Bool) {
        self.key = key
        self.history = history
        self.entity = entity
        self.isCurrent = isCurrent
    }
}

/// Names one series of a history: the instances of an attribute that have the same `datasetId`.
package protocol SeriesKey {
    var name: IRI { get }
    /// nil for the default instance.
    var datasetID: String? { get }
}

/// Says which instances of a series are wanted.
package typealias InstanceChoice = (Attribute) -> Bool

/// Reads series of histories, in the range of one temporal query.
package protocol SeriesReading {
    associatedtype Key: SeriesKey

    /// What the instances are read for.
    var query: TemporalQuery { get }
    /// All series of the history, in any order.
    func keys(of history: Int64) throws -> [Key]
    /// Instances the query's time covers, whose change is not hidden, and that are `wanted` if the
    /// caller says which: the oldest, or with `lastN` the newest, oldest first; at most `limit`.
    func instances(
        _ history: Int64,
        _ key: Key,
        limit: Int,
        hiding hidden: HiddenMoments,
        wanted: InstanceChoice?
    ) throws -> [SeriesInstance]
    /// The same instances aggregated; nil when there are none.
    ///
    /// Throws `tooManyResults` when all that the reader has aggregated have more values than the
    /// query's `pageLimit`.
    func aggregate(
        _ history: Int64,
        _ key: Key,
        _ aggregation: Aggregation,
        hiding hidden: HiddenMoments,
        wanted: InstanceChoice?
    ) throws -> AggregatedAttribute?
}

extension SeriesReading {
    /// Whether there is any instance.
    package func hasInstance(
        _ history: Int64,
        _ key: Key,
        hiding hidden: HiddenMoments = HiddenMoments([]),
        wanted: InstanceChoice? = nil
    ) throws -> Bool {
        try !instances(history, key, limit: 1, hiding: hidden, wanted: wanted).isEmpty
    }
}

/// An instance with its place in the series.
package struct SeriesInstance: Sendable {
    package var attribute: Attribute
    package var time: Int64
    /// Its place among those of the same time.
    package var sequence: Int64
    /// About as many as it takes where it is stored; zero in memory.
    package var bytes: Int

    package init(attribute: Attribute, time: Int64, sequence: Int64, bytes: Int = 0) {
        self.attribute = attribute
        self.time = time
        self.sequence = sequence
        self.bytes = bytes
    }

    /// The instance with its `instanceId`, which is made here unless it came with one.
    func named(entity: EntityID, name: IRI) -> Attribute {
        guard attribute.details?.instanceID == nil else { return attribute }
        var named = attribute
        named.details = named.details ?? AttributeDetails()
        named.details?.instanceID =
            InstanceName(
                series: InstanceName.series(entity, name, attribute.datasetID),
                time: time,
                sequence: sequence
            ).text
        return named
    }
}

extension Attribute {
    /// The moment the history is ordered by.
    package var historyTime: Int64 { (observedAt ?? modifiedAt ?? createdAt)?.microseconds ?? 0 }

    /// When the instance was written, in microseconds.
    package var changedAt: Int64 { modifiedAt?.microseconds ?? historyTime }

    /// What two instances of one moment are compared by.
    package var content: Attribute {
        var content = self
        content.createdAt = nil
        content.modifiedAt = nil
        content.details?.instanceID = nil
        if content.details == AttributeDetails() { content.details = nil }
        return content
    }
}

/// How much an answer about histories looks at.
package enum EvolutionLimits {
    /// Entities beyond two pages that a sorted temporal query gathers before it sorts and cuts.
    static let matchesBeforeSort = 1_000
    /// Series of the entities of a page that are kept from the decision until they are shown.
    static let keptSeries = 10_000
    /// Instances of an attribute in range that a temporal `q` looks at.
    static let instancesPerDecision = 10_000
    /// The newest instances of one moment that another one of that moment is compared with.
    package static let comparedAtMoment = 32
}
