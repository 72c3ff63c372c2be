import ContextModel
import Governance
import Storage
import StorageMemory
import Testing

@testable import StorageSQLite

/// Both stores and a simple model answer random requests equally: conditions, orders, pages,
/// histories, aggregates, and transactions that fail.
@Suite struct StoreComparisonTests {
    // MARK: Current state

    @Test(arguments: 0..<8 as Range<UInt64>)
    func `both stores and a full scan give the same answers`(seed: UInt64) async throws {
        var dice = SeededDice(seed)
        let clock = Clock()
        let pair = try await StorePair(clock)
        var model = EntityModel()
        for _ in 0..<6 {
            for _ in 0..<4 {
                let change = EntityChanges.random(&dice, now: clock.now)
                try await pair.write { try change.apply(to: $0) }
                if !change.fails { model.apply(change) }
            }
            for _ in 0..<12 {
                let question = EntityQuestion.random(&dice)
                let expected = try question.answer(from: model, at: clock.now)
                for (name, store) in pair.stores {
                    let answer = try await question.answer(from: store)
                    try #require(answer == expected, "seed \(seed), \(name): \(question)")
                }
            }
            for rules in [[], RandomEntities.prohibitions(&dice)] {
                let grant = try Grants.read(prohibiting: rules)
                let shapes = try await pair.answers { try await $0.shapes(grant: grant) }
                try #require(shapes.sqlite == shapes.memory, "seed \(seed): \(rules)")
            }
            clock.now.microseconds += 1_000_000
        }
        await pair.close()
    }

    // MARK: The outbox

    @Test(arguments: 0..<16 as Range<UInt64>)
    func
        `both outboxes give the same to the same claimants, each message to one at a time, in order`(
            seed: UInt64
        ) async throws
    {
        var dice = SeededDice(seed)
        let pair = try await StorePair(Clock())
        var model = OutboxModel()
        for _ in 0..<120 {
            let step = OutboxStep.random(&dice)
            let answers = try await pair.answers { try await step.take(in: $0, as: model) }
            try #require(answers.sqlite == answers.memory, "seed \(seed): \(step)")
            let isKept = model.note(step, answers.memory)
            try #require(isKept, "seed \(seed): \(step), \(answers.memory)")
            let waiting = try await pair.answers {
                try await $0.outbox(after: 0, limit: 1_000, grant: Grants.delivering)
            }
            try #require(waiting.sqlite == waiting.memory, "seed \(seed): \(step)")
            let leases = try await pair.answers { try await $0.outboxLease() }
            try #require(leases.sqlite == leases.memory, "seed \(seed): \(step)")
        }
        await pair.close()
    }

    // MARK: Histories

    @Test(arguments: 0..<12 as Range<UInt64>)
    func `both stores have the same history, and a part of it equals that part of the whole`(
        seed: UInt64
    ) async throws {
        var dice = SeededDice(seed)
        let pair = try await StorePair(Clock())
        let start = HistoryChange.append(.speed, (0..<60).map { _ in .random(&dice) })
        for change in [start] + (0..<8).map({ _ in HistoryChange.random(&dice) }) {
            try await change.apply(to: pair.sqlite)
            try await change.apply(to: pair.memory)
            if Bool.random(using: &dice) { try await pair.becomeOther(&dice) }
            let whole = try await pair.evolutions(HistoryQueries.all)
            try #require(whole.sqlite.text == whole.memory.text, "seed \(seed): \(change)")
            for query in HistoryQueries.random(&dice) {
                let grant = try Grants.read(
                    [.everything, .type(.sensor), .type(.station)].randomElement(using: &dice)
                        ?? .everything,
                    hidden: Int.random(in: 0..<4, using: &dice) == 0 ? [.label] : [],
                    prohibiting: RandomEntities.prohibitions(&dice)
                )
                let page = try await pair.evolutions(query, grant: grant)
                let note: Comment = "seed \(seed): \(change), \(query)"
                try #require(page.sqlite.text == page.memory.text, note)
                var nameless = query
                nameless.showsInstancesOnly = true
                let bare = try await pair.sqlite.evolutions(nameless, grant: grant)
                try #require(bare.nameless.text == page.sqlite.nameless.text, note)
            }
            for query in HistoryQueries.newest(&dice) {
                let page = try await pair.evolutions(query)
                let note: Comment = "seed \(seed): \(change), \(query)"
                try #require(page.sqlite.text == page.memory.text, note)
            }
            for query in HistoryQueries.plain(&dice) {
                let note: Comment = "seed \(seed): \(change), \(query)"
                let page = try await pair.memory.evolutions(query, grant: Grants.read())
                try #require(page.values == whole.memory.values(for: query), note)
                var sums = query
                let period = AggregationPeriod.fixed(microseconds: 7_000_000)
                sums.aggregation = Aggregation(methods: [.totalCount, .sum], period: period)
                let summed = try await pair.sqlite.evolutions(sums, grant: Grants.read())
                try #require(summed.sums == whole.memory.sums(for: query, seconds: 7), note)
            }
            try await pair.seal()
        }
        await pair.close()
    }
}

/// The same data in a file, whose histories are sealed early, and in memory.
private struct StorePair {
    private let folder = Folder()
    private let file: SQLiteStore
    private let shared: MemoryStore
    let sqlite: any TenantStore
    let memory: any TenantStore

    init(_ clock: Clock) async throws {
        let sealing = SealingLimits(segment: 8, smallestSegment: 3, newestRows: 4, rowsMet: 12)
        file = try SQLiteStore(folder: folder.path, sealing: sealing) { clock.now }
        shared = MemoryStore(folder.memory) { clock.now }
        sqlite = try await file.makeTenant(nil)
        memory = try await shared.makeTenant(nil)
    }

    var stores: [(name: String, store: any TenantStore)] {
        [("SQLite", sqlite), ("memory", memory)]
    }

    func close() async {
        await file.close()
        await shared.close()
    }

    /// Changes both; an error that the body throws on purpose is expected.
    func write(_ body: @escaping @Sendable (any StoreTransaction) throws -> Void) async throws {
        for (_, store) in stores {
            do { try await store.transact(body) } catch is EntityChanges.Undone {}
        }
    }

    func answers<Answer>(
        _ ask: (any TenantStore) async throws -> Answer
    ) async throws -> (sqlite: Answer, memory: Answer) {
        (try await ask(sqlite), try await ask(memory))
    }

    func evolutions(
        _ query: TemporalQuery,
        grant: ReadGrant? = nil
    ) async throws -> (sqlite: EvolutionPage, memory: EvolutionPage) {
        let grant = try grant ?? Grants.read()
        return try await answers { try await $0.evolutions(query, grant: grant) }
    }

    /// Changes the types and scopes of the entity, deletes its current state, or restores it.
    func becomeOther(_ dice: inout SeededDice) async throws {
        var entity = Entity("a", Bool.random(using: &dice) ? .sensor : .station)
        entity.scopes = Bool.random(using: &dice) ? ["/A"] : []
        entity.createdAt = seconds(0)
        entity.modifiedAt = seconds(Int.random(in: 0..<90, using: &dice))
        let (made, isRemoved) = (entity, Int.random(in: 0..<3, using: &dice) == 0)
        try await write { transaction in
            if isRemoved { _ = try transaction.remove(made.id) } else { try transaction.put(made) }
        }
    }

    func seal() async throws {
        _ = try await sqlite.evolutions(HistoryQueries.all, grant: Grants.read())
        try await #require(sqlite as? SQLiteTenantStore).sealer.sealHistory()
    }
}

// MARK: - Looking at everything

/// Entities in the order of creation only.
private struct EntityModel {
    private(set) var entities: [Entity] = []

    mutating func apply(_ changes: EntityChanges) {
        for entity in changes.put {
            if let place = entities.firstIndex(where: { $0.id == entity.id }) {
                entities[place] = entity
            } else {
                entities.append(entity)
            }
        }
        entities.removeAll { changes.removed.contains($0.id) }
    }
}

/// The changes of current state in one transaction.
private struct EntityChanges {
    struct Undone: Error {}

    var put: [Entity]
    var removed: [EntityID]
    /// Whether the transaction fails after all changes.
    var fails: Bool

    static func random(_ dice: inout SeededDice, now: Timestamp) -> EntityChanges {
        let put = (0..<Int.random(in: 1...20, using: &dice)).map { _ in
            var entity = RandomEntities.entity(.random(in: 0..<60, using: &dice), &dice)
            entity.createdAt = now
            entity.modifiedAt = now
            if Int.random(in: 0..<3, using: &dice) == 0 { entity.scopes = ["/A/B"] }
            if Int.random(in: 0..<8, using: &dice) == 0 {
                let later = Int64.random(in: 0...3, using: &dice) * 1_000_000
                entity.expiresAt = Timestamp(microseconds: now.microseconds + later)
            }
            return entity
        }
        return EntityChanges(
            put: put,
            removed: (0..<Int.random(in: 0...4, using: &dice)).map { _ in
                EntityID("urn:\(Int.random(in: 0..<60, using: &dice))")
            },
            fails: Int.random(in: 0..<4, using: &dice) == 0
        )
    }

    func apply(to transaction: any StoreTransaction) throws {
        for entity in put { try transaction.put(entity) }
        for id in removed { _ = try transaction.remove(id) }
        if fails { throw Undone() }
    }
}

/// A query of current state by a reader whose grant covers some of it.
private struct EntityQuestion {
    /// The compared parts of a page.
    struct Answer: Equatable {
        var entities: [Entity]
        var ids: [EntityID]
        /// Those that a walk comes to.
        var walked: [Entity]
        var count: Int?
        var hasMore: Bool
    }

    var query: EntityQuery
    var covered: Condition
    var hidden: Set<IRI>
    var prohibitions: [Prohibition]
    /// Sorted by identifiers, which are compared as texts.
    var isByIdentifier: Bool
    var isDescending: Bool

    static func random(_ dice: inout SeededDice) -> EntityQuestion {
        let (isByIdentifier, isDescending) = (
            Int.random(in: 0..<3, using: &dice) == 0, Bool.random(using: &dice)
        )
        // Hidden attributes cannot be queried.
        let hidden: Set<IRI> = Int.random(in: 0..<3, using: &dice) == 0 ? [.label] : []
        let condition =
            hidden.isEmpty
            ? RandomEntities.condition(&dice) : Condition.any([.type(.sensor), .attribute(.speed)])
        let query = EntityQuery(
            condition: condition,
            order: isByIdentifier ? [OrderTerm(subject: .id, isDescending: isDescending)] : [],
            offset: .random(in: 0..<12, using: &dice),
            limit: .random(in: 0..<30, using: &dice),
            wantsCount: Bool.random(using: &dice)
        )
        let scope = Condition.scope(ScopePattern(segments: ["A", "#"]))
        return EntityQuestion(
            query: query,
            covered: [.everything, .type(.sensor), .not(.type(.sensor)), scope]
                .randomElement(using: &dice) ?? .everything,
            hidden: hidden,
            prohibitions: RandomEntities.prohibitions(&dice),
            isByIdentifier: isByIdentifier,
            isDescending: isDescending
        )
    }

    private func grant() throws -> ReadGrant {
        try Grants.read(covered, hidden: hidden, prohibiting: prohibitions)
    }

    func answer(from store: any TenantStore) async throws -> Answer {
        let grant = try grant()
        let page = try await store.entities(query, grant: grant)
        var unsorted = query
        unsorted.order = []
        let walked = try await store.read(grant) { [unsorted] transaction in
            var walked: [Entity] = []
            try transaction.forEach(unsorted) { entity in
                walked.append(try entity.value())
                return true
            }
            return walked
        }
        return Answer(
            entities: page.entities,
            ids: try await store.identifiers(query, grant: grant),
            walked: walked,
            count: page.count,
            hasMore: page.hasMore
        )
    }

    func answer(from model: EntityModel, at now: Timestamp) throws -> Answer {
        let grant = try grant()
        let (asked, covered) = (PreparedCondition(query.condition), PreparedCondition(covered))
        var found = model.entities.compactMap { $0.unexpired(at: now) }.filter { entity in
            covered.matches(entity) && asked.matches(grant.shape(entity))
        }
        let walked = found.dropFirst(query.offset).prefix(query.limit)
        if isByIdentifier {
            found.sort { isDescending ? $1.id.uri < $0.id.uri : $0.id.uri < $1.id.uri }
        }
        let page = found.dropFirst(query.offset).prefix(query.limit)
        return Answer(
            entities: page.map { grant.shape($0) },
            ids: page.map(\.id),
            walked: walked.map { grant.shape($0) },
            count: query.wantsCount ? found.count : nil,
            hasMore: found.count > query.offset + query.limit
        )
    }
}

extension NamedAttribute {
    fileprivate mutating func removeGivenNames() {
        for place in instances.indices {
            let name = instances[place].details?.instanceID
            guard let name, InstanceName(name) != nil else { continue }
            instances[place].details?.instanceID = nil
            if instances[place].details == AttributeDetails() { instances[place].details = nil }
        }
    }
}

extension HistoryQueries {
    /// The newest instances of named entities.
    fileprivate static func newest(_ dice: inout SeededDice) -> [TemporalQuery] {
        plain(&dice).map { query in
            var newest = query
            newest.condition = .ids([EntityID("urn:a"), EntityID("urn:nobody")])
            newest.timeProperty = .observedAt
            newest.lastN = Int.random(in: 1...12, using: &dice)
            newest.showsInstancesOnly = true
            if Bool.random(using: &dice) { newest.attributes = [.speed] }
            if Bool.random(using: &dice) { newest.to = nil }
            if Bool.random(using: &dice) { newest.from = nil }
            return newest
        }
    }

    /// Ranges of time only.
    fileprivate static func plain(_ dice: inout SeededDice) -> [TemporalQuery] {
        (0..<4).map { _ in
            var query = all
            let from = Int.random(in: 0..<90, using: &dice)
            query.from = seconds(from)
            query.to = seconds(from + .random(in: 1..<60, using: &dice))
            query.timeProperty =
                [.observedAt, .modifiedAt, .createdAt].randomElement(using: &dice) ?? .observedAt
            return query
        }
    }
}

extension EvolutionPage {
    /// The page without scopes and without the identifiers that a store gives to instances.
    fileprivate var nameless: EvolutionPage {
        var page = self
        for index in page.evolutions.indices {
            page.evolutions[index].scopes = []
            for place in page.evolutions[index].attributes.indices {
                page.evolutions[index].attributes[place].removeGivenNames()
            }
        }
        return page
    }

    /// The values of each attribute.
    fileprivate var values: [String] {
        evolutions.flatMap(\.attributes).map { Self.text($0.name, $0.instances) }
    }

    /// The values that a plain query selects from the whole history.
    fileprivate func values(for query: TemporalQuery) -> [String] {
        evolutions.flatMap(\.attributes).compactMap { attribute in
            let inRange = attribute.instances.filter { $0.isIn(query) }
            return inRange.isEmpty ? nil : Self.text(attribute.name, inRange)
        }
    }

    private static func text(_ name: IRI, _ instances: [Attribute]) -> String {
        "\(name) \(instances.map { "\($0.value) \($0.datasetID ?? "")" }.sorted())"
    }

    /// The number of values in each period of each series, and the sum of the numbers.
    fileprivate var sums: Set<String> {
        Set(
            evolutions.flatMap(\.aggregates).flatMap { attribute in
                attribute.values.flatMap { values in
                    values.periods.map { period in
                        let value = period.value.numberValue?.doubleValue ?? .nan
                        return "\(attribute.name) \(attribute.datasetID ?? "") \(values.method) "
                            + "\(period.from) \((value * 1_000).rounded())"
                    }
                }
            }
        )
    }

    /// The same, computed from the whole history.
    fileprivate func sums(for query: TemporalQuery, seconds length: Int64) -> Set<String> {
        var counts: [String: Int] = [:]
        var sums: [String: Double] = [:]
        for attribute in evolutions.flatMap(\.attributes) {
            for instance in attribute.instances
            where instance.isIn(query) && instance.details?.deletedAt == nil {
                guard let from = query.from, let moment = instance.moment(query) else { continue }
                let steps = (moment.microseconds - from.microseconds) / (length * 1_000_000)
                let start = from.microseconds + steps * length * 1_000_000
                let series = "\(attribute.name) \(instance.datasetID ?? "")"
                let period = "\(Timestamp(microseconds: start))"
                counts["\(series) totalCount \(period)", default: 0] += 1
                guard let number = instance.value.asNumber else { continue }
                sums["\(series) sum \(period)", default: 0] += number
            }
        }
        let all = counts.mapValues(Double.init).merging(sums) { $1 }
        return Set(all.map { "\($0.key) \(($0.value * 1_000).rounded())" })
    }
}

extension Attribute {
    fileprivate func moment(_ query: TemporalQuery) -> Timestamp? {
        switch query.timeProperty {
        case .observedAt: observedAt
        case .createdAt: createdAt
        default: modifiedAt
        }
    }

    fileprivate func isIn(_ query: TemporalQuery) -> Bool {
        guard let moment = moment(query), let from = query.from, let to = query.to else {
            return false
        }
        return from <= moment && moment < to
    }
}

extension JSONValue {
    /// The value of a number in a sum; of an array its size (table 4.5.19.1-2).
    fileprivate var asNumber: Double? {
        switch self {
        case .number(let number): number.doubleValue
        case .bool(let bool): bool ? 1 : 0
        case .array(let elements): Double(elements.count)
        case .string, .null, .object: nil
        }
    }
}
