package import ContextModel
package import Governance

/// The histories of a tenant at one moment.
///
/// A store supplies them to `EvolutionSearch`, which decides and shows the same on every store.
package protocol HistorySource {
    associatedtype Candidates: EvolvingEntities
    associatedtype Series: SeriesReading

    /// The budget of all decisions together; nil when there is no limit.
    var budget: DecisionBudget? { get }
    /// The time of the question.
    var now: Timestamp { get }
    /// Every entity with a history that may match the query and the grant, in the order of
    /// creation.
    ///
    /// Some of them may not match: `EvolutionSearch` decides.
    func candidates(_ query: TemporalQuery, grant: ReadGrant) throws -> Candidates
    /// The former states of the entity, oldest first.
    func past(of entity: EvolvingEntity) throws -> [EntityPast.State]
    /// A reader of the instances in the query's range of time.
    func series(_ query: TemporalQuery) throws -> Series
}

/// Entities with a history, one after the other.
package protocol EvolvingEntities {
    /// The next entity; nil when there is none.
    mutating func next() throws -> EvolvingEntity?
}

/// An entity with a history.
package struct EvolvingEntity: Sendable {
    /// The number that the store has given to the entity and its history.
    package var key: Int64
    package var history: Int64
    /// The current state; of a deleted entity, what is known of it, without attributes.
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

/// The instance of a series as it is shown or aggregated; nil when it is not wanted.
package typealias InstanceChoice = (Attribute) -> Attribute?

/// Reads series of histories, in the range of one temporal query.
package protocol SeriesReading {
    associatedtype Key: SeriesKey

    /// What the instances are read for.
    var query: TemporalQuery { get }
    /// All series of the history, in any order.
    func keys(of history: Int64) throws -> [Key]
    /// The instances in the query's range of time that are not hidden and that are `wanted`, as that
    /// shows them.
    ///
    /// Returns the oldest instances, or the newest with `lastN`: oldest first, and at most
    /// `limit`.
    func instances(
        _ history: Int64,
        _ key: Key,
        limit: Int,
        hiding hidden: HiddenMoments,
        wanted: InstanceChoice?
    ) throws -> [SeriesInstance]
    /// The aggregated values of the same instances; nil when there are none.
    ///
    /// Throws `tooManyResults` when the values aggregated by this reader exceed the query's
    /// `pageLimit`.
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

/// An instance and its place in the series.
package struct SeriesInstance: Sendable {
    package var attribute: Attribute
    package var time: Int64
    /// The position among the instances with the same time.
    package var sequence: Int64
    /// The approximate number of bytes it takes on disk; zero in memory.
    package var bytes: Int

    package init(attribute: Attribute, time: Int64, sequence: Int64, bytes: Int = 0) {
        self.attribute = attribute
        self.time = time
        self.sequence = sequence
        self.bytes = bytes
    }

    /// The instance as the choice shows it; nil when it is not wanted.
    package func shown(by choice: InstanceChoice?) -> SeriesInstance? {
        guard let choice else { return self }
        guard let attribute = choice(attribute) else { return nil }
        var shown = self
        shown.attribute = attribute
        return shown
    }

    /// The instance with its `instanceId`, which is computed unless it has one; `series` is the hash of its
    /// series.
    func named(in series: UInt64) -> Attribute {
        guard attribute.details?.instanceID == nil else { return attribute }
        var named = attribute
        named.details = named.details ?? AttributeDetails()
        named.details?.instanceID =
            InstanceName(series: series, time: time, sequence: sequence).text
        return named
    }
}

extension Attribute {
    /// The moment, in microseconds, by which the history is ordered.
    package var historyTime: Int64 { (observedAt ?? modifiedAt ?? createdAt)?.microseconds ?? 0 }

    /// The time at which the instance was written, in microseconds.
    package var changedAt: Int64 { modifiedAt?.microseconds ?? historyTime }

    /// The content by which two instances of one moment are compared.
    package var content: Attribute {
        var content = self
        content.createdAt = nil
        content.modifiedAt = nil
        content.details?.instanceID = nil
        if content.details == AttributeDetails() { content.details = nil }
        return content
    }
}

/// The limits of questions about histories.
package enum EvolutionLimits {
    /// The entities beyond two pages that a sorted temporal query collects before it sorts and
    /// cuts.
    static let matchesBeforeSort = 1_000
    /// The series of the entities of a page that are kept between deciding and showing them.
    static let keptSeries = 10_000
    /// The instances in range of an attribute that a temporal `q` looks at.
    static let instancesPerDecision = 10_000
    /// The newest instances of a moment with which another instance of that moment is compared.
    package static let comparedAtMoment = 32
}
