package import ContextModel

/// A query over current state (clause 5.7.2).
package struct EntityQuery: Sendable, Hashable {
    package var condition: Condition
    package var order: [OrderTerm]
    package var offset: Int
    /// The most entities to return; 0 returns the count alone.
    package var limit: Int
    package var wantsCount: Bool
    /// Whether `ReadTransaction.forEach` may leave out entities without a reading: those of which no instance of an
    /// attribute has an `observedAt`.
    package var needsReadings = false

    package init(
        condition: Condition,
        order: [OrderTerm] = [],
        offset: Int = 0,
        limit: Int,
        wantsCount: Bool = false
    ) {
        self.condition = condition
        self.order = order
        self.offset = offset
        self.limit = limit
        self.wantsCount = wantsCount
    }
}

/// A page of entities, as values or in encoded form.
package struct EntityPage<Content: Sendable>: Sendable {
    package var entities: [Content]
    /// The number of all matches, if the query asked for it.
    package var count: Int?
    /// Whether more entities follow this page.
    package var hasMore: Bool

    package init(entities: [Content], count: Int?, hasMore: Bool) {
        self.entities = entities
        self.count = count
        self.hasMore = hasMore
    }
}

extension EntityPage<EncodedEntity> {
    /// The page with its entities as values.
    package func decoded() throws(StorageError) -> EntityPage<Entity> {
        EntityPage<Entity>(
            entities: try entities.map { entity throws(StorageError) in try entity.value() },
            count: count,
            hasMore: hasMore
        )
    }
}

extension EncodedEntity {
    /// The entity as a value.
    package func value() throws(StorageError) -> Entity {
        do throws(EntityCodec.Damage) { return try decoded() } catch { throw StorageError(error) }
    }

    /// Whether an instance of an attribute, hidden or not, has an `observedAt`.
    package func hasReading() throws(StorageError) -> Bool {
        do throws(EntityCodec.Damage) { return try isObserved() } catch {
            throw StorageError(error)
        }
    }

    /// What the entity is, with the selected attributes alone, hidden or not.
    package func value(_ selection: AttributeSelection) throws(StorageError) -> Entity {
        do throws(EntityCodec.Damage) { return try decoded(selection) } catch {
            throw StorageError(error)
        }
    }
}

extension Entity {
    /// Encodes an entity that replaces one of `before` bytes; throws when it is longer than an
    /// entity may be.
    ///
    /// An entity that is too long already may stay as long as it is.
    package func encoded(before: Int) throws(StorageError) -> [UInt8] {
        let bytes = EntityCodec.encode(self)
        guard bytes.count <= max(EntityLimits.bytes, before) else {
            throw StorageError(.entityTooLarge, note: "\(bytes.count) bytes")
        }
        return bytes
    }
}

extension StorageError {
    package init(_ damage: EntityCodec.Damage) {
        self.init(.damaged, note: "a body cannot be read from byte \(damage.offset) on")
    }
}

/// The types and attributes that some entities have in common.
package struct EntityShape: Sendable, Hashable {
    package var types: [IRI]
    /// The names of the attributes and the kinds that occur.
    package var attributes: [IRI: Set<Attribute.Kind>]
    package var count: Int

    package init(types: [IRI], attributes: [IRI: Set<Attribute.Kind>], count: Int) {
        self.types = types
        self.attributes = attributes
        self.count = count
    }
}

/// A query over temporal evolutions (clauses 4.11, 5.7.3 and 5.7.4).
package struct TemporalQuery: Sendable, Hashable {
    /// Which entities are meant; `q` and geo-queries are decided over current state and the
    /// instances in range.
    package var condition: Condition
    /// The attributes to return; nil for all.
    package var attributes: Set<IRI>?
    package var datasetIDs: Set<String>?
    /// The time of an instance that the range is about.
    package var timeProperty: TemporalTest.Property
    /// The half-open range: at or after `from`, before `to`; nil is unbounded.
    ///
    /// `timerel=before` excludes its moment, `timerel=after` includes it (clause 4.11).
    package var from: Timestamp?
    package var to: Timestamp?
    /// Where a part of a long answer begins, in the order in which histories are stored; nil for an
    /// answer in one part.
    ///
    /// Which entities and instances meet the condition is decided over the whole range. The page
    /// then has about `pageLimit` instances, and `nextPart`, and is not cut in another way.
    package var partFrom: Timestamp?
    /// The number of the newest instances of each attribute to return (clause 4.11 `lastN`).
    package var lastN: Int?
    /// The most instances of one attribute to return (clause 5.5.9.2, status 206); 0 returns the
    /// entities alone.
    package var instanceLimit: Int
    /// The most instances, or aggregated values, on the whole page.
    ///
    /// Instances beyond it are cut off as with `instanceLimit`; values beyond it are an error.
    package var pageLimit = Int.max
    package var aggregation: Aggregation?
    /// Whether the answer shows the instances of attributes alone, without scopes and without the identifiers that
    /// are computed for them; these are not found out then.
    package var showsInstancesOnly = false
    /// Sorts by identifier, the only key that clause 5.7.4 allows; nil leaves the order to the
    /// store.
    package var idOrder: IDOrder?
    package var offset: Int
    package var limit: Int
    package var wantsCount: Bool

    /// The direction of an order by identifier.
    package enum IDOrder: Sendable, Hashable {
        case ascending, descending
    }

    package init(
        condition: Condition,
        attributes: Set<IRI>? = nil,
        datasetIDs: Set<String>? = nil,
        timeProperty: TemporalTest.Property = .observedAt,
        from: Timestamp? = nil,
        to: Timestamp? = nil,
        lastN: Int? = nil,
        instanceLimit: Int,
        aggregation: Aggregation? = nil,
        offset: Int = 0,
        limit: Int,
        wantsCount: Bool = false
    ) {
        self.condition = condition
        self.attributes = attributes
        self.datasetIDs = datasetIDs
        self.timeProperty = timeProperty
        self.from = from
        self.to = to
        self.lastN = lastN
        self.instanceLimit = instanceLimit
        self.aggregation = aggregation
        self.offset = offset
        self.limit = limit
        self.wantsCount = wantsCount
    }
}

/// An aggregation over periods (clause 4.5.19).
package struct Aggregation: Sendable, Hashable {
    /// The aggregation functions of clause 4.5.19.
    package enum Method: String, Sendable, Hashable, CaseIterable {
        case totalCount, distinctCount, sum, avg, min, max, stddev, sumsq
    }
    package var methods: [Method]
    package var period: AggregationPeriod
    /// Whether `totalCount` is the number of the values that `sum` and `avg` are of, so that the averages of
    /// several series can be put together.
    package var countsNumbers: Bool

    package init(methods: [Method], period: AggregationPeriod, countsNumbers: Bool = false) {
        self.methods = methods
        self.period = period
        self.countsNumbers = countsNumbers
    }
}

/// The duration of a period, `aggrPeriodDuration` (ISO 8601); `whole` (PT0S) is the entire range.
///
/// Periods are counted from the start of the range, or from the first instance.
package enum AggregationPeriod: Sendable, Hashable {
    case whole
    case fixed(microseconds: Int64)
    /// A duration with months, which differ in length.
    ///
    /// The nth period begins n times the months later, on the last day of a month that is too
    /// short, and then n times the remainder.
    case calendar(ISODuration)
    /// The periods between one moment and the next: two moments at least, in the order of time.
    ///
    /// The range of the query has to lie between the first and the last.
    case edges([Timestamp])
}

/// The temporal evolution of one entity.
package struct Evolution: Sendable {
    package var id: EntityID
    package var types: [IRI]
    /// The instances of the scope that held in the range, oldest first (clause 4.5.6).
    package var scopes: [Attribute]
    package var createdAt: Timestamp?
    package var modifiedAt: Timestamp?
    /// The instances of each attribute by name, oldest first, each with its `instanceID`.
    package var attributes: [NamedAttribute]
    /// The kinds of the attributes that have no instance left after the page was cut.
    package var kindsBeyondRange: [IRI: Attribute.Kind] = [:]
    /// The aggregated values, in place of instances, when the query aggregated.
    package var aggregates: [AggregatedAttribute]
    /// The attributes with values that none of the methods can aggregate (clause 4.5.19.1).
    package var notAggregated: Set<IRI> = []

    package init(
        id: EntityID,
        types: [IRI],
        scopes: [Attribute] = [],
        createdAt: Timestamp? = nil,
        modifiedAt: Timestamp? = nil,
        attributes: [NamedAttribute] = [],
        aggregates: [AggregatedAttribute] = []
    ) {
        self.id = id
        self.types = types
        self.scopes = scopes
        self.createdAt = createdAt
        self.modifiedAt = modifiedAt
        self.attributes = attributes
        self.aggregates = aggregates
    }
}

extension Evolution {
    /// The history of the scope; empty when the beginning of the scope was not recorded.
    package var scopeHistory: [NamedAttribute] {
        let instances = scopes.filter { $0.details?.instanceID != nil }
        return instances.isEmpty ? [] : [NamedAttribute(name: .scope, instances: instances)]
    }
}

/// The aggregated values of an attribute (clause 5.2.44).
package struct AggregatedAttribute: Sendable {
    package var name: IRI
    package var kind: Attribute.Kind
    package var datasetID: String?
    package var values: [AggregatedValues]

    package init(
        name: IRI,
        kind: Attribute.Kind,
        datasetID: String?,
        values: [AggregatedValues]
    ) {
        self.name = name
        self.kind = kind
        self.datasetID = datasetID
        self.values = values
    }
}

extension AggregatedAttribute {
    /// What the clause allows to be aggregated: of Relationships the count alone; nil when nothing
    /// is left (table 4.5.19.1-3).
    package var eligible: AggregatedAttribute? {
        var eligible = self
        if kind == .relationship || kind == .listRelationship {
            eligible.values.removeAll { ![.totalCount, .distinctCount].contains($0.method) }
        }
        return eligible.values.contains { !$0.periods.isEmpty } ? eligible : nil
    }
}

/// The values of one method, one for each period.
package struct AggregatedValues: Sendable {
    package var method: Aggregation.Method
    package var periods: [(value: JSONValue, from: Timestamp, to: Timestamp)]

    package init(
        method: Aggregation.Method,
        periods: [(value: JSONValue, from: Timestamp, to: Timestamp)]
    ) {
        self.method = method
        self.periods = periods
    }
}

/// A page of temporal evolutions.
package struct EvolutionPage: Sendable {
    package var evolutions: [Evolution]
    package var count: Int?
    package var hasMore: Bool
    /// The approximate number of bytes that its instances, and the texts of its aggregated values,
    /// take on disk.
    package var storedBytes = 0
    /// The range of time that the page covers; nil unless a limit cut instances off (status 206).
    package var contentRange: (from: Timestamp, to: Timestamp)?
    /// Where the next part of the answer begins; nil after the last one, or without parts.
    package var nextPart: Timestamp?

    package init(
        evolutions: [Evolution],
        count: Int?,
        hasMore: Bool,
        contentRange: (from: Timestamp, to: Timestamp)? = nil
    ) {
        self.evolutions = evolutions
        self.count = count
        self.hasMore = hasMore
        self.contentRange = contentRange
    }

    /// The number of instances and aggregated values on the page.
    package var instanceCount: Int {
        evolutions.reduce(0) { count, evolution in
            let instances = evolution.attributes.reduce(count) { $0 + $1.instances.count }
            return evolution.aggregates.lazy.flatMap(\.values).reduce(instances) {
                $0 + $1.periods.count
            }
        }
    }
}
