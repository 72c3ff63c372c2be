package import ContextModel

/// A query for values inside a JSON value (RFC 9535).
///
///     let path = try JSONPath("$.rxInfo[?@.rssi > -100].gatewayId")
///     let gateways = try path.values(in: uplink)
package struct JSONPath: Sendable, Hashable {
    /// The query as it was written.
    package let text: String
    let segments: [PathSegment]

    /// The most bytes of a query.
    package static let maximumBytes = 4_096
    /// The most values that one evaluation looks at, so that a query with several `..` ends.
    package static let maximumSteps = 1_000_000
    /// The depth of nested parentheses, filters and functions.
    static let maximumDepth = 64

    /// Reads a query; throws where it is not well-formed or not valid (clause 2.1).
    package init(_ text: String) throws(JSONPathError) {
        guard text.utf8.count <= Self.maximumBytes else {
            throw JSONPathError("A JSONPath has \(Self.maximumBytes) bytes at most.")
        }
        var parser = PathParser(text)
        segments = try parser.wholeQuery()
        self.text = text
    }

    package static func == (a: JSONPath, b: JSONPath) -> Bool { a.text == b.text }
    package func hash(into hasher: inout Hasher) { hasher.combine(text) }

    /// The values that the query selects, in its order; none when it selects nothing.
    ///
    /// Throws when it would look at more values than an evaluation may.
    package func values(in root: JSONValue) throws(JSONPathError) -> [JSONValue] {
        try values(in: root, PathSteps(Self.maximumSteps))
    }

    /// The same with steps that several evaluations share.
    func values(in root: JSONValue, _ steps: PathSteps) throws(JSONPathError) -> [JSONValue] {
        let evaluation = PathEvaluation(root, steps)
        return try evaluation.select(segments, from: root)
    }

    /// The first value that the query selects.
    package func first(in root: JSONValue) throws(JSONPathError) -> JSONValue? {
        try values(in: root).first
    }
}

/// The steps that are left to evaluations that belong together, such as those for one message.
///
/// A step is a value that is looked at, or a piece of work that takes about as long.
final class PathSteps {
    private let limit: Int
    private var left: Int

    init(_ limit: Int) {
        self.limit = limit
        left = limit
    }

    /// Takes steps; throws when there are not so many.
    func take(_ count: Int) throws(JSONPathError) {
        left -= min(count, left + 1)
        guard left >= 0 else {
            throw JSONPathError("To read it takes more than \(limit) steps.")
        }
    }

    /// Takes the steps to find a member among so many, of which several are compared in one.
    func takeSearch(among count: Int) throws(JSONPathError) { try take(1 + count / 16) }

    /// Takes the steps to write the value.
    func takeSize(of value: JSONValue) throws(JSONPathError) {
        switch value {
        case .null, .bool, .number: try take(1)
        case .string(let text): try takeSearch(among: text.utf8.count)
        case .array(let elements):
            try take(1)
            for element in elements { try takeSize(of: element) }
        case .object(let object):
            try take(1)
            for member in object.members { try takeSize(of: member.value) }
        }
    }
}

/// The reason why a text is no JSONPath, or why one cannot be evaluated.
package struct JSONPathError: Error, Equatable, CustomStringConvertible {
    package let description: String
    init(_ description: String) { self.description = description }
}

/// A segment: from each value of the list before it, its selectors select values (clause 2.5).
struct PathSegment: Sendable {
    /// Whether it also applies to everything inside these values (clause 2.5.2).
    var isDescendant: Bool
    var selectors: [PathSelector]

    /// Whether it selects one value at most (clause 2.3.5.1).
    var isSingular: Bool {
        guard !isDescendant, selectors.count == 1 else { return false }
        switch selectors[0] {
        case .name, .index: return true
        case .wildcard, .slice, .filter: return false
        }
    }
}

/// A selector (clause 2.3).
enum PathSelector: Sendable {
    case name(String)
    case wildcard
    case index(Int)
    case slice(start: Int?, end: Int?, step: Int)
    case filter(PathCondition)
}

/// A logical expression (clause 2.3.5).
indirect enum PathCondition: Sendable {
    case any([PathCondition])
    case all([PathCondition])
    case not(PathCondition)
    /// Whether the query selects anything.
    case exists(PathQuery)
    case function(PathFunction)
    case comparison(PathOperand, PathComparison, PathOperand)
}

enum PathComparison: String, Sendable {
    case equal = "=="
    case unequal = "!="
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
}

/// A query inside a filter.
struct PathQuery: Sendable {
    /// Whether it begins at the value that is tested (`@`) and not at the root (`$`).
    var isRelative: Bool
    var segments: [PathSegment]

    var isSingular: Bool { segments.allSatisfy(\.isSingular) }
}

/// A value in a comparison, or an argument of a function.
indirect enum PathOperand: Sendable {
    case literal(JSONValue)
    case query(PathQuery)
    case function(PathFunction)
}

/// A call of a function extension (clause 2.4).
struct PathFunction: Sendable {
    enum Name: String, Sendable {
        case length, count, match, search, value

        /// Whether the parameters are values; those of the others are lists of nodes.
        var takesValues: Bool { self == .length || self == .match || self == .search }
        /// Whether the result is true or false, and cannot be compared.
        var isLogical: Bool { self == .match || self == .search }
        var parameterCount: Int { isLogical ? 2 : 1 }
    }

    var name: Name
    var arguments: [PathOperand]
    /// The pattern of `match` and `search` where it is written in the query; nil where it is not,
    /// or is no I-Regexp (RFC 9485), which matches nothing.
    var pattern: IRegexp?
}
