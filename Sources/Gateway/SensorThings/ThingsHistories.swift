import Broker
import ContextModel
import Storage

/// The histories that an answer needs: asked for in few queries, then found by the list that shows them.
struct ThingsHistories: Sendable {
    let limits: HubLimits
    let shown: ThingsProperties
    private(set) var queries: [TemporalQuery] = []
    private var uses: [(number: Int, isCount: Bool)] = []
    /// What was read, by the list that shows it.
    private var evolutions: [Int: [EntityID: [Evolution]]] = [:]
    private var counts: [Place: Int] = [:]
    private var asked = 0

    /// A series in the list with this number.
    private struct Place: Hashable {
        var number: Int
        var key: ObservedSeries.Key
    }

    init(_ limits: HubLimits, _ shown: ThingsProperties) {
        self.limits = limits
        self.shown = shown
    }

    // MARK: Asking

    /// Asks for what the list with this number shows of the series.
    ///
    /// Throws `tooManyResults` when it is more than an answer may have.
    mutating func ask(
        for keys: [ObservedSeries.Key],
        _ options: ThingsOptions,
        number: Int,
        isOfPlaces: Bool
    ) throws(BrokerError) {
        guard !keys.isEmpty else { return }
        let most = self.most(options, isOfPlaces: isOfPlaces)
        asked += keys.count * most
        guard asked <= limits.maximumAnswerInstances + most else {
            throw BrokerError(
                .tooManyResults,
                "The answer would look at \(keys.count * most) readings; ask for fewer with $top, such as "
                    + "$expand=Observations($top=1)."
            )
        }
        var query = TemporalQuery(
            condition: .ids(Set(keys.lazy.map(\.entity))),
            attributes: Self.names(of: keys),
            instanceLimit: most,
            limit: keys.count
        )
        query.showsInstancesOnly = true
        if !isOfPlaces {
            // Observations are what has an `observedAt`: a range of time leaves out all else.
            let range = options.timeRange
            query.from = Timestamp(microseconds: range.from ?? Self.earliest)
            query.to = range.to.map(Timestamp.init(microseconds:))
            if options.wantsCount, range.rest == nil { add(count: query, number) }
            let page = options.pageRange
            query.from = Timestamp(microseconds: page.from ?? Self.earliest)
            query.to = page.to.map(Timestamp.init(microseconds:))
        }
        if !isOfPlaces, options.timeOrder == .oldestFirst, options.timeRange.rest == nil {
            // Each ends where its own readings are enough, so each is a question of its own.
            for key in keys {
                query.condition = .ids([key.entity])
                query.attributes = [key.name]
                add(query, number)
            }
        } else {
            query.lastN = most
            add(query, number)
        }
    }

    /// The names of the series, of which most have the same.
    private static func names(of keys: [ObservedSeries.Key]) -> Set<IRI> {
        var (names, last) = (Set<IRI>(), IRI?.none)
        for key in keys where key.name != last {
            names.insert(key.name)
            last = key.name
        }
        return names
    }

    /// The year 1: before any reading.
    private static let earliest: Int64 = -62_135_596_800_000_000

    /// The most instances of each series that the list looks at.
    private func most(_ options: ThingsOptions, isOfPlaces: Bool) -> Int {
        let isInOrder =
            isOfPlaces
            ? options.order.isEmpty && options.filter == nil
            : options.timeOrder != nil && options.timeRange.rest == nil
        guard isInOrder else { return limits.maximumInstances }
        return min(limits.maximumInstances, options.skip + options.top + 1)
    }

    private mutating func add(_ query: TemporalQuery, _ number: Int) {
        queries.append(query)
        uses.append((number, false))
    }

    private mutating func add(count query: TemporalQuery, _ number: Int) {
        var query = query
        query.aggregation = Aggregation(methods: [.totalCount], period: .whole)
        queries.append(query)
        uses.append((number, true))
    }

    // MARK: Answers

    /// Takes the answers to the queries, in their order.
    mutating func take(_ pages: [EvolutionPage]) {
        for (page, use) in zip(pages, uses) {
            for evolution in page.evolutions {
                if use.isCount { count(evolution, use.number) } else { take(evolution, use.number) }
            }
        }
    }

    private mutating func take(_ evolution: Evolution, _ number: Int) {
        evolutions[number, default: [:]][evolution.id, default: []].append(evolution)
    }

    /// The readings of the series that the list with this number shows, without ends.
    private func instances(_ number: Int, _ key: ObservedSeries.Key) -> [Attribute] {
        var found: [Attribute] = []
        for evolution in evolutions[number]?[key.entity] ?? [] {
            for attribute in evolution.attributes where attribute.name == key.name {
                for instance in attribute.instances
                where instance.datasetID == key.datasetID && instance.details?.deletedAt == nil {
                    found.append(instance)
                }
            }
        }
        return found
    }

    private mutating func count(_ evolution: Evolution, _ number: Int) {
        for sums in evolution.aggregates {
            let key = ObservedSeries.Key(
                entity: evolution.id,
                name: sums.name,
                datasetID: sums.datasetID
            )
            let counts = sums.values.flatMap(\.periods).compactMap {
                $0.value.numberValue?.intValue
            }
            self.counts[Place(number: number, key: key)] = counts.reduce(0, +)
        }
    }

    /// The page of a list of readings that its options ask for.
    func page(
        of parent: ThingsElement,
        _ options: ThingsOptions,
        number: Int
    ) throws -> ThingsPage {
        if parent.kind == .things || parent.kind == .locations {
            return try places(parent, options, number)
        }
        let series = Self.series(of: parent)
        var all: [ThingsElement] = []
        for series in series {
            let own = instances(number, series.key)
            // The oldest of too many does not show that there are no more.
            if options.timeOrder == nil || options.timeRange.rest != nil {
                try requireWhole(own.count)
            }
            for instance in own { all.append(.observation(series, instance)) }
        }
        let (range, order) = (options.timeRange, options.timeOrder)
        if let rest = range.rest {
            let filter = ThingsFilter(expression: rest, shown: shown)
            all = try all.filter { try filter.matches($0) }
        }
        if order == nil {
            all = try ThingsOrder(options.order, shown).sorted(all)
        } else if all.count > 1 {
            all.sort { $0.time < $1.time }
            if order == .newestFirst { all.reverse() }
        }
        var page = ThingsPage(all, options)
        if options.wantsCount {
            page.count =
                range.rest != nil
                ? all.count
                : series.reduce(0) { $0 + (counts[Place(number: number, key: $1.key)] ?? 0) }
        }
        return page
    }

    private func places(
        _ parent: ThingsElement,
        _ options: ThingsOptions,
        _ number: Int
    ) throws -> ThingsPage {
        guard let entity = parent.entity else { return ThingsPage([], options) }
        let key = ObservedSeries.Key(entity: entity.id, name: .location)
        let own = instances(number, key)
        if options.filter != nil || !options.order.isEmpty { try requireWhole(own.count) }
        let all = own.filter { $0.kind == .geoProperty }.reversed()
            .map { ThingsElement.historicalLocation(entity, $0) }
        return try ThingsPage(all, options, shown)
    }

    private func requireWhole(_ count: Int) throws(BrokerError) {
        guard count < limits.maximumInstances else {
            throw BrokerError(
                .tooManyResults,
                "More than \(limits.maximumInstances) readings would have to be looked at; give a range: "
                    + "phenomenonTime ge 2026-01-01T00:00:00Z and phenomenonTime lt 2026-02-01T00:00:00Z."
            )
        }
    }

    /// The keys of the series whose readings the elements lead to.
    static func keys(of elements: [ThingsElement]) -> [ObservedSeries.Key] {
        var keys: [ObservedSeries.Key] = []
        keys.reserveCapacity(elements.count)
        for element in elements {
            if case .datastream(let series) = element {
                keys.append(series.key)
            } else {
                for series in series(of: element) { keys.append(series.key) }
            }
        }
        return keys
    }

    /// The series whose readings a Datastream or a FeatureOfInterest leads to.
    static func series(of parent: ThingsElement) -> [ObservedSeries] {
        switch parent {
        case .datastream(let series), .observation(let series, _): [series]
        case .featureOfInterest(let entity): ObservedSeries.all(of: entity)
        default: []
        }
    }
}

extension ThingsElement {
    fileprivate var time: Timestamp {
        switch self {
        case .observation(_, let instance), .historicalLocation(_, let instance):
            instance.momentInTable(.observedAt) ?? Timestamp(microseconds: 0)
        default: Timestamp(microseconds: 0)
        }
    }
}
