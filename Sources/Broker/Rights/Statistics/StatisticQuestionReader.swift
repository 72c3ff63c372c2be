import ContextModel
import Statistics

/// Reads a question as it is written in a request; what is not understood is refused.
struct StatisticQuestionReader {
    private let json: JSONObject
    private let context: LDContext

    private static let known: Set = [
        "@context", "statistic", "type", "attribute", "history", "periods", "scopes", "places",
        "groups",
        "upTo", "within", "decimals", "binsPerPerson", "epsilon", "rho",
    ]
    /// Places, and values of a list, at most; with the periods `PeopleStatistic.maximumBins`.
    static let maximumElements = 1_000
    /// Areas at most, and positions of all of them together.
    static let maximumAreas = 100
    static let maximumPositions = 10_000
    /// The loss of a question that names none, in thousandths of ρ.
    static let usualLoss = 5

    init(_ body: JSONValue, _ context: LDContext) throws(BrokerError) {
        guard case .object(let json) = body else {
            throw BrokerError(.badRequestData, "A question is a JSON object, not \(body.excerpt).")
        }
        self.json = json
        self.context = context
        if let unknown = json.members.first(where: { !Self.known.contains($0.key) }) {
            throw Self.refusal(unknown.key, "The member is not understood.")
        }
    }

    func question() throws(BrokerError) -> StatisticQuestion {
        let words = StatisticQuestion.Measure.allCases.map(\.rawValue)
        guard let word = json["statistic"]?.stringValue,
            let measure = StatisticQuestion.Measure(rawValue: word)
        else {
            throw Self.refusal("statistic", "It must be one of \(words.joined(separator: ", ")).")
        }
        guard let type = try name("type", in: json) else {
            throw Self.refusal("type", "It must be the name of an entity type.")
        }
        let attribute = try name("attribute", in: json)
        let isOfHistory = try flag("history")
        let periods = try periods()
        if attribute == nil, measure != .count || isOfHistory || periods != nil {
            throw Self.refusal(
                "attribute",
                "Only entities as they are now are counted without one."
            )
        }
        let groups = try groups(of: attribute)
        if measure == .histogram, groups == nil {
            throw Self.refusal("groups", "A histogram has values, or edges.")
        }
        if isOfHistory, let groups, groups.attribute != attribute {
            throw Self.refusal("groups.attribute", "A history is grouped by its own values.")
        }
        let (scopes, places) = (try scopes(), try places())
        if isOfHistory, let places, places.attribute != attribute {
            throw Self.refusal("places.attribute", "A history is at the places of its own values.")
        }
        let bins =
            (periods?.count ?? 1) * (scopes?.count ?? 1) * (places?.names.count ?? 1)
            * (groups?.count ?? 1)
        return StatisticQuestion(
            measure: measure,
            type: type,
            attribute: attribute,
            isOfHistory: isOfHistory,
            periods: periods,
            scopes: scopes,
            places: places,
            groups: groups,
            statistic: try statistic(measure, bins)
        )
    }

    // MARK: Bins

    private func periods() throws(BrokerError) -> PeriodBins? {
        guard let object = try object("periods", ["from", "to", "every"]) else { return nil }
        func moment(_ name: String) throws(BrokerError) -> Timestamp {
            guard let moment = object[name]?.stringValue.flatMap({ Timestamp($0) }) else {
                throw Self.refusal(
                    "periods.\(name)",
                    "It must be a time such as 2026-12-01T00:00:00Z."
                )
            }
            return moment
        }
        guard let every = object["every"]?.stringValue.flatMap({ ISODuration($0) }) else {
            throw Self.refusal("periods.every", "It must be a duration such as P1D.")
        }
        let (from, to) = (try moment("from"), try moment("to"))
        return try Self.checked("periods.") { () throws(StatisticsError) in
            try PeriodBins(from: from, to: to, every: every)
        }
    }

    private func scopes() throws(BrokerError) -> [(text: String, pattern: ScopePattern)]? {
        guard let list = try list("scopes", in: json, "scopes") else { return nil }
        var scopes: [(text: String, pattern: ScopePattern)] = []
        for element in list {
            guard let text = element.stringValue,
                case .scope(let pattern)? = try? ScopeQuery.parse(text)
            else {
                throw Self.refusal(
                    "scopes",
                    "Each must be a scope such as /Phuket/Patong or /Phuket/#."
                )
            }
            scopes.append((text, pattern))
        }
        return scopes
    }

    private func places() throws(BrokerError) -> StatisticQuestion.Places? {
        guard let object = try object("places", ["attribute", "areas"]) else { return nil }
        guard let list = try list("areas", in: object, "places.areas"),
            list.count <= Self.maximumAreas
        else {
            throw Self.refusal(
                "places.areas",
                "It must be a list with \(Self.maximumAreas) areas at most."
            )
        }
        var areas: [(name: String, area: Geometry)] = []
        var positions = 0
        for (place, element) in list.enumerated() {
            let area = try Self.area(element, at: "places.areas[\(place)]")
            if areas.contains(where: { $0.name == area.name }) {
                throw Self.refusal("places.areas[\(place)].name", "Two areas have this name.")
            }
            positions += area.area.positionCount
            areas.append(area)
        }
        guard positions <= Self.maximumPositions else {
            throw Self.refusal(
                "places.areas",
                "They have more than \(Self.maximumPositions) positions."
            )
        }
        return StatisticQuestion.Places(
            attribute: try name("attribute", in: object) ?? .location,
            areas
        )
    }

    /// A name, and what a GeoJSON polygon has.
    private static func area(
        _ value: JSONValue,
        at place: String
    ) throws(BrokerError) -> (name: String, area: Geometry) {
        guard let object = value.objectValue, let name = object["name"]?.stringValue,
            !name.isEmpty,
            let type = object["type"]?.stringValue, ["Polygon", "MultiPolygon"].contains(type),
            let coordinates = object["coordinates"],
            object.count == 3
        else {
            throw refusal(
                place,
                "It must have a name, the type Polygon or MultiPolygon, coordinates, and nothing else."
            )
        }
        do throws(GeometryError) {
            return (name, try Geometry(type: type, coordinates: coordinates))
        } catch {
            throw refusal("\(place).coordinates", error.description)
        }
    }

    private func groups(of attribute: IRI?) throws(BrokerError) -> StatisticQuestion.Groups? {
        guard let object = try object("groups", ["attribute", "values", "edges"]) else {
            return nil
        }
        guard let name = try name("attribute", in: object) ?? attribute else {
            throw Self.refusal("groups.attribute", "It must be the name of an attribute.")
        }
        let values = try list("values", in: object, "groups.values")
        let edges = try list("edges", in: object, "groups.edges")
        switch (values, edges) {
        case (let values?, nil): return .init(attribute: name, classes: .values(values))
        case (nil, let edges?):
            let numbers = edges.compactMap(\.numberValue)
            let isRising = zip(numbers, numbers.dropFirst()).allSatisfy {
                $0.doubleValue < $1.doubleValue
            }
            guard numbers.count == edges.count, edges.count > 1, isRising else {
                throw Self.refusal(
                    "groups.edges",
                    "They must be two numbers or more, each above the last."
                )
            }
            return .init(attribute: name, classes: .edges(numbers))
        default: throw Self.refusal("groups", "It has either values or edges.")
        }
    }

    // MARK: Bounds and loss

    private func statistic(
        _ measure: StatisticQuestion.Measure,
        _ bins: Int
    ) throws(BrokerError) -> PeopleStatistic {
        let (upTo, decimals) = (try integer("upTo"), try integer("decimals"))
        let binsPerPerson = try integer("binsPerPerson")
        let loss = try loss()
        guard measure == .sum else {
            if let name = ["within", "decimals"].first(where: { json[$0] != nil }) {
                throw Self.refusal(name, "Only a sum has it.")
            }
            return try Self.checked { () throws(StatisticsError) in
                try .count(upTo: upTo ?? 1, bins: bins, binsPerPerson: binsPerPerson, loss: loss)
            }
        }
        guard upTo == nil else {
            throw Self.refusal("upTo", "A sum has bounds within which it is.")
        }
        let numbers = try list("within", in: json, "within")?.compactMap(\.numberValue) ?? []
        guard numbers.count == 2 else {
            throw Self.refusal(
                "within",
                "It must be two numbers: what a person's total is kept within."
            )
        }
        let bounds = numbers.map { $0.scaled(decimals: min(max(decimals ?? 0, 0), 9)) }
        guard bounds[0] <= bounds[1] else {
            throw Self.refusal("within", "The first must be the least.")
        }
        return try Self.checked { () throws(StatisticsError) in
            try .sum(
                within: bounds[0]...bounds[1],
                decimals: decimals ?? 0,
                bins: bins,
                binsPerPerson: binsPerPerson,
                loss: loss
            )
        }
    }

    private func loss() throws(BrokerError) -> PrivacyLoss {
        let (epsilon, rho) = (json["epsilon"], json["rho"])
        if epsilon != nil, rho != nil { throw Self.refusal("rho", "A question has one loss.") }
        for (name, value) in [("epsilon", epsilon), ("rho", rho)] {
            guard let value else { continue }
            guard let number = value.numberValue else {
                throw Self.refusal(name, "It must be a number.")
            }
            return try Self.checked { () throws(StatisticsError) in
                let fraction = try Rational(number)
                return try name == "rho" ? .concentrated(rho: fraction) : .pure(epsilon: fraction)
            }
        }
        return try Self.checked { () throws(StatisticsError) in
            try .concentrated(rho: Rational(Self.usualLoss, over: 1_000))
        }
    }

    // MARK: Members

    private func name(_ member: String, in json: JSONObject) throws(BrokerError) -> IRI? {
        guard let value = json[member] else { return nil }
        guard let text = value.stringValue, !text.isEmpty else {
            throw Self.refusal(member, "It must be a name.")
        }
        return context.expand(text)
    }

    private func flag(_ member: String) throws(BrokerError) -> Bool {
        guard let value = json[member] else { return false }
        guard let flag = value.boolValue else {
            throw Self.refusal(member, "It must be true or false.")
        }
        return flag
    }

    private func integer(_ member: String) throws(BrokerError) -> Int? {
        guard let value = json[member] else { return nil }
        guard let integer = value.numberValue?.intValue else {
            throw Self.refusal(member, "It must be a whole number.")
        }
        return integer
    }

    private func object(
        _ member: String,
        _ known: Set<String>
    ) throws(BrokerError) -> JSONObject? {
        guard let value = json[member] else { return nil }
        guard case .object(let object) = value else {
            throw Self.refusal(member, "It must be an object.")
        }
        if let unknown = object.members.first(where: { !known.contains($0.key) }) {
            throw Self.refusal("\(member).\(unknown.key)", "The member is not understood.")
        }
        return object
    }

    private func list(
        _ member: String,
        in json: JSONObject,
        _ place: String
    ) throws(BrokerError) -> [JSONValue]? {
        guard let value = json[member] else { return nil }
        guard case .array(let list) = value, 1...Self.maximumElements ~= list.count else {
            throw Self.refusal(
                place,
                "It must be a list with \(Self.maximumElements) elements at most."
            )
        }
        return list
    }

    private static func checked<Value>(
        _ prefix: String = "",
        _ body: () throws(StatisticsError) -> Value
    ) throws(BrokerError) -> Value {
        do throws(StatisticsError) { return try body() } catch {
            throw BrokerError(.badRequestData, prefix + error.description)
        }
    }

    private static func refusal(_ member: String, _ reason: String) -> BrokerError {
        BrokerError(.badRequestData, "\(member): \(reason)")
    }
}
