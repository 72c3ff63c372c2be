import ContextModel
import Governance
import Statistics
import Storage

/// Reads what people contribute to a statistic, page by page, at one moment of the store.
///
/// What one person contributes depends on the entities about this person alone: no page, and no limit of
/// readings, is shared by two entities. An entity about nobody or about several people is left out.
struct StatisticReading: Sendable {
    let question: StatisticQuestion
    let classification: Classification

    /// Identifiers that are looked up at once.
    private static let idsAtOnce = 50_000
    /// Entities of a page, and histories.
    private static let entitiesAtOnce = 100
    private static let historiesAtOnce = 20
    /// Readings of an attribute of one entity that count at most, the first ones.
    static let maximumReadings = 1_000
    /// Totals of persons in bins that are kept at most.
    static let maximumTotals = 2_000_000

    private var condition: Condition { .type(question.type) }

    /// All contributions, within the bounds of the statistic.
    func totals(_ transaction: any ReadTransaction) throws -> PeopleTotals<String> {
        var totals = PeopleTotals<String>(of: question.statistic)
        let portion = question.isOfHistory ? Self.historiesAtOnce : Self.entitiesAtOnce
        var offset = 0
        while true {
            let ids = try ids(transaction, offset)
            var rest = ids[...]
            while !rest.isEmpty {
                let page = Set(rest.prefix(portion))
                rest = rest.dropFirst(portion)
                if question.isOfHistory {
                    try addHistories(of: page, transaction, to: &totals)
                } else {
                    try addEntities(page, transaction, to: &totals)
                }
                guard totals.count <= Self.maximumTotals else {
                    throw BrokerError(
                        .tooManyResults,
                        "There are too many people in too many bins: ask for fewer bins, or set "
                            + "binsPerPerson."
                    )
                }
            }
            guard ids.count == Self.idsAtOnce else { return totals }
            offset += ids.count
        }
    }

    private func ids(_ transaction: any ReadTransaction, _ offset: Int) throws -> [EntityID] {
        guard question.isOfHistory else {
            return try transaction.identifiers(
                EntityQuery(condition: condition, offset: offset, limit: Self.idsAtOnce)
            )
        }
        var query = readings(of: condition, instances: 0, limit: Self.idsAtOnce)
        query.offset = offset
        return try transaction.evolutions(query).evolutions.map(\.id)
    }

    // MARK: Entities

    private func addEntities(
        _ ids: Set<EntityID>,
        _ transaction: any ReadTransaction,
        to totals: inout PeopleTotals<String>
    ) throws {
        let query = EntityQuery(condition: condition.and(.ids(ids)), limit: ids.count)
        let entities = try transaction.entities(query).entities
        try transaction.charge(entities.count * question.placeCount)
        for entity in entities {
            guard let person = classification.onlySubject(of: entity) else { continue }
            add(entity, of: person, otherGroups(of: entity), to: &totals)
        }
    }

    /// The groups that an entity is in by another attribute than the measured one; nil if there is none.
    private func otherGroups(of entity: Entity) -> Set<Int>? {
        guard let groups = question.groups, groups.attribute != question.attribute else {
            return nil
        }
        return Set(entity[groups.attribute].flatMap { groups.bins(of: $0.value) })
    }

    /// Adds what the entity contributes; `groups` is nil where the measured values say the group.
    private func add(
        _ entity: Entity,
        of person: String,
        _ groups: Set<Int>?,
        to totals: inout PeopleTotals<String>
    ) {
        let scopes = question.scopes.map { scopes in
            scopes.indices.filter { index in
                entity.scopes.contains { scopes[index].pattern.matches($0) }
            }
        }
        // Where the entity is; a history is where its readings are.
        let whole = question.isOfHistory ? nil : question.places.map { $0.bins(of: entity) }
        func add(_ value: JSONNumber, period: Int, at places: [Int]?, groups: Set<Int>) {
            for scope in scopes ?? [0] {
                for place in places ?? [0] {
                    for group in groups {
                        let bin = question.bin(
                            period: period,
                            scope: scope,
                            place: place,
                            group: group
                        )
                        totals.add(Contribution(of: person, bin: bin, value: value))
                    }
                }
            }
        }
        guard let attribute = question.attribute else {
            return add(JSONNumber(1), period: 0, at: whole, groups: groups ?? [0])
        }
        for instance in entity[attribute] {
            var period = Optional(0)
            if let periods = question.periods {
                period = instance.observedAt.flatMap { periods.bin(of: $0) }
            }
            guard let period else { continue }
            var places = whole
            if question.isOfHistory {
                places = question.places.map { $0.bins(of: instance, of: entity) }
            }
            let own = question.groups.map { Set($0.bins(of: instance.value)) } ?? [0]
            if question.measure == .sum {
                guard let value = instance.value.numberValue else { continue }
                add(value, period: period, at: places, groups: groups ?? own)
            } else {
                add(JSONNumber(1), period: period, at: places, groups: groups ?? own)
            }
        }
    }

    // MARK: Histories

    private func addHistories(
        of ids: Set<EntityID>,
        _ transaction: any ReadTransaction,
        to totals: inout PeopleTotals<String>
    ) throws {
        let condition = condition.and(.ids(ids))
        let page = try transaction.evolutions(
            readings(of: condition, instances: Self.maximumReadings, limit: ids.count)
        )
        let subjects = try transaction.evolutions(subjects(of: condition, limit: ids.count))
        // A limit cuts off all histories of a page where it cuts one off: each is read alone then.
        if ids.count > 1, page.contentRange != nil || subjects.contentRange != nil {
            for id in ids { try addHistories(of: [id], transaction, to: &totals) }
            return
        }
        // Of one that had more names than are read, nobody knows whom it is about.
        guard subjects.contentRange == nil else { return }
        try transaction.charge(page.instanceCount * question.placeCount)
        let known = Dictionary(subjects.evolutions.map { ($0.id, $0) }) { first, _ in first }
        for evolution in page.evolutions {
            var entity = Entity(
                id: evolution.id,
                types: evolution.types,
                attributes: known[evolution.id]?.attributes ?? []
            )
            guard let person = classification.onlySubject(of: entity) else { continue }
            entity.attributes = evolution.attributes
            entity.scopes = evolution.scopes.flatMap { $0.value.scopes }
            add(entity, of: person, nil, to: &totals)
        }
    }

    private func readings(of condition: Condition, instances: Int, limit: Int) -> TemporalQuery {
        TemporalQuery(
            condition: condition,
            attributes: Set(question.attributes),
            timeProperty: .observedAt,
            from: question.periods?.starts.first,
            to: question.periods?.end,
            instanceLimit: instances,
            limit: limit
        )
    }

    /// All that histories say of whom they are about, whenever that was.
    private func subjects(of condition: Condition, limit: Int) -> TemporalQuery {
        TemporalQuery(
            condition: condition,
            attributes: classification.subjectNames(of: question.type),
            timeProperty: .modifiedAt,
            instanceLimit: Self.maximumReadings,
            limit: limit
        )
    }
}
