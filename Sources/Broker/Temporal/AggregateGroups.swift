package import ContextModel
package import Governance
import Storage

/// A question for sums of many histories together, by groups of entities and by periods.
///
/// It is Balai's own, beside the standard's temporal query, which aggregates each history for itself.
package struct GroupQuestion: Sendable {
    /// How entities become groups.
    package enum Grouping: Sendable, Hashable {
        /// All entities together.
        case none
        case entity, type
        /// The first segments of a scope, at most so many.
        case scope(segments: Int)
        /// The value of an attribute, such as a district's name or identifier.
        case attribute(IRI)
        /// The areas of the entities of this type, in which entities with a `location` lie.
        case area(IRI)
    }
    /// Which entities are meant.
    package var condition: Condition
    package var attributes: Set<IRI>
    package var grouping: Grouping
    /// The periods, from each moment to the next: two moments at least.
    package var edges: [Timestamp]
    package var timeProperty: TemporalTest.Property

    package init(
        condition: Condition,
        attributes: Set<IRI>,
        grouping: Grouping,
        edges: [Timestamp],
        timeProperty: TemporalTest.Property = .observedAt
    ) {
        self.condition = condition
        self.attributes = attributes
        self.grouping = grouping
        self.edges = edges
        self.timeProperty = timeProperty
    }
}

/// The numbers of one group, attribute and period.
package struct GroupSum: Sendable, Hashable {
    package var count = 0
    package var sum = 0.0
    package var least = Double.infinity
    package var greatest = -Double.infinity

    package var average: Double { sum / Double(count) }

    mutating func add(_ other: GroupSum) {
        count += other.count
        sum += other.sum
        least = min(least, other.least)
        greatest = max(greatest, other.greatest)
    }
}

/// The sums of a question.
package struct GroupedSums: Disclosable {
    /// What a sum is of.
    package struct Key: Sendable, Hashable {
        /// The group; empty for entities that belong to none.
        package var group: String
        package var attribute: IRI
        /// The place of the period among those of the question.
        package var period: Int
    }
    package fileprivate(set) var sums: [Key: GroupSum] = [:]
    /// The names of groups that are areas, as far as they have any.
    package fileprivate(set) var names: [String: String] = [:]
    fileprivate var entities: [(EntityID, [IRI])] = []

    package func forEachDisclosure(_ note: (EntityID, [IRI]) -> Void) {
        for (id, names) in entities { note(id, names) }
    }
}

extension Reading {
    /// Adds up the numbers in the histories of the question's entities, as far as the caller may see them.
    ///
    /// An entity is in the group to which it belongs now. Throws `tooManyResults` for more than
    /// `maximumAnswerInstances` sums.
    package func sums(
        _ question: GroupQuestion,
        caller: Caller
    ) async throws -> Disclosed<GroupedSums> {
        let session = try await session(
            caller,
            condition: question.condition,
            sortedBy: question.namesOfGrouping
        )
        let limits = limits
        let answer = try await session.read { transaction in
            var summing = try GroupSumming(question, limits, transaction)
            try summing.run(transaction)
            return summing.sums
        }
        return try await session.seal(answer)
    }
}

extension GroupQuestion {
    /// The attributes that decide the groups, which the reader may not see into where they are hidden.
    fileprivate var namesOfGrouping: [IRI] {
        switch grouping {
        case .attribute(let name): [name]
        case .area: [.location]
        case .none, .entity, .type, .scope: []
        }
    }
}

/// Reads histories in batches and adds their sums to those of their groups.
private struct GroupSumming {
    /// The histories that are read together.
    private static let batch = 500
    /// The most areas, each of which every entity may lie in.
    private static let maximumAreas = 1_000

    private let question: GroupQuestion
    private let limits: HubLimits
    private let areas: [Area]
    private let places: [Timestamp: Int]
    private(set) var sums = GroupedSums()

    private struct Area {
        var id: EntityID
        var test: PreparedCondition
    }

    init(
        _ question: GroupQuestion,
        _ limits: HubLimits,
        _ transaction: any ReadTransaction
    ) throws {
        self.question = question
        self.limits = limits
        places = Dictionary(
            question.edges.enumerated().map { ($1, $0) },
            uniquingKeysWith: { first, _ in first }
        )
        guard case .area(let type) = question.grouping else {
            areas = []
            return
        }
        let found = try transaction.entities(
            EntityQuery(condition: .type(type), limit: Self.maximumAreas)
        )
        guard !found.hasMore else {
            throw BrokerError(
                .tooManyResults,
                "There are more than \(Self.maximumAreas) areas of the type '\(type.text)'."
            )
        }
        areas = found.entities.compactMap(Self.area)
        for entity in found.entities {
            let name = entity.attributes.first { $0.name.text.hasSuffix("/name") }
            sums.names[entity.id.uri] = name?.instances.first?.value.stringValue
            sums.entities.append((entity.id, [.location] + (name.map { [$0.name] } ?? [])))
        }
    }

    private static func area(_ entity: Entity) -> Area? {
        let place = entity[.location].first { $0.kind == .geoProperty }?.value
        guard let place, let geometry = try? Geometry(geoJSON: place) else { return nil }
        let test = GeoTest(relation: .intersects, reference: geometry, attribute: .location)
        return Area(id: entity.id, test: PreparedCondition(.geometry(test)))
    }

    mutating func run(_ transaction: any ReadTransaction) throws {
        var query = TemporalQuery(
            condition: question.condition,
            attributes: question.attributes,
            timeProperty: question.timeProperty,
            from: question.edges.first,
            to: question.edges.last,
            instanceLimit: limits.maximumInstances,
            aggregation: Aggregation(
                methods: [.totalCount, .sum, .min, .max],
                period: .edges(question.edges),
                countsNumbers: true
            ),
            limit: Self.batch
        )
        query.idOrder = .ascending
        while true {
            let page = try transaction.evolutions(query)
            for evolution in page.evolutions {
                let group = try group(of: evolution, transaction)
                if evolution.aggregates.isEmpty { continue }
                // In which group an entity is tells of what decides the group, too.
                let deciding = group.isEmpty ? [] : question.namesOfGrouping
                let names = Set(evolution.aggregates.map(\.name) + deciding)
                sums.entities.append((evolution.id, Array(names)))
                for attribute in evolution.aggregates { add(attribute, to: group) }
            }
            guard sums.sums.count <= limits.maximumAnswerInstances else {
                throw BrokerError(
                    .tooManyResults,
                    "There would be more than \(limits.maximumAnswerInstances) sums; ask for longer periods or "
                        + "fewer groups."
                )
            }
            guard page.hasMore else { return }
            query.offset += query.limit
        }
    }

    private mutating func add(_ attribute: AggregatedAttribute, to group: String) {
        var own: [Int: GroupSum] = [:]
        for values in attribute.values {
            for value in values.periods {
                // Texts have a least and a greatest, too, and no sum.
                guard let place = places[value.from], let number = value.value.numberValue else {
                    continue
                }
                switch values.method {
                case .totalCount: own[place, default: GroupSum()].count = number.intValue ?? 0
                case .sum: own[place, default: GroupSum()].sum = number.doubleValue
                case .min: own[place, default: GroupSum()].least = number.doubleValue
                case .max: own[place, default: GroupSum()].greatest = number.doubleValue
                case .distinctCount, .avg, .stddev, .sumsq: break
                }
            }
        }
        for (place, sum) in own where sum.count > 0 {
            let key = GroupedSums.Key(group: group, attribute: attribute.name, period: place)
            sums.sums[key, default: GroupSum()].add(sum)
        }
    }

    // MARK: Groups

    private func group(
        of evolution: Evolution,
        _ transaction: any ReadTransaction
    ) throws -> String {
        switch question.grouping {
        case .none: return ""
        case .entity: return evolution.id.uri
        case .type: return evolution.types.map(\.text).sorted().joined(separator: " ")
        case .scope, .attribute, .area: break
        }
        // Where it has been deleted, it belongs to no group any more.
        guard let entity = try transaction.encodedEntity(evolution.id)?.value() else { return "" }
        switch question.grouping {
        case .scope(let segments):
            guard let scope = entity.scopes.first else { return "" }
            return "/" + scope.split(separator: "/").prefix(segments).joined(separator: "/")
        case .attribute(let name):
            let value = entity[name].first { $0.datasetID == nil }?.value
            return value.map { $0.stringValue ?? $0.text } ?? ""
        case .area:
            for area in areas {
                try transaction.charge(1)
                if area.test.matches(entity) { return area.id.uri }
            }
            return ""
        case .none, .entity, .type: return ""
        }
    }
}
