import Broker
import ContextModel

/// The query options of a list, or of a relation that `$expand` shows (OGC 18-088 clause 9.3).
struct ThingsOptions: Sendable {
    static let names = ["$filter", "$orderby", "$top", "$skip", "$count", "$select", "$expand"]
    /// The entities of a list when the caller names no `$top`, and the most of a list.
    static let defaultTop = 100
    static let maximumTop = 10_000
    private static let maximumSkip = 1_000_000
    private static let maximumDepth = 5

    /// A term of `$orderby`.
    struct Order: Sendable, Hashable {
        var path: [String]
        var isDescending: Bool
    }

    var filter: ODataExpression?
    var order: [Order] = []
    var top = Self.defaultTop
    var skip = 0
    var wantsCount = false
    /// The properties to show; nil for all.
    var select: [String]?
    /// Where in a history a further page begins: after the reading of this time, in the order of the list.
    var boundary: Timestamp?
    /// The options as they were given, for links to further pages.
    private(set) var given = QueryItems()
    var expanded: [Expansion] = []

    /// A relation that is shown.
    struct Expansion: Sendable {
        let navigation: ThingsKind.Navigation
        var options: ThingsOptions
        /// Distinguishes the expansions of a request.
        let number: Int
    }

    init() {}

    /// Reads the options of a request for a set, such as Things.
    init(_ items: QueryItems, of kind: ThingsKind) throws(BrokerError) {
        var counter = 0
        for name in Self.names {
            guard let value = items[name] else { continue }
            try set(name, value, [kind], &counter)
        }
        try requireKnown(kind)
    }

    private mutating func set(
        _ name: String,
        _ value: String,
        _ sets: [ThingsKind],
        _ counter: inout Int
    ) throws(BrokerError) {
        given[name] = value
        switch name {
        case "$filter": filter = try ODataParser.parse(value)
        case "$orderby": order = try Self.order(value)
        case "$top": top = min(try Self.number(name, value), Self.maximumTop)
        case "$skip":
            skip = try Self.number(name, value)
            guard skip <= Self.maximumSkip else {
                throw BrokerError(.tooManyResults, "$skip is \(Self.maximumSkip) at most.")
            }
        case "$count":
            guard value == "true" || value == "false" else {
                throw BrokerError(.badRequestData, "$count is true or false, not '\(value)'.")
            }
            wantsCount = value == "true"
        case "$select": select = Self.parts(of: value, ",").map(\.trimmed)
        case "$expand":
            for part in Self.parts(of: value, ",") {
                try expand(part.trimmed, sets, &counter)
            }
        default:
            throw BrokerError(.badRequestData, "'\(name)' is no option of an expanded relation.")
        }
    }

    /// Adds a relation such as `Thing/Locations($select=name;$top=1)` to the last of the sets that lead here.
    private mutating func expand(
        _ text: String,
        _ sets: [ThingsKind],
        _ counter: inout Int
    ) throws(BrokerError) {
        guard let kind = sets.last, sets.count <= Self.maximumDepth else {
            throw BrokerError(.tooComplexQuery, "$expand is \(Self.maximumDepth) deep at most.")
        }
        let parts = text.split(separator: "(", maxSplits: 1, omittingEmptySubsequences: false)
        let path = parts[0].split(separator: "/", maxSplits: 1).map { String($0).trimmed }
        guard let name = path.first, let navigation = kind.navigation(name),
            parts.count == 1 || parts[1].last == ")"
        else {
            let names = kind.navigations.map(\.name).joined(separator: ", ")
            throw BrokerError(
                .badRequestData,
                "$expand of \(kind.rawValue) takes \(names), not '\(text.prefix(60))'."
            )
        }
        // Going back and forth, the answer would multiply with each step.
        guard !sets.contains(navigation.target) else {
            throw BrokerError(
                .tooComplexQuery,
                "$expand leads back to \(navigation.target.rawValue) by '\(name)'; each set is shown once."
            )
        }
        let inside = sets + [navigation.target]
        // The same relation may be named twice: Observations, Observations/FeatureOfInterest.
        if !expanded.contains(where: { $0.navigation == navigation }) {
            counter += 1
            expanded.append(
                Expansion(navigation: navigation, options: ThingsOptions(), number: counter)
            )
        }
        guard let place = expanded.firstIndex(where: { $0.navigation == navigation }) else {
            return
        }
        let inner = parts.count > 1 ? String(parts[1].dropLast()) : ""
        if path.count > 1 {
            let rest = path[1] + (parts.count > 1 ? "(\(inner))" : "")
            return try expanded[place].options.expand(rest, inside, &counter)
        }
        for option in Self.parts(of: inner, ";") {
            let pair = option.trimmed.split(separator: "=", maxSplits: 1).map(String.init)
            guard pair.count == 2 else {
                throw BrokerError(.badRequestData, "'\(option.prefix(60))' is no option.")
            }
            try expanded[place].options.set(pair[0], pair[1], inside, &counter)
        }
        try expanded[place].options.requireKnown(navigation.target)
    }

    /// Throws for a property in `$select` that the set does not have.
    private func requireKnown(_ kind: ThingsKind) throws(BrokerError) {
        let known =
            ThingsProperties.identifierNames.union(kind.properties)
            .union(kind.navigations.map(\.name)).union(["@iot.selfLink", "*"])
        if let unknown = select?.first(where: { name in
            !known.contains(name.split(separator: "/").first.map(String.init) ?? "")
        }) {
            throw BrokerError(.badRequestData, "\(kind.rawValue) have no property '\(unknown)'.")
        }
    }

    func selects(_ name: String) -> Bool {
        guard let select else { return true }
        return select.contains { $0 == "*" || $0 == name || $0.hasPrefix(name + "/") }
    }

    private static func order(_ text: String) throws(BrokerError) -> [Order] {
        try parts(of: text, ",").map { term throws(BrokerError) in
            let words = term.split(separator: " ").map(String.init)
            let direction = words.count > 1 ? words[1].lowercased() : "asc"
            guard (1...2).contains(words.count), ["asc", "desc"].contains(direction) else {
                throw BrokerError(
                    .badRequestData,
                    "$orderby is a property with asc or desc, not '\(term)'."
                )
            }
            return Order(
                path: words[0].split(separator: "/").map(String.init),
                isDescending: direction == "desc"
            )
        }
    }

    private static func number(_ name: String, _ value: String) throws(BrokerError) -> Int {
        guard let number = Int(value), number >= 0 else {
            throw BrokerError(.badRequestData, "\(name) is a whole number, not '\(value)'.")
        }
        return number
    }

    /// Splits at the separator where it stands outside of parentheses and quotation marks.
    private static func parts(of text: String, _ separator: Character) -> [String] {
        var (parts, part, depth, isQuoted) = ([String](), "", 0, false)
        for character in text {
            if character == "'" { isQuoted.toggle() }
            if !isQuoted, character == "(" { depth += 1 }
            if !isQuoted, character == ")" { depth -= 1 }
            if !isQuoted, depth == 0, character == separator {
                parts.append(part)
                part = ""
            } else {
                part.append(character)
            }
        }
        return (parts + [part]).filter { !$0.trimmed.isEmpty }
    }
}

extension ThingsOptions {
    /// How Observations are sorted by time, if by nothing else: newest first unless told otherwise; nil for
    /// another order.
    var timeOrder: TimeOrder? {
        guard let first = order.first else { return .newestFirst }
        guard order.count == 1, first.path == ["phenomenonTime"] else { return nil }
        return first.isDescending ? .newestFirst : .oldestFirst
    }

    /// The directions of time.
    enum TimeOrder: Sendable { case newestFirst, oldestFirst }

    /// What the filter asks for of places, which all Observations of a Datastream have in common.
    var filterOfPlaces: ODataExpression? {
        let parts = filter?.conjunction.filter { part in
            if case .call(let function, _) = part { return function.relation != nil }
            return false
        }
        return .all(parts ?? [])
    }

    /// The range of time of Observations, and what else the filter asks for besides their places.
    var timeRange: (from: Int64?, to: Int64?, rest: ODataExpression?) {
        var (from, to, rest) = (Int64?.none, Int64?.none, [ODataExpression]())
        for part in filter?.conjunction ?? [] {
            if case .call(let function, _) = part, function.relation != nil { continue }
            guard
                case .compare(let comparison, .path(["phenomenonTime"]), .value(.time(let time))) =
                    part,
                comparison != .ne
            else {
                rest.append(part)
                continue
            }
            let (moment, next) = (time.microseconds, time.microseconds + 1)
            if [.ge, .gt, .eq].contains(comparison) {
                from = max(from ?? .min, comparison == .gt ? next : moment)
            }
            if [.le, .lt, .eq].contains(comparison) {
                to = min(to ?? .max, comparison == .lt ? moment : next)
            }
        }
        return (from, to, .all(rest))
    }

    /// The range of time of the page, which may begin later than that of the list.
    var pageRange: (from: Int64?, to: Int64?) {
        let (from, to, _) = timeRange
        guard let boundary else { return (from, to) }
        return timeOrder == .oldestFirst
            ? (max(from ?? .min, boundary.microseconds + 1), to)
            : (from, min(to ?? .max, boundary.microseconds))
    }
}
