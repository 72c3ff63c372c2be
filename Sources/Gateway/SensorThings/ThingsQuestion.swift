import Broker
import ContextModel
import Storage

/// A request to the SensorThings API as a question to the hub: a query, and what to keep of its entities.
struct ThingsQuestion {
    let path: ThingsPath
    let options: ThingsOptions
    let query: EntityQuery
    let chooser: ThingsChooser
    /// Where the page begins, if the request says so by `$skiptoken`.
    let start: ThingsPosition?

    init(
        _ path: ThingsPath,
        _ options: ThingsOptions,
        _ shown: ThingsProperties,
        _ items: QueryItems,
        _ limits: HubLimits
    ) throws(BrokerError) {
        self.path = path
        var options = options
        if path.ending == .count { (options.wantsCount, options.top) = (true, 1) }
        if let id = path.id { _ = try Self.identifier(id, path.kind) }
        let start = try items.text("$skiptoken").map { token throws(BrokerError) in
            try ThingsPosition(token: token)
        }
        try Self.require(options, path)
        var narrowing = ThingsNarrowing(path.kind, shown.ld)
        try narrowing.take(options.filter)
        let isDirect = Self.isDirect(path, options, narrowing)
        var query = EntityQuery(
            condition: try Self.condition(of: path, shown.ld).and(narrowing.condition),
            limit: path.id == nil ? limits.maximumDownloadEntities : 1
        )
        if path.kind == .observedProperties { query.limit = limits.maximumDownloadEntities }
        query.offset = options.wantsCount ? 0 : start?.entity ?? 0
        if isDirect {
            (query.offset, query.limit) = (options.skip, options.top)
            query.wantsCount = options.wantsCount
        }
        self.query = query
        self.options = options
        self.start = start
        chooser = ThingsChooser(
            path,
            options,
            shown,
            limits,
            start: start ?? ThingsPosition(),
            isDirect: isDirect
        )
    }

    /// Whether the page of the list is a page of the store, which finds and counts faster.
    private static func isDirect(
        _ path: ThingsPath,
        _ options: ThingsOptions,
        _ narrowing: ThingsNarrowing
    ) -> Bool {
        let hasOneForEntity = [.things, .sensors, .locations, .featuresOfInterest].contains(
            path.kind
        )
        return hasOneForEntity && path.id == nil && path.parent == nil && options.order.isEmpty
            && narrowing.isWhole && options.top > 0
    }

    /// Throws for what would need all readings of the hub.
    private static func require(_ options: ThingsOptions, _ path: ThingsPath) throws(BrokerError) {
        guard path.kind.isOfHistory, path.parent == nil, path.id == nil else { return }
        guard options.order.isEmpty, !options.wantsCount, options.skip == 0 else {
            throw BrokerError(
                .tooComplexQuery,
                "All \(path.kind.rawValue) cannot be sorted, counted or skipped together: ask those of one "
                    + "Datastream or Thing, or Datastreams?$expand=Observations($top=1) for the newest."
            )
        }
    }

    private static func identifier(
        _ id: String,
        _ kind: ThingsKind
    ) throws(BrokerError) -> ThingsIdentifier {
        guard let identifier = ThingsIdentifier(id, of: kind) else {
            throw ThingsPath.missing(kind, id)
        }
        return identifier
    }

    /// The entities of NGSI-LD in which the path's end is found.
    private static func condition(
        of path: ThingsPath,
        _ ld: LDContext
    ) throws(BrokerError) -> Condition {
        guard
            let (kind, id) = path.id.map({ (path.kind, $0) })
                ?? path.parent.map({ ($0.kind, $0.id) })
        else {
            let needsPlace = [.locations, .featuresOfInterest, .historicalLocations].contains(
                path.kind
            )
            return needsPlace ? .attribute(.location) : .everything
        }
        let first = try identifier(id, kind).first
        return kind == .observedProperties
            ? .attribute(ld.expand(first)) : .ids([EntityID(first)])
    }
}

/// The parts of `$filter` that the store can decide, so that few entities are looked at.
struct ThingsNarrowing {
    private(set) var condition = Condition.everything
    /// Whether the condition says all that the filter says.
    private(set) var isWhole = true
    private let kind: ThingsKind
    private let ld: LDContext

    init(_ kind: ThingsKind, _ ld: LDContext) {
        self.kind = kind
        self.ld = ld
    }

    mutating func take(_ filter: ODataExpression?) throws(BrokerError) {
        for part in filter?.conjunction ?? [] {
            let (found, isExact) = try condition(of: part)
            if let found { condition = condition.and(found) }
            isWhole = isWhole && found != nil && isExact
        }
    }

    private func condition(
        of part: ODataExpression
    ) throws(BrokerError) -> (Condition?, isExact: Bool) {
        switch part {
        // Where somebody was is not where they are.
        case .call(let function, let arguments)
        where Self.isSelective(function) && kind != .historicalLocations:
            return (.geometry(try ThingsFilter.geoTest(function, arguments)), true)
        case .compare(.eq, .path(let path), .value(.text(let text))),
            .compare(.eq, .value(.text(let text)), .path(let path)):
            return named(path, text)
        default: return (nil, false)
        }
    }

    /// A relation that only places near the reference meet, so that the index of places helps.
    private static func isSelective(_ function: ODataFunction) -> Bool {
        switch function.relation {
        case .intersects, .within, .contains, .equals, .overlaps: true
        case .near, .disjoint, nil: false
        }
    }

    private func named(_ path: [String], _ text: String) -> (Condition?, isExact: Bool) {
        guard let last = path.last else { return (nil, false) }
        let isOfEntity = [.things, .sensors, .featuresOfInterest].contains(kind)
        let leadsToThing = path.contains("Thing") || path.contains("Things") || isOfEntity
        if ThingsProperties.identifierNames.contains(last) {
            if path.count == 1 || path.dropLast().last == "Datastream" {
                let id = ThingsIdentifier(text, of: path.count == 1 ? kind : .datastreams)
                guard let id, kind != .observedProperties else { return (nil, false) }
                return (.ids([EntityID(id.first)]), isOfEntity)
            }
            if path.dropLast().last == "Thing", URIText.isValid(text) {
                return (.ids([EntityID(text)]), false)
            }
            if path.dropLast().last == "ObservedProperty" {
                return (.attribute(ld.expand(text)), false)
            }
        }
        if path.suffix(2) == ["properties", "type"], leadsToThing, kind != .sensors,
            kind != .featuresOfInterest
        {
            return (.type(ld.expand(text)), path.count == 2)
        }
        return (nil, false)
    }
}
