import Broker
import ContextModel
import Storage

/// A page of a list of the SensorThings API.
struct ThingsPage: Sendable {
    var elements: [ThingsElement]
    var hasMore: Bool
    /// The number of all that match; nil unless it was asked for.
    var count: Int?

    /// The page of a list that is filtered and sorted already.
    init(_ all: [ThingsElement], _ options: ThingsOptions) {
        elements = Array(all.dropFirst(options.skip).prefix(options.top))
        hasMore = all.count > options.skip + options.top
        count = options.wantsCount ? all.count : nil
    }

    /// The page of a whole list.
    init(_ all: [ThingsElement], _ options: ThingsOptions, _ shown: ThingsProperties) throws {
        var all = all
        if let expression = options.filter {
            let filter = ThingsFilter(expression: expression, shown: shown)
            all = try all.filter { try filter.matches($0) }
        }
        if !options.order.isEmpty { all = try ThingsOrder(options.order, shown).sorted(all) }
        self.init(all, options)
    }
}

/// Sorts by `$orderby` (OGC 18-088 clause 9.3.3.2).
struct ThingsOrder {
    private let terms: [ThingsOptions.Order]
    private let shown: ThingsProperties

    init(_ terms: [ThingsOptions.Order], _ shown: ThingsProperties) {
        self.terms = terms
        self.shown = shown
    }

    func sorted(_ elements: [ThingsElement]) throws -> [ThingsElement] {
        let keys = try elements.map { element in
            try terms.map {
                SortKey(try shown.values(at: $0.path[...], of: element).first ?? .null)
            }
        }
        return elements.indices.sorted { isBefore(keys[$0], keys[$1]) ?? ($0 < $1) }
            .map { elements[$0] }
    }

    private func isBefore(_ a: [SortKey], _ b: [SortKey]) -> Bool? {
        for (place, term) in terms.enumerated() where a[place] != b[place] {
            return (a[place] < b[place]) != term.isDescending
        }
        return nil
    }
}

/// A value to sort by: nothing before numbers, before texts.
private enum SortKey: Comparable {
    case nothing
    case number(Double)
    case text(String)

    init(_ value: JSONValue) {
        switch value {
        case .number(let number): self = .number(number.doubleValue)
        case .string(let text): self = .text(text)
        case .bool(let bool): self = .number(bool ? 1 : 0)
        case .null, .array, .object: self = .nothing
        }
    }
}
