import Broker
import ContextModel
import Storage

/// Reads the parameters for temporal evolutions (clauses 4.11, 5.7.3 and 5.7.4).
struct TemporalParameters: Sendable {
    let entities: EntityParameters

    private var items: QueryItems { entities.items }
    private var ld: LDContext { entities.ld }

    /// The query for the entities that meet `condition`.
    func query(condition: Condition, requiresTime: Bool) throws(BrokerError) -> TemporalQuery {
        let test = try timeTest()
        if requiresTime, test == nil {
            throw BrokerError(
                .badRequestData,
                "A temporal query needs timerel and timeAt: timerel=after&timeAt=…."
            )
        }
        let page = try entities.page()
        var query = TemporalQuery(
            condition: condition,
            instanceLimit: entities.limits.maximumInstances,
            offset: page.offset,
            limit: page.limit,
            wantsCount: page.wantsCount
        )
        query.pageLimit = entities.limits.maximumAnswerInstances
        query.attributes = try shownAttributes()
        if let datasets = try items.list("datasetId") { query.datasetIDs = Set(datasets) }
        if let test {
            query.from = test.from
            query.to = test.to
        }
        query.timeProperty = try timeProperty(test)
        query.lastN = try items.number("lastN")
        if let lastN = query.lastN, lastN > EntityParameters.maximumOffset {
            throw BrokerError(.tooManyResults, "lastN is too large: \(lastN).")
        }
        if query.lastN == 0 { throw BrokerError(.badRequestData, "lastN is at least 1.") }
        query.aggregation = try aggregation()
        query.idOrder = try idOrder()
        return query
    }

    /// The only possible order: by identifier.
    private func idOrder() throws(BrokerError) -> TemporalQuery.IDOrder? {
        guard let orderBy = try items.text("orderBy") else { return nil }
        let terms = try parsing { () throws(ConditionError) in
            try OrderTerm.parse(orderBy: orderBy, expansion: ld)
        }
        guard terms.count == 1, terms[0].subject == .id else {
            throw BrokerError(
                .badRequestData,
                "Temporal evolutions are ordered by id only, not by '\(orderBy)'."
            )
        }
        return terms[0].isDescending ? .descending : .ascending
    }

    /// The `Content-Range` of a page that was cut (clause 6.3.10).
    ///
    /// It begins where the query or its instances begin, and ends where they end; with `lastN`,
    /// the reverse.
    func contentRange(_ kept: (from: Timestamp, to: Timestamp)) -> String {
        let moments = [items["timeAt"], items["endTimeAt"]].map { text in
            text.flatMap { Timestamp($0.replacingBlanks) }
        }
        let (start, end) =
            switch items["timerel"] {
            case "before": (Timestamp?.none, moments[0])
            case "after": (moments[0], Timestamp?.none)
            default: (moments[0], moments[1])
            }
        if let lastN = items["lastN"] {
            return "date-time \((end ?? kept.to).text)-\(kept.from.text)/\(lastN)"
        }
        return "date-time \((start ?? kept.from).text)-\(kept.to.text)/*"
    }

    /// The representation of the answer (clause 6.3.12).
    ///
    /// `format` takes precedence over `options`. Of several options, aggregation takes precedence,
    /// because only it has parameters.
    ///
    /// A `format` that names a media type leaves the representation to `options`, and `aggrMethods`
    /// then imply aggregation.
    var format: TemporalWriter.Format {
        let isMediaType = items["format"].flatMap(MediaType.init(format:)) != nil
        let named = isMediaType ? nil : items["format"]
        let words = (named ?? items["options"] ?? "").split(separator: ",")
        if words.contains("aggregatedValues") || isMediaType && items["aggrMethods"] != nil {
            return .aggregates
        }
        let wantsValues = words.contains("temporalValues") || words.contains("simplified")
        return wantsValues ? .values : .instances
    }

    func timeTest() throws(BrokerError) -> TemporalTest? {
        guard let timerel = try items.text("timerel") else {
            if items["timeAt"] != nil || items["endTimeAt"] != nil {
                throw BrokerError(.badRequestData, "timeAt needs timerel: before, after, between.")
            }
            return nil
        }
        let (timeAt, endTimeAt) = (
            items["timeAt"]?.replacingBlanks, items["endTimeAt"]?.replacingBlanks
        )
        let property = items["timeproperty"]
        return try parsing { () throws(ConditionError) in
            try TemporalTest.parse(
                timerel: timerel,
                timeAt: timeAt,
                endTimeAt: endTimeAt,
                timeproperty: property
            )
        }
    }

    private func timeProperty(
        _ test: TemporalTest?
    ) throws(BrokerError) -> TemporalTest.Property {
        let name = test?.property.rawValue ?? items["timeproperty"] ?? "observedAt"
        guard let property = TemporalTest.Property(rawValue: name) else {
            throw BrokerError(.badRequestData, "timeproperty is unknown: '\(name)'.")
        }
        return property
    }

    /// The attributes to read: those that are not shown are not read.
    private func shownAttributes() throws(BrokerError) -> Set<IRI>? {
        let (attrs, pick) = (try items.list("attrs"), try items.list("pick"))
        guard let names = attrs ?? pick else { return nil }
        let attributes = names.filter { !Projection.entityMembers.contains($0) }
        // Attributes decide which entities are found, whether they are shown or not.
        if attributes.isEmpty { return nil }
        return Set(attributes.map { ld.expand($0) })
    }

    private func aggregation() throws(BrokerError) -> Aggregation? {
        guard format == .aggregates else { return nil }
        guard let names = try items.list("aggrMethods") else {
            throw BrokerError(.badRequestData, "aggregatedValues needs aggrMethods.")
        }
        var methods: [Aggregation.Method] = []
        for name in names {
            guard let method = Aggregation.Method(rawValue: name) else {
                throw BrokerError(
                    .badRequestData,
                    "aggrMethods names the unknown method '\(name)'."
                )
            }
            if !methods.contains(method) { methods.append(method) }
        }
        return Aggregation(methods: methods, period: try period())
    }

    private func period() throws(BrokerError) -> AggregationPeriod {
        guard let text = try items.text("aggrPeriodDuration") else { return .whole }
        guard let duration = ISODuration(text) else {
            throw BrokerError(
                .badRequestData,
                "aggrPeriodDuration is not an ISO 8601 duration: '\(text)'."
            )
        }
        if duration.isZero { return .whole }
        return duration.months == 0
            ? .fixed(microseconds: duration.microseconds) : .calendar(duration)
    }
}
