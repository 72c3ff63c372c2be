import Broker
import ContextModel
import Storage

/// Reads the parameters of a query for features (OGC 17-069r4 clause 7.15).
struct FeatureParameters {
    /// The features of a page when the caller names no limit.
    static let defaultPage = 10

    let items: QueryItems
    let limits: HubLimits
    let ld: LDContext

    func query(of type: IRI) throws(BrokerError) -> EntityQuery {
        try requireJSON()
        var condition = Condition.type(type)
        if let box = try box() { condition = condition.and(box) }
        if let time = try time() { condition = condition.and(time) }
        if let filter = try filter() { condition = condition.and(filter) }
        return EntityQuery(
            condition: condition,
            offset: try items.offset(),
            limit: try limit(),
            wantsCount: true
        )
    }

    private func requireJSON() throws(BrokerError) {
        if let wanted = items["f"], wanted != "json" {
            throw BrokerError(.badRequestData, "f is json, not '\(wanted)'.")
        }
        for name in ["crs", "bbox-crs"] {
            guard let crs = items[name], crs != FeatureDocuments.crs84 else { continue }
            throw BrokerError(
                .badRequestData,
                "\(name) is \(FeatureDocuments.crs84), not '\(crs)'."
            )
        }
    }

    /// A higher limit than the hub's is taken as the hub's (clause 7.15.2).
    private func limit() throws(BrokerError) -> Int {
        let limit = try items.number("limit") ?? Self.defaultPage
        guard limit > 0 else { throw BrokerError(.badRequestData, "limit is 1 at least.") }
        return min(limit, limits.maximumPage)
    }

    /// The condition of `q`, in the query language of NGSI-LD (clause 4.9): a parameter of the hub's own.
    private func filter() throws(BrokerError) -> Condition? {
        guard let q = try items.text("q") else { return nil }
        return try parsing { () throws(ConditionError) in try QParser(expansion: ld).parse(q) }
    }

    // MARK: Place

    /// The condition of `bbox`; one that crosses the antimeridian is two boxes (clause 7.15.3).
    private func box() throws(BrokerError) -> Condition? {
        guard let texts = try items.list("bbox") else { return nil }
        let numbers = texts.compactMap { Double($0.trimmed) }.filter(\.isFinite)
        guard numbers.count == texts.count, numbers.count == 4 || numbers.count == 6 else {
            throw BrokerError(
                .badRequestData,
                "bbox has four numbers, west,south,east,north, or six with heights, not "
                    + "'\(texts.joined(separator: ","))'."
            )
        }
        // Heights are not looked at: features have none.
        let (west, south) = (numbers[0], numbers[1])
        let (east, north) = numbers.count == 4 ? (numbers[2], numbers[3]) : (numbers[3], numbers[4])
        guard south <= north, (-90...90).contains(south), (-90...90).contains(north),
            (-180...180).contains(west), (-180...180).contains(east)
        else {
            throw BrokerError(
                .badRequestData,
                "bbox is west,south,east,north in degrees, with south below north."
            )
        }
        if west <= east { return try box(west, south, east, north) }
        return .any([try box(west, south, 180, north), try box(-180, south, east, north)])
    }

    private func box(
        _ west: Double,
        _ south: Double,
        _ east: Double,
        _ north: Double
    ) throws(BrokerError) -> Condition {
        let corners = [(west, south), (east, south), (east, north), (west, north), (west, south)]
        let ring = corners.map { "[\(JSONNumber($0).literal),\(JSONNumber($1).literal)]" }
        let test = try parsing { () throws(ConditionError) in
            try GeoQuery.parse(
                georel: "intersects",
                geometry: "Polygon",
                coordinates: "[[\(ring.joined(separator: ","))]]",
                geoproperty: nil,
                expansion: LDContext.core
            )
        }
        return .geometry(test)
    }

    // MARK: Time

    /// The condition of `datetime` on the time of the last change (clause 7.15.4).
    private func time() throws(BrokerError) -> Condition? {
        guard let text = try items.text("datetime") else { return nil }
        let ends = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard ends.count <= 2 else { throw Self.badTime(text) }
        var terms: [String] = []
        for (end, comparison) in zip([ends[0], ends.last ?? ""], [">=", "<="])
        where !(end.isEmpty || end == "..") || ends.count == 1 {
            guard let time = Timestamp(end.replacingBlanks) else { throw Self.badTime(text) }
            terms.append("modifiedAt\(comparison)\(time.text)")
        }
        guard !terms.isEmpty else { return nil }
        return try parsing { () throws(ConditionError) in
            try QParser(expansion: LDContext.core).parse(terms.joined(separator: ";"))
        }
    }

    private static func badTime(_ text: String) -> BrokerError {
        BrokerError(
            .badRequestData,
            "datetime is a moment such as 2026-01-31T00:00:00Z, or two with a slash between, of which "
                + "one may be '..', not '\(text)'."
        )
    }
}
