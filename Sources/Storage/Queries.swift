package import ContextModel

/// A query over current state (clause 5.7.2).
package struct EntityQuery: Sendable, Hashable {
    package var condition: Condition
    package var order: [OrderTerm]
    package var offset: Int
    /// At most so many entities; 0 for the count alone.
    package var limit: Int
    package var wantsCount: Bool

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

/// A page of entities: as values, or in the bytes of the store.
package struct EntityPage<Content: Sendable>: Sendable {
    package var entities: [Content]
    /// All that match, if the query wanted it.
    package var count: Int?
    /// Whether entities follow this page.
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

    /// What the entity is, with no attributes but those selected, hidden or not.
    package func value(_ selection: AttributeSelection) throws(StorageError) -> Entity {
        do throws(EntityCodec.Damage) { return try decoded(selection) } catch {
            throw StorageError(error)
        }
    }
}

extension Entity {
    /// The bytes of an entity that is to be stored where it took so many; throws when they are too
    /// many, unless there were as many already.
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

/// Entities alike in types and attributes.
package struct EntityShape: Sendable, Hashable {
    package var types: [IRI]
    /// Attribute names with the kinds seen.
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
    /// Which entities; `q` and geo are decided over current state and the instances in range.
    package var condition: Condition
    /// Attributes returned; nil for all.
    package var attributes: Set<IRI>?
    package var datasetIDs: Set<String>?
    /// The moment of an instance that the query looks at.
    package var timeProperty: TemporalTest.Property
    /// Half open: at or after `from`, before `to`; nil is unbounded.
    ///
    /// `before` alone excludes its moment, `after` alone includes it (clause 4.11).
    package var from: Timestamp?
    package var to: Timestamp?
    /// The newest so many instances of each attribute (clause 4.11 `lastN`).
    package var lastN: Int?
    /// Instances of one attribute returned at most, oldest dropped last (clause 5.5.9.2, 206);
    /// 0 for the entities alone.
    package var instanceLimit: Int
    /// Instances of the whole page at most; of aggregates, their values.
    ///
    /// Instances beyond it are cut off as with `instanceLimit`; values beyond it are an error.
    package var pageLimit = Int.max
    package var aggregation: Aggregation?
    /// Sorted by identifier (clause 5.7.4 allows no other key), or as the store likes.
    package var idOrder: IDOrder?
    package var offset: Int
    package var limit: Int
    package var wantsCount: Bool

    /// The directions of an order by identifier.
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

    package init(methods: [Method], period: AggregationPeriod) {
        self.methods = methods
        self.period = period
    }
}

/// `aggrPeriodDuration`: an ISO 8601 duration; `whole` (PT0S) is the entire range at once.
///
/// Periods are counted from the start of the range asked for, or from the first instance.
package enum AggregationPeriod: Sendable, Hashable {
    case whole
    case fixed(microseconds: Int64)
    /// One with months, which differ in length: the nth period begins n times the months later, on
    /// the last of the month when that month is shorter, and then n times the rest.
    case calendar(ISODuration)
}

/// The temporal evolution of one entity.
package struct Evolution: Sendable {
    package var id: EntityID
    package var types: [IRI]
    /// Instances of the scope that held in the range asked for, oldest first (clause 4.5.6).
    package var scopes: [Attribute]
    package var createdAt: Timestamp?
    package var modifiedAt: Timestamp?
    /// Instances of each attribute, by name, oldest first, each with its `instanceID`.
    package var attributes: [NamedAttribute]
    /// Kinds of the attributes that have no instance left in the range of a page cut off.
    package var kindsBeyondRange: [IRI: Attribute.Kind] = [:]
    /// Aggregated values instead of instances, when the query aggregated.
    package var aggregates: [AggregatedAttribute]
    /// Attributes with values that none of the methods can aggregate (clause 4.5.19.1).
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
    /// The scope as the history has it; empty where nobody wrote down since when it holds.
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
    /// What the clause lets be aggregated: Relationships are counted, and nothing else; nil when
    /// nothing is left (table 4.5.19.1-3).
    package var eligible: AggregatedAttribute? {
        var eligible = self
        if kind == .relationship || kind == .listRelationship {
            eligible.values.removeAll { ![.totalCount, .distinctCount].contains($0.method) }
        }
        return eligible.values.contains { !$0.periods.isEmpty } ? eligible : nil
    }
}

/// One method's values, a period each.
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
    /// About as many bytes as its instances, and the texts of its aggregated values, take as they are
    /// stored.
    package var storedBytes = 0
    /// Set when a limit cut instances off: the range of times the page covers (206).
    package var contentRange: (from: Timestamp, to: Timestamp)?

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

    /// How many instances, and aggregated values, there are on it.
    package var instanceCount: Int {
        evolutions.reduce(0) { count, evolution in
            let instances = evolution.attributes.reduce(count) { $0 + $1.instances.count }
            return evolution.aggregates.lazy.flatMap(\.values).reduce(instances) {
                $0 + $1.periods.count
            }
        }
    }
}
