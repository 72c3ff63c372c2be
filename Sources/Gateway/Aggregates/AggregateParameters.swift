import Broker
import ContextModel
import Storage

/// Reads a question for sums across entities.
struct AggregateParameters {
    /// What is made of the numbers of a group and period.
    enum Method: String, CaseIterable {
        case count, sum, avg, min, max
    }

    static let query: [QueryParameter] = [
        QueryParameter("type", "Entity types, as in queries", isRequired: true),
        QueryParameter("attrs", "Attributes with numbers, with commas", isRequired: true),
        QueryParameter("from", "The first day, 2026-01-31, or a moment", isRequired: true),
        QueryParameter("to", "The day or moment that ends the range; without it, now"),
        QueryParameter(
            "period",
            "hour, day, week (from Monday), month, year, or whole for the range; month without it"
        ),
        QueryParameter(
            "by",
            "Groups: entity, type, scope:2 (its first two segments), attribute:NAME, or area:TYPE (entities of "
                + "that type with a polygon as their location); one group without it"
        ),
        QueryParameter("methods", "count, sum, avg, min, max; avg without it"),
        QueryParameter("zone", "A time zone such as Asia/Bangkok; the city's without it"),
        QueryParameter("timeproperty", "observedAt (without it), createdAt or modifiedAt"),
        QueryParameter("format", "json (without it) or csv"),
        QueryParameter("id", "Identifiers of entities, with commas"),
        QueryParameter("q", "Condition on values, as in queries"),
        QueryParameter("scopeQ", "Condition on scopes, as in queries"),
    ]

    let items: QueryItems
    let entities: EntityParameters
    let calendar: CityCalendar
    let period: CityCalendar.Period
    let methods: [Method]

    init(_ exchange: Exchange, _ ld: LDContext) throws(BrokerError) {
        items = exchange.items
        entities = exchange.parameters(ld)
        calendar = try CityCalendar(zone: try items.text("zone") ?? exchange.settings.timeZone)
        period = try Self.word(items, "period") ?? .month
        var methods: [Method] = []
        for name in try items.list("methods") ?? ["avg"] {
            guard let method = Method(rawValue: name) else {
                let known = Method.allCases.map(\.rawValue).joined(separator: ", ")
                throw BrokerError(.badRequestData, "methods are \(known), not '\(name)'.")
            }
            if !methods.contains(method) { methods.append(method) }
        }
        self.methods = methods
    }

    var wantsTable: Bool {
        get throws(BrokerError) {
            switch try items.text("format") {
            case nil, "json": return false
            case "csv": return true
            case let other?:
                throw BrokerError(.badRequestData, "format is json or csv, not '\(other)'.")
            }
        }
    }

    func question(now: Timestamp) throws(BrokerError) -> GroupQuestion {
        guard items["type"] != nil, let names = try items.list("attrs") else {
            throw BrokerError(.badRequestData, "The question needs type and attrs.")
        }
        guard let from = try items.text("from") else {
            throw BrokerError(.badRequestData, "The question needs from, such as from=2026-01-01.")
        }
        let start = try calendar.moment(from, "from")
        let end = try items.text("to").map { text throws(BrokerError) in
            try calendar.moment(text, "to")
        }
        return GroupQuestion(
            condition: try entities.condition(),
            attributes: Set(names.map { entities.ld.expand($0) }),
            grouping: try grouping(),
            edges: try calendar.edges(from: start, to: end ?? now, period),
            timeProperty: try timeProperty()
        )
    }

    private func timeProperty() throws(BrokerError) -> TemporalTest.Property {
        let name = try items.text("timeproperty") ?? "observedAt"
        guard let property = TemporalTest.Property(rawValue: name), property != .deletedAt else {
            throw BrokerError(
                .badRequestData,
                "timeproperty is observedAt, createdAt or modifiedAt, not '\(name)'."
            )
        }
        return property
    }

    private func grouping() throws(BrokerError) -> GroupQuestion.Grouping {
        guard let text = try items.text("by") else { return .none }
        let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
        let argument = parts.count > 1 ? parts[1] : nil
        switch (parts.first, argument) {
        case ("entity", nil): return .entity
        case ("type", nil): return .type
        case ("scope", nil): return .scope(segments: .max)
        case ("scope", let count?):
            guard let segments = Int(count), segments > 0 else { break }
            return .scope(segments: segments)
        case ("attribute", let name?): return .attribute(entities.ld.expand(name))
        case ("area", let type?): return .area(entities.ld.expand(type))
        default: break
        }
        throw BrokerError(
            .badRequestData,
            "by is entity, type, scope:2, attribute:NAME or area:TYPE, not '\(text)'."
        )
    }

    private static func word<Word: RawRepresentable & CaseIterable>(
        _ items: QueryItems,
        _ name: String
    ) throws(BrokerError) -> Word? where Word.RawValue == String {
        guard let text = try items.text(name) else { return nil }
        guard let word = Word(rawValue: text) else {
            let known = Word.allCases.map(\.rawValue).joined(separator: ", ")
            throw BrokerError(.badRequestData, "\(name) is one of \(known), not '\(text)'.")
        }
        return word
    }
}
