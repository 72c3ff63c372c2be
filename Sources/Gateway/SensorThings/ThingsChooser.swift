import Broker
import ContextModel
import Storage

/// Keeps what a list, or one entity, of the SensorThings API is made of.
struct ThingsChooser: EntityChooser {
    /// The most that are sorted, which are in memory together.
    private static let maximumSorted = 20_000

    let path: ThingsPath
    let options: ThingsOptions
    let shown: ThingsProperties
    /// Where in the walk the page begins: the entity's place, and how many of its parts come before.
    let start: ThingsPosition
    /// Whether the store's page is the page of the list.
    let isDirect: Bool

    /// The elements of the page; for a list of histories, those that have them.
    private(set) var elements: [ThingsElement] = []
    private(set) var kept: [Entity] = []
    private(set) var histories: [TemporalQuery] = []
    private(set) var readings: ThingsHistories
    /// Where the next page begins; nil after the last one.
    private(set) var next: ThingsPosition?
    /// Where each element stands, in lists that pages go through by position.
    private(set) var positions: [ThingsPosition] = []
    /// The number of elements that match.
    private(set) var matched = 0
    /// Whose elements were counted, up to one more than are named.
    private var countedEntities: [EntityID] = []
    private(set) var hasSeenAny = false
    /// The Datastreams of each ObservedProperty, as far as they are shown.
    private(set) var seriesByName: [IRI: [ThingsElement]] = [:]
    /// The Datastreams that are kept for the ObservedProperties.
    private var keptSeries = 0
    /// The elements of expanded relations that the present state tells.
    private(set) var expandedCount = 0

    init(
        _ path: ThingsPath,
        _ options: ThingsOptions,
        _ shown: ThingsProperties,
        _ limits: HubLimits,
        start: ThingsPosition,
        isDirect: Bool
    ) {
        self.path = path
        self.options = options
        self.shown = shown
        self.start = start
        self.isDirect = isDirect
        readings = ThingsHistories(limits, shown)
    }

    /// What the walk finds: for a list of histories, what has them.
    private var found: ThingsKind {
        switch path.kind {
        case .observations: .datastreams
        case .historicalLocations: .locations
        case let kind: kind
        }
    }

    // MARK: Looking

    var counted: [EntityID] {
        countedEntities.count > readings.limits.maximumPage ? [] : countedEntities
    }

    private mutating func noteCounted(_ id: EntityID) {
        guard options.wantsCount, countedEntities.count <= readings.limits.maximumPage,
            countedEntities.last != id
        else { return }
        countedEntities.append(id)
    }

    /// Most entities of a city have no reading, and so no Datastream.
    var needsReadings: Bool {
        (found == .datastreams || found == .observedProperties) && path.parent == nil
    }

    mutating func look(at entity: Entity, place: Int) throws -> Bool {
        if found == .observedProperties { return try lookAtProperties(of: entity) }
        let all = (ThingsElement.all(found, of: entity) ?? []).filter(isWanted)
        hasSeenAny = hasSeenAny || !all.isEmpty || isParentSeen
        for (index, element) in all.enumerated() {
            let position = ThingsPosition(entity: place, part: index)
            guard try matches(element) else { continue }
            matched += 1
            noteCounted(entity.id)
            if position < start { continue }
            guard try take(element, at: position) else { return false }
        }
        return true
    }

    /// Whether an entity is what the path leads from, even without anything to which it leads.
    private var isParentSeen: Bool {
        switch path.parent?.kind {
        case .things, .sensors, .locations: true
        case nil: false
        default: found == path.kind
        }
    }

    /// Whether it is what the path leads to, or from.
    private func isWanted(_ element: ThingsElement) -> Bool {
        if let id = path.id {
            let own = shown.identifier(element)
            return id == own || path.kind.isOfHistory && id.hasPrefix(own + "|")
                || path.kind == .locations && id.hasPrefix(own + "|")
        }
        guard let parent = path.parent, case .datastream(let series) = element else { return true }
        switch parent.kind {
        case .datastreams: return parent.id == shown.identifier(element)
        case .observedProperties: return parent.id == shown.ld.compact(series.name)
        default: return true
        }
    }

    private func matches(_ element: ThingsElement) throws -> Bool {
        var filter = options.filter
        if path.kind.isOfHistory {
            filter = path.kind == .observations ? options.filterOfPlaces : nil
        }
        guard let expression = filter else { return true }
        return try ThingsFilter(expression: expression, shown: shown).matches(element)
    }

    /// Takes a matching element; false when no more are needed.
    private mutating func take(_ element: ThingsElement, at position: ThingsPosition) throws -> Bool
    {
        if path.id != nil || isDirect {
            elements.append(element)
            return true
        }
        guard options.order.isEmpty || path.kind.isOfHistory else {
            elements.append(element)
            guard elements.count <= Self.maximumSorted else {
                throw BrokerError(
                    .tooManyResults,
                    "More than \(Self.maximumSorted) would be sorted; narrow the list with $filter."
                )
            }
            return true
        }
        if matched <= options.skip, !path.kind.isOfHistory { return true }
        if elements.count < mostElements {
            elements.append(element)
            positions.append(position)
        } else if next == nil {
            next = position
        }
        return next == nil || options.wantsCount && !path.kind.isOfHistory
    }

    /// The most elements of the page: of those with histories, as many as can be read together.
    private var mostElements: Int {
        guard path.kind.isOfHistory else { return max(options.top, 1) }
        guard path.parent == nil else { return .max }
        return max(
            1,
            min(options.top, readings.limits.maximumAnswerInstances / (options.top + 1) - 1)
        )
    }

    private mutating func lookAtProperties(of entity: Entity) throws -> Bool {
        for series in ObservedSeries.all(of: entity) {
            if let id = path.id, shown.ld.compact(series.name) != id { continue }
            hasSeenAny = true
            let isNew = seriesByName[series.name] == nil
            if isNew { elements.append(.observedProperty(series.name)) }
            var own = seriesByName[series.name] ?? []
            let wanted = mostExpanded
            if own.count < wanted {
                own.append(.datastream(series))
                keptSeries += 1
                guard keptSeries <= Self.maximumSorted else {
                    throw BrokerError(
                        .tooManyResults,
                        "More than \(Self.maximumSorted) Datastreams would be looked at; ask for those of one "
                            + "ObservedProperty, or for fewer with $top."
                    )
                }
            }
            seriesByName[series.name] = own
        }
        return path.id == nil || elements.isEmpty || mostExpanded > 0
    }

    /// The most Datastreams of an ObservedProperty that are looked at: all, where they are filtered, sorted or counted.
    private var mostExpanded: Int {
        guard let own = options.expanded.first?.options else { return 0 }
        if own.filter != nil || !own.order.isEmpty || own.wantsCount { return .max }
        return own.skip + own.top + 1
    }

    // MARK: The end

    mutating func finish() throws {
        if found == .observedProperties {
            let page = try ThingsPage(elements, options, shown)
            (elements, matched) = (page.elements, page.count ?? 0)
            next = page.hasMore ? .beyondSkip : nil
        } else if !options.order.isEmpty, !path.kind.isOfHistory, path.id == nil {
            let all = try ThingsOrder(options.order, shown).sorted(elements)
            let page = ThingsPage(all, options)
            elements = page.elements
            next = page.hasMore ? .beyondSkip : nil
        }
        try askForHistories()
        histories = readings.queries
        keepEntities()
    }

    /// Keeps the entity of each element, once.
    private mutating func keepEntities() {
        var known: Set<EntityID> = []
        func keep(_ element: ThingsElement, in kept: inout [Entity]) {
            guard let entity = element.entity, kept.last?.id != entity.id,
                known.insert(entity.id).inserted
            else { return }
            kept.append(entity)
        }
        var kept: [Entity] = []
        for element in elements {
            if case .observedProperty(let name) = element {
                for series in seriesByName[name] ?? [] { keep(series, in: &kept) }
            } else {
                keep(element, in: &kept)
            }
        }
        self.kept = kept
    }

    private mutating func askForHistories() throws {
        if path.kind.isOfHistory {
            try askForList()
        } else if path.kind == .locations, let id = path.id, id.contains("|") {
            let keys = elements.compactMap(\.entity).map { placeKey($0) }
            try readings.ask(for: keys, wholeHistory, number: 0, isOfPlaces: true)
        } else {
            try collect(elements, options)
        }
    }

    private var wholeHistory: ThingsOptions {
        var options = ThingsOptions()
        options.top = readings.limits.maximumInstances
        return options
    }

    private mutating func askForList() throws {
        if path.kind == .historicalLocations {
            let keys = elements.compactMap(\.entity).map { placeKey($0) }
            let options = path.id == nil ? options : wholeHistory
            return try readings.ask(for: keys, options, number: 0, isOfPlaces: true)
        }
        var options = options
        let keys = ThingsHistories.keys(of: elements)
        if let id = path.id {
            let time = ThingsIdentifier(id, of: .observations)?.time
            options = ThingsOptions()
            options.filter = time.map {
                .compare(.eq, .path(["phenomenonTime"]), .value(.time($0)))
            }
        }
        guard path.parent == nil, path.id == nil else {
            options.boundary = start.before
            return try readings.ask(for: keys, options, number: 0, isOfPlaces: false)
        }
        // Only the first series may have been shown in part on the page before.
        var first = options
        first.boundary = start.before
        try readings.ask(for: Array(keys.prefix(1)), first, number: 0, isOfPlaces: false)
        try readings.ask(for: Array(keys.dropFirst()), options, number: 0, isOfPlaces: false)
    }

    private func placeKey(_ entity: Entity) -> ObservedSeries.Key {
        ObservedSeries.Key(entity: entity.id, name: .location)
    }

    /// Asks for the histories that the expanded relations show.
    private mutating func collect(_ elements: [ThingsElement], _ options: ThingsOptions) throws {
        for expansion in options.expanded {
            let target = expansion.navigation.target
            if target == .observations {
                let keys = ThingsHistories.keys(of: elements)
                try readings.ask(
                    for: keys,
                    expansion.options,
                    number: expansion.number,
                    isOfPlaces: false
                )
            } else if target == .historicalLocations {
                let keys = elements.compactMap(\.entity).filter { $0.place != nil }
                    .map { placeKey($0) }
                try readings.ask(
                    for: keys,
                    expansion.options,
                    number: expansion.number,
                    isOfPlaces: true
                )
            } else {
                var related: [ThingsElement] = []
                for element in elements {
                    let page = try self.related(element, expansion)?.elements ?? []
                    try count(page)
                    if !expansion.options.expanded.isEmpty { related += page }
                }
                try collect(related, expansion.options)
            }
        }
    }

    /// Throws `tooManyResults` where the answer would have too many elements.
    private mutating func count(_ page: [ThingsElement]) throws {
        expandedCount += page.count
        let most = readings.limits.maximumAnswerInstances
        guard expandedCount <= most else {
            throw BrokerError(
                .tooManyResults,
                "$expand would show more than \(most) entities; ask for fewer with $top."
            )
        }
    }

    /// The page of a relation that the present state tells; nil for a history.
    func related(
        _ element: ThingsElement,
        _ expansion: ThingsOptions.Expansion
    ) throws -> ThingsPage? {
        if case .observedProperty(let name) = element {
            return try ThingsPage(seriesByName[name] ?? [], expansion.options, shown)
        }
        return try element.related(by: expansion.navigation).map {
            try ThingsPage($0, expansion.options, shown)
        }
    }
}

/// A place in a walk: an entity, and how many of its parts come before.
struct ThingsPosition: Sendable, Hashable, Comparable {
    var entity = 0
    var part = 0
    /// In a list of readings, where in the history of the part the page begins.
    var before: Timestamp?

    /// The page after this one is found by `$skip`.
    static let beyondSkip = ThingsPosition(entity: -1)

    static func < (a: ThingsPosition, b: ThingsPosition) -> Bool {
        (a.entity, a.part) < (b.entity, b.part)
    }

    /// The value of `$skiptoken`.
    var text: String {
        "\(entity).\(part)" + (before.map { ".\($0.microseconds)" } ?? "")
    }

    init(entity: Int = 0, part: Int = 0, before: Timestamp? = nil) {
        self.entity = entity
        self.part = part
        self.before = before
    }

    /// Later than any moment that can be written.
    private static let latestMicroseconds: UInt64 = 1 << 60

    /// Reads a `$skiptoken`; throws for one that the hub has not made.
    init(token: String) throws(BrokerError) {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false).map { Int64($0) }
        let numbers = parts.compactMap { $0 }
        guard numbers.count == parts.count, (2...3).contains(numbers.count),
            (0...Int64(EntityParameters.maximumOffset)).contains(numbers[0]),
            (0...1_000_000).contains(numbers[1]),
            numbers.dropFirst(2).allSatisfy({ $0.magnitude < Self.latestMicroseconds })
        else { throw BrokerError(.badRequestData, "'\(token)' is no $skiptoken of the hub's.") }
        self.init(
            entity: Int(numbers[0]),
            part: Int(numbers[1]),
            before: numbers.count > 2 ? Timestamp(microseconds: numbers[2]) : nil
        )
    }
}
