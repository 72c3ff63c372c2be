import Broker
import ContextModel
import Storage

/// Reads the parameters that select entities and their representation (clauses 5.7.2 and 6.4.3.2).
///
/// A Query in a body has the same members (5.2.23).
struct EntityParameters: Sendable {
    let items: QueryItems
    let ld: LDContext
    let limits: HubLimits

    // MARK: Selection

    /// The condition of all selecting parameters.
    func condition() throws(BrokerError) -> Condition {
        var condition = try typeCondition()
        if let ids = try ids() { condition = condition.and(.ids(ids)) }
        if let pattern = try items.text("idPattern") {
            condition = condition.and(.idPattern(try Self.pattern(pattern)))
        }
        condition = condition.and(try attributeCondition())
        // Read here too, so that errors are reported where nothing is passed on (clause 5.7.2.4).
        _ = try expectsSplitEntities()
        _ = try sourceCondition()
        return condition.and(try qCondition()).and(try scopeCondition())
            .and(try geoTest().map { .geometry($0) } ?? .everything)
    }

    /// The condition of `attrs`: one of the attributes is present.
    func attributeCondition() throws(BrokerError) -> Condition {
        guard let names = try items.list("attrs") else { return .everything }
        if let name = names.first(where: { $0 == "id" || $0 == "type" || !Name.isValid($0) }) {
            throw BrokerError(.badRequestData, "'\(name)' in attrs is not an attribute.")
        }
        guard names.count <= Self.maximumAttributes else {
            throw BrokerError(
                .badRequestData,
                "attrs has \(Self.maximumAttributes) names at most, not \(names.count)."
            )
        }
        return .any(names.map { .attribute(ld.expand($0)) })
    }

    /// The most attributes in `attrs`.
    static let maximumAttributes = 1_000

    /// The condition of `csf` on registrations (clause 5.7.2.4).
    func sourceCondition() throws(BrokerError) -> Condition {
        guard let csf = try items.text("csf") else { return .everything }
        return try parsing { () throws(ConditionError) in
            try QParser(expansion: ld).parse(csf, parameter: "csf")
        }
    }

    /// Whether entities may be in parts at several sources (clause 4.3.6.7).
    func expectsSplitEntities() throws(BrokerError) -> Bool {
        try items.flag("splitEntities") || options.contains("splitEntities")
    }

    /// The identifiers in `id`.
    func ids() throws(BrokerError) -> Set<EntityID>? {
        guard let ids = try items.list("id") else { return nil }
        for id in ids where !URIText.isValid(id) {
            throw BrokerError(.badRequestData, "The id '\(id)' is not a URI.")
        }
        return Set(ids.map(EntityID.init))
    }

    /// The condition of `type`, which operations on one entity may have (clause 4.17).
    func typeCondition() throws(BrokerError) -> Condition {
        guard let type = try items.text("type"), type != Self.anyType else { return .everything }
        return try parsing { () throws(ConditionError) in
            try TypeSelection.parse(type, expansion: ld)
        }
    }

    /// The condition of `q` (clause 4.9).
    func qCondition() throws(BrokerError) -> Condition {
        guard let q = try items.text("q") else { return .everything }
        let expandValues = Set(try items.list("expandValues") ?? [])
        // `jsonKeys` has no effect: members inside a value are never expanded here.
        let parser = QParser(
            expansion: ld,
            expandValues: expandValues,
            linkDepth: try join()?.level ?? 0
        )
        return try parsing { () throws(ConditionError) in try parser.parse(q) }
    }

    /// The condition of `scopeQ` (clause 4.19).
    func scopeCondition() throws(BrokerError) -> Condition {
        guard let scopes = try items.text("scopeQ") else { return .everything }
        // Scopes have no blanks, so a blank was a plus.
        let text = String(scopes.map { $0 == " " ? "+" : $0 })
        return try parsing { () throws(ConditionError) in try ScopeQuery.parse(text) }
    }

    /// The geo-query (clause 4.10).
    func geoTest() throws(BrokerError) -> GeoTest? {
        let names = ["georel", "geometry", "coordinates", "geoproperty"]
        let given = names.filter { items[$0] != nil }
        if given.isEmpty { return nil }
        guard let georel = try items.text("georel"), let geometry = try items.text("geometry"),
            let coordinates = try items.text("coordinates")
        else {
            throw BrokerError(
                .badRequestData,
                "A geo-query needs georel, geometry and coordinates; only \(given) are given."
            )
        }
        let geoproperty = try items.text("geoproperty")
        return try parsing { () throws(ConditionError) in
            try GeoQuery.parse(
                georel: georel,
                geometry: geometry,
                coordinates: coordinates,
                geoproperty: geoproperty,
                expansion: ld
            )
        }
    }

    static func pattern(_ text: String) throws(BrokerError) -> Pattern {
        do throws(PatternError) { return try Pattern(text) } catch {
            throw BrokerError(.badRequestData, "idPattern: \(error)")
        }
    }

    /// Stands for every type, for entities on this hub (clause 6.4.3.2).
    private static let anyType = "*"

    /// Whether the request asks for this hub's own entities alone (clause 5.5.13).
    func isLocal() throws(BrokerError) -> Bool {
        let isLocal = try items.flag("local")
        guard items["type"] == Self.anyType else { return isLocal }
        guard isLocal || items["local"] == nil else {
            throw BrokerError(.badRequestData, "type=* and local=false cannot be combined.")
        }
        return true
    }

    /// Whether the query is narrow enough (clauses 5.7.2.4 and 5.6.21.4): it is local, or
    /// restricted by types, by attributes that are not the system's own, or by location.
    func isSelective() throws(BrokerError) -> Bool {
        if try isLocal() { return true }
        if items["type"] != nil || items["georel"] != nil { return true }
        let attributes = try items.list("attrs") ?? []
        if attributes.contains(where: { !Projection.entityMembers.contains($0) }) { return true }
        return try !qCondition().attributeNames.isEmpty
    }

    // MARK: Paging

    /// The query with its page (clause 6.3.10).
    func query() throws(BrokerError) -> EntityQuery {
        guard try isSelective() else { throw BrokerError.tooWideQuery }
        let page = try page()
        return EntityQuery(
            condition: try condition(),
            order: try order(),
            offset: page.offset,
            limit: page.limit,
            wantsCount: page.wantsCount
        )
    }

    /// The most results that a page may skip: more than anybody reads, and far from overflow.
    static let maximumOffset = 10_000_000

    func page() throws(BrokerError) -> (offset: Int, limit: Int, wantsCount: Bool) {
        let wantsCount = try items.flag("count") || options.contains("count")
        let limit = try items.number("limit") ?? limits.defaultPage
        if limit == 0, !wantsCount {
            throw BrokerError(.badRequestData, "limit=0 needs count=true.")
        }
        guard limit <= limits.maximumPage else {
            throw BrokerError(
                .tooManyResults,
                "A page has \(limits.maximumPage) results at most, not \(limit)."
            )
        }
        return (try items.offset(), limit, wantsCount)
    }

    private func order() throws(BrokerError) -> [OrderTerm] {
        guard let orderBy = try items.text("orderBy") else { return [] }
        let (from, geometry) = (try items.text("orderFrom"), try items.text("orderGeometry"))
        let collation = try items.text("collation")
        return try parsing { () throws(ConditionError) in
            try OrderTerm.parse(
                orderBy: orderBy,
                orderFrom: from,
                orderGeometry: geometry,
                collation: collation,
                expansion: ld
            )
        }
    }

    // MARK: Representation (clauses 6.3.7, 6.3.11, 4.15 and 4.21)

    private var options: Set<String> {
        Set((items["options"] ?? "").split(separator: ",").map(String.init))
    }

    func representation() throws(BrokerError) -> Representation {
        if items.names.isEmpty { return Representation() }
        var representation = Representation(
            format: try format(),
            showsSystemAttributes: try items.flag("sysAttrs") || options.contains("sysAttrs")
        )
        representation.projection = try projection()
        representation.join = try join()
        guard representation.projection.depth <= representation.join?.level ?? 0 else {
            throw BrokerError(
                .badRequestData,
                "pick and omit name members of linked entities; that needs a join with a "
                    + "joinLevel as deep as their braces."
            )
        }
        if let lang = try items.text("lang") {
            guard let languages = LanguageFilter(lang) else {
                throw BrokerError(
                    .badRequestData,
                    "lang is a list of languages such as 'th,en;q=0.5', of "
                        + "\(LanguageFilter.maximumRanges) at most, not '\(lang)'."
                )
            }
            representation.languages = languages
        }
        if let datasets = try items.list("datasetId") {
            if let id = datasets.first(where: { $0 != "@none" && !URIText.isValid($0) }) {
                throw BrokerError(.badRequestData, "The datasetId '\(id)' is not a URI.")
            }
            representation.datasetIDs = Set(datasets.map { $0 == "@none" ? nil : $0 })
        }
        return representation
    }

    private func format() throws(BrokerError) -> Representation.Format {
        let format = try items.text("format").flatMap { MediaType(format: $0) == nil ? $0 : nil }
        let names = format.map { [$0] } ?? Array(options)
        if let format, !Self.knownFormats.contains(format) {
            throw BrokerError(.invalidRequest, "The format '\(format)' is unknown.")
        }
        if let option = options.first(where: { !Self.knownOptions.contains($0) }) {
            throw BrokerError(.invalidRequest, "The option '\(option)' is unknown.")
        }
        if names.contains("keyValues") || names.contains("simplified") { return .simplified }
        return names.contains("concise") ? .concise : .normalized
    }

    /// The representations of entities and of evolutions; `options` may name one in place of
    /// `format`.
    static let knownFormats: Set<String> = [
        "normalized", "concise", "simplified", "keyValues", "temporalValues", "aggregatedValues",
    ]
    static func isFormatOfEvolutions(_ word: some StringProtocol) -> Bool {
        word == "temporalValues" || word == "aggregatedValues"
    }
    private static let knownOptions = knownFormats.union([
        "sysAttrs", "count", "splitEntities",
    ])

    private func projection() throws(BrokerError) -> Projection {
        if let attributes = try items.list("attrs") {
            guard items["pick"] == nil, items["omit"] == nil else {
                throw BrokerError(
                    .badRequestData,
                    "attrs cannot be given together with pick or omit."
                )
            }
            return Projection(attributes: Set(attributes.map { ld.expand($0) }))
        }
        let (pick, omit) = (try items.text("pick"), try items.text("omit"))
        return try parsing { () throws(ConditionError) in
            try ProjectionLanguage(expansion: ld).parse(pick: pick, omit: omit)
        }
    }

    /// The retrieval of Linked Entities (clause 4.5.23).
    private func join() throws(BrokerError) -> Join? {
        guard let text = try items.text("join"), text != "@none" else { return nil }
        guard let format = Join.Format(rawValue: text) else {
            throw BrokerError(.badRequestData, "join is inline, flat or @none, not '\(text)'.")
        }
        let level = try items.number("joinLevel") ?? 1
        guard (1...Join.maximumLevel).contains(level) else {
            throw BrokerError(
                .badRequestData,
                "joinLevel is a whole number from 1 to \(Join.maximumLevel), not \(level)."
            )
        }
        let containedBy = try items.list("containedBy") ?? []
        if let id = containedBy.first(where: { !URIText.isValid($0) }) {
            throw BrokerError(.badRequestData, "'\(id)' in containedBy is not a URI.")
        }
        return Join(format, level: level, containedBy: Set(containedBy.map(EntityID.init)))
    }
}

extension BrokerError {
    /// A query for everything everywhere is refused (clause 5.7.2.4).
    static let tooWideQuery = BrokerError(
        .badRequestData,
        "The query names nothing to look for; give type, attrs, q or a geo-query, or local=true."
    )
}

/// Runs a parser and turns its errors into BadRequestData.
func parsing<Value>(_ parse: () throws(ConditionError) -> Value) throws(BrokerError) -> Value {
    do throws(ConditionError) { return try parse() } catch { throw BrokerError(error) }
}
