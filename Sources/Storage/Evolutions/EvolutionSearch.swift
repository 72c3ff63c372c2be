import ContextModel
package import Governance

/// Answers one temporal query (clauses 5.7.3 and 5.7.4) within one snapshot.
///
/// - An entity without an instance in the requested range is left out (5.7.4.4).
/// - The query's conditions on values and places are decided over the instances in range. Of an
///   attribute that the query names, only the instances that meet the condition are shown or
///   aggregated.
/// - The grant's conditions on types and scopes are decided for each part of the history by what
///   the entity was then.
/// - The grant's conditions on values are decided over the current state, where there is one, so
///   that an old value gives no access.
package struct EvolutionSearch<Source: HistorySource> {
    typealias Key = Source.Series.Key
    typealias Seen = SeenEvolution<Key>

    /// Reads the instances that are shown.
    package let series: Source.Series
    let query: TemporalQuery
    private let grant: ReadGrant
    private let source: Source
    /// Reads the instances that decide the query: without `lastN`, which is about what is shown
    /// (clause 5.7.4.4).
    private let decisionSeries: Source.Series
    private let scopes: ScopeSearch<Source.Series>
    /// The query's condition without its scopes.
    private let queryDecision: PreparedCondition
    /// The steps that looking at all parts of the condition takes.
    private let conditionSize: Int
    /// The attributes that the query names.
    private let queriedNames: Set<IRI>
    /// Those of them whose instances decide it by what they have, and not by being there.
    private let comparedNames: Set<IRI>
    private let grantDecision: PreparedCondition
    /// The attributes that name the people an entity is about, if the grant depends on these
    /// people.
    private let subjectNames: Set<IRI>
    private let subjectSeries: Source.Series
    /// The attributes that are hidden in some states of some entities.
    private let partlyHidden: Set<IRI>

    package init(_ query: TemporalQuery, grant: ReadGrant, source: Source) throws {
        self.query = query
        self.grant = grant
        self.source = source
        series = try source.series(query)
        var decided = query
        decided.partFrom = nil
        decided.lastN = query.lastN.map { max($0, EvolutionLimits.instancesPerDecision) }
        decisionSeries = decided == query ? series : try source.series(decided)
        let (scopes, rest) = query.condition.partedByScope
        self.scopes = ScopeSearch(scopes, query: decided, makeSeries: source.series)
        queryDecision = PreparedCondition(rest)
        conditionSize = query.condition.size
        queriedNames = Set(rest.attributeNames)
        comparedNames = Set(rest.comparedNames)
        grantDecision = PreparedCondition(grant.condition)
        partlyHidden = grant.hidden.namesOfElements
        subjectNames = Set(grant.namesOfSubjects)
        subjectSeries = subjectNames.isEmpty ? series : try source.series(query.ofAllTimes)
    }

    /// Returns the page that the query asks for.
    package func page() throws -> EvolutionPage {
        var page = EvolutionPage(evolutions: [], count: nil, hasMore: false)
        var found = EvolutionMatches<Key>(query)
        var candidates = try source.candidates(query, grant: grant)
        while let candidate = try candidates.next() {
            guard let seen = try seen(candidate) else { continue }
            guard found.add(seen) else { break }
        }
        page.count = query.wantsCount ? found.count : nil
        page.hasMore = found.count > query.offset + query.limit
        if let start = query.partFrom {
            try readPart(of: found.ofPage, from: start.microseconds, into: &page)
            return page
        }
        var size = AnswerSize()
        let (evolutions, limit) = try evolutions(of: found.ofPage, size: &size)
        page.evolutions = evolutions
        page.storedBytes = size.taken
        page.cut(to: query, limit: limit)
        return page
    }

    typealias Found = ArraySlice<Seen>

    /// Returns the evolutions of the matches and the number of instances read for each attribute.
    ///
    /// That number is the query's limit, or less when the page would have too many instances.
    private func evolutions(
        of found: Found,
        size: inout AnswerSize
    ) throws -> ([Evolution], limit: Int) {
        let most = query.instanceLimit
        if let whole = try evolutions(of: found, limit: most, inAll: query.pageLimit, size: &size) {
            return (whole, most)
        }
        size = AnswerSize()
        let keys = try found.reduce(0) {
            $0 + (try visibleKeys(of: $1).count)
        }
        let limit = max(1, query.pageLimit / max(1, keys))
        return (try evolutions(of: found, limit: limit, inAll: .max, size: &size) ?? [], limit)
    }

    /// Returns the evolutions; nil when they have more instances than the page may have.
    private func evolutions(
        of found: Found,
        limit: Int,
        inAll: Int,
        size: inout AnswerSize
    ) throws -> [Evolution]? {
        var (evolutions, count) = ([Evolution](), 0)
        for seen in found {
            let evolution = try evolution(of: seen, limit: limit, size: &size)
            count += evolution.attributes.reduce(0) { $0 + $1.instances.count }
            guard count <= inAll else { return nil }
            evolutions.append(evolution)
        }
        return evolutions
    }

    /// What the reader sees of the candidate; nil when it may see nothing, or nothing that it
    /// asked for.
    private func seen(_ candidate: EvolvingEntity) throws -> Seen? {
        let entity = grant.dated(candidate.entity)
        let number = candidate.history
        let seesAll = grant.condition == .everything && grant.hidden.isUniform
        let states = seesAll ? [] : try source.past(of: candidate)
        // Each former state is decided, too.
        try source.budget.require(conditionSize * (states.count + 1) * (partlyHidden.count + 1))
        // Types and identifiers are decided before any history is read.
        guard !states.isEmpty || query.condition.allows(entity) else { return nil }
        let keys = try series.keys(of: number)
        var known = candidate.isCurrent ? entity : try self.past(of: entity, number, keys)
        if !subjectNames.isEmpty { try addSubjects(of: number, keys, to: &known) }
        let past = EntityPast(states, current: entity)
        let covers = { grantDecision.matches(known.inState(was: $0)) }
        guard var view = past.view(covers), query.condition.allows(view.entity) else { return nil }
        // Of a former state no attributes are known, so nothing tells when they changed.
        view.entity = grant.dated(view.entity)
        for name in partlyHidden {
            view.hiddenByName[name] = past.hidden {
                covers($0) && !grant.hidden.hiddenNames(in: known.inState(was: $0)).contains(name)
            }
        }
        view = view.shaped(by: grant.hidden, states, known, at: source.now)
        let seen = Seen(number: number, keys: keys, view: view)
        return try isAskedFor(seen) ? seen : nil
    }

    /// The series of which the reader may see any instance.
    func visibleKeys(of seen: Seen) throws -> [Key] {
        try series.keys(of: seen.number).filter { key in
            let hidden = seen.view.hidden(key.name)
            return try isVisible(key)
                && (hidden.isEmpty
                    || series.hasInstance(
                        seen.number,
                        key,
                        hiding: hidden,
                        wanted: seen.view.choice(of: key.name)
                    ))
        }
    }

    private func isAskedFor(_ seen: Seen) throws -> Bool {
        let keys = seen.keys.filter(isVisible)
        let hasInstance = try keys.contains {
            try series.hasInstance(
                seen.number,
                $0,
                hiding: seen.view.hidden($0.name),
                wanted: seen.view.choice(of: $0.name)
            )
        }
        guard hasInstance else { return false }
        if scopes.isAsked {
            let held = try scopes.held(by: seen)
            guard
                try !attributes(
                    of: seen,
                    keys,
                    limit: EvolutionLimits.instancesPerDecision,
                    from: decisionSeries
                )
                .within(held, of: query).isEmpty
            else { return false }
        }
        let isMet = queryDecision.matches(try inRange(seen), within: source.budget)
        try source.budget.require(0)
        return isMet
    }

    /// The entity with those instances in range whose attributes the query names.
    ///
    /// One instance stands for all of an attribute that only has to be there, as those of `attrs`.
    private func inRange(_ seen: Seen) throws -> Entity {
        var entity = seen.view.entity
        guard !queriedNames.isEmpty else { return entity }
        let keys = inOrder(seen.keys.filter { queriedNames.contains($0.name) })
        let compared = keys.filter { comparedNames.contains($0.name) }
        let others = keys.filter { !comparedNames.contains($0.name) }
        let limit = EvolutionLimits.instancesPerDecision
        entity.attributes =
            try attributes(of: seen, compared, limit: limit, from: decisionSeries)
            + attributes(of: seen, others, limit: 1, from: decisionSeries)
        return entity
    }

    /// For each attribute that the query names, the instances that meet the query: those with
    /// which it would hold if the attribute had no other instance.
    ///
    /// For others that are shaped, all of them.
    private func choices(_ seen: Seen) throws -> [IRI: InstanceChoice] {
        var choices: [IRI: InstanceChoice] = [:]
        for name in seen.view.shaping.names { choices[name] = seen.view.choice(of: name) }
        guard !queriedNames.isEmpty else { return choices }
        let entity = try inRange(seen)
        // The terms about other attributes have the same answer for every instance.
        let terms = DecidedTerms(queryDecision, for: entity, within: source.budget)
        try source.budget.require(0)
        for name in entity.attributes.map(\.name) {
            let left = terms.remainder(of: name, within: source.budget)
            var one = Entity(id: entity.id, types: entity.types, scopes: entity.scopes)
            if !comparedNames.contains(name) {
                one.attributes = [NamedAttribute(name: name, instances: entity[name])]
                guard !left.matches(one, within: source.budget) else { continue }
            }
            choices[name] = { [budget = source.budget] instance in
                guard let shaped = seen.view.shape(instance, of: name) else { return nil }
                one.attributes = [NamedAttribute(name: name, instances: [shaped])]
                return left.matches(one, within: budget) ? shaped : nil
            }
        }
        return choices
    }

    /// A deleted entity with the values that the grant looks at.
    private func past(of entity: Entity, _ number: Int64, _ keys: [Key]) throws -> Entity {
        let names = Set(grant.condition.attributeNames)
        guard !names.isEmpty else { return entity }
        var past = entity
        past.attributes = try attributes(
            of: Seen(number: number, keys: keys, view: EntityView(entity: entity)),
            inOrder(keys.filter { names.contains($0.name) }),
            limit: EvolutionLimits.instancesPerDecision,
            from: decisionSeries
        )
        return past
    }

    /// Adds all people whom the history says the entity is or was about.
    ///
    /// A grant must cover the data of each of them.
    private func addSubjects(of number: Int64, _ keys: [Key], to entity: inout Entity) throws {
        let limit = EvolutionLimits.instancesPerDecision
        let found = try attributes(
            of: Seen(number: number, keys: keys, view: EntityView(entity: entity)),
            inOrder(keys.filter { subjectNames.contains($0.name) }),
            limit: limit,
            from: subjectSeries
        )
        for attribute in found {
            // When there are more instances than the limit, the people are unknown and none is
            // named.
            let isWhole = attribute.instances.count < limit
            let instances = isWhole ? entity[attribute.name] + attribute.instances : []
            entity.attributes.removeAll { $0.name == attribute.name }
            guard !instances.isEmpty else { continue }
            entity.attributes.append(NamedAttribute(name: attribute.name, instances: instances))
        }
    }

    private func isVisible(_ key: Key) -> Bool {
        key.name != .scope && !grant.hidden.everywhere.contains(key.name)
            && query.attributes?.contains(key.name) ?? true
            && query.datasetIDs?.contains(key.datasetID ?? "@none") ?? true
    }

    /// Sorted by name and `datasetId`: their numbers would tell of hidden series created before.
    private func inOrder(_ keys: [Key]) -> [Key] {
        guard keys.count > 1 else { return keys }
        return keys.sorted {
            ($0.name.text, $0.datasetID ?? "") < ($1.name.text, $1.datasetID ?? "")
        }
    }

    /// `onRead` gets what was read of each series: one instance more than the limit if there are more.
    func evolution(
        of seen: Seen,
        limit: Int,
        size: inout AnswerSize,
        onRead: (([SeriesInstance]) -> Void)? = nil
    ) throws -> Evolution {
        let entity = seen.view.entity
        var evolution = Evolution(
            id: entity.id,
            types: entity.types,
            createdAt: entity.createdAt,
            modifiedAt: entity.modifiedAt
        )
        guard limit > 0 else { return evolution }
        var seen = seen
        if seen.keys.isEmpty { seen.keys = try series.keys(of: seen.number) }
        let keys = inOrder(seen.keys.filter(isVisible))
        if !query.showsInstancesOnly { evolution.scopes = try scopes.shown(of: seen) }
        let choices = try choices(seen)
        if let aggregation = query.aggregation {
            try aggregate(seen, keys, aggregation, choices, into: &evolution)
            try size.take(evolution.aggregates.reduce(0) { $0 + $1.textBytes })
        } else {
            // One instance more than the limit shows that some were cut off.
            evolution.attributes = try attributes(
                of: seen,
                keys,
                limit: limit + 1,
                choices,
                areNamed: !query.showsInstancesOnly,
                size: &size,
                onRead: onRead
            )
            let shown = Entity(id: entity.id, types: [], attributes: evolution.attributes)
            evolution.attributes = shown.hiding(grant.hidden.everywhere).attributes
            if scopes.isAsked {
                let held = try scopes.held(by: seen)
                evolution.attributes = evolution.attributes.within(held, of: query)
            }
        }
        try source.budget.require(0)
        return evolution
    }

    private func aggregate(
        _ seen: Seen,
        _ keys: [Key],
        _ aggregation: Aggregation,
        _ choices: [IRI: InstanceChoice],
        into evolution: inout Evolution
    ) throws {
        for key in keys {
            let name = key.name
            let hidden = seen.view.hidden(name)
            let sums = try series.aggregate(
                seen.number,
                key,
                aggregation,
                hiding: hidden,
                wanted: choices[name]
            )
            if let sums = sums?.eligible {
                evolution.aggregates.append(sums)
            } else if try series.hasInstance(
                seen.number,
                key,
                hiding: hidden,
                wanted: choices[name]
            ) {
                evolution.notAggregated.insert(name)
            }
        }
    }

    /// The instances of the series that decide the query; they have no names.
    private func attributes(
        of seen: Seen,
        _ keys: [Key],
        limit: Int,
        from reader: Source.Series? = nil
    ) throws -> [NamedAttribute] {
        guard !keys.isEmpty else { return [] }
        var size = AnswerSize()
        return try attributes(
            of: seen,
            keys,
            limit: limit,
            from: reader,
            areNamed: false,
            size: &size
        )
    }

    /// The instances of the series, grouped by name and oldest first.
    private func attributes(
        of seen: Seen,
        _ keys: [Key],
        limit: Int,
        _ choices: [IRI: InstanceChoice] = [:],
        from reader: Source.Series? = nil,
        areNamed: Bool = true,
        size: inout AnswerSize,
        onRead: (([SeriesInstance]) -> Void)? = nil
    ) throws -> [NamedAttribute] {
        let series = reader ?? series
        var attributes: [NamedAttribute] = []
        for key in keys {
            let name = key.name
            let read = try series.instances(
                seen.number,
                key,
                limit: limit,
                hiding: seen.view.hidden(name),
                wanted: choices[name] ?? seen.view.choice(of: name)
            )
            onRead?(read)
            let hash =
                areNamed ? InstanceName.series(seen.view.entity.id, name, key.datasetID) : 0
            let instances = try read.compactMap { instance in
                try size.take(instance.bytes)
                return seen.view.shape(
                    areNamed ? instance.named(in: hash) : instance.attribute,
                    of: name
                )
            }
            guard !instances.isEmpty else { continue }
            if attributes.last?.name == name {
                attributes[attributes.count - 1].instances += instances
            } else {
                attributes.append(NamedAttribute(name: name, instances: instances))
            }
        }
        for place in attributes.indices {
            attributes[place].instances.sort { query.moment($0) < query.moment($1) }
            guard let lastN = series.query.lastN else { continue }
            let surplus = attributes[place].instances.count - lastN
            if surplus > 0 { attributes[place].instances.removeFirst(surplus) }
        }
        return attributes
    }
}

extension TemporalQuery {
    /// The query for all times of the same entities.
    fileprivate var ofAllTimes: TemporalQuery {
        TemporalQuery(
            condition: condition,
            timeProperty: .modifiedAt,
            instanceLimit: instanceLimit,
            limit: limit
        )
    }
}

extension Condition {
    /// Whether the condition's identifiers and types allow the entity; values are not looked at.
    fileprivate func allows(_ entity: Entity) -> Bool {
        switch self {
        case .nothing: false
        case .ids(let ids): ids.contains(entity.id)
        case .type(let type): entity.types.contains(type)
        case .all(let parts): parts.allSatisfy { $0.allows(entity) }
        case .any(let parts): parts.contains { $0.allows(entity) }
        case .everything, .not, .idPattern, .scope, .attribute, .value, .geometry, .linked,
            .decided:
            true
        }
    }
}
