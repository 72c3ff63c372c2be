import ContextModel

/// An expression of `$filter` (OGC 18-088 clause 9.3.3.5).
indirect enum ODataExpression: Sendable, Hashable {
    /// The comparisons of the language.
    enum Comparison: String, Sendable {
        case eq, ne, gt, ge, lt, le
    }
    /// The operations on numbers.
    enum Arithmetic: String, Sendable {
        case add, sub, mul, div, mod
    }
    case value(ODataValue)
    /// The names from the filtered entity to a property: `Thing`, `properties`, `type`.
    case path([String])
    case not(ODataExpression)
    case and(ODataExpression, ODataExpression)
    case or(ODataExpression, ODataExpression)
    case compare(Comparison, ODataExpression, ODataExpression)
    case arithmetic(Arithmetic, ODataExpression, ODataExpression)
    case call(ODataFunction, [ODataExpression])

    /// The parts that all have to hold.
    var conjunction: [ODataExpression] {
        if case .and(let a, let b) = self { a.conjunction + b.conjunction } else { [self] }
    }

    static func all(_ parts: [ODataExpression]) -> ODataExpression? {
        parts.dropFirst().reduce(parts.first) { all, part in all.map { .and($0, part) } }
    }
}

/// A value of the language.
enum ODataValue: Sendable, Hashable {
    case null
    case bool(Bool)
    case number(Double)
    case text(String)
    case time(Timestamp)
    case geometry(Geometry)
}

/// The functions of the language (table 24), as far as the hub knows them.
enum ODataFunction: String, Sendable, CaseIterable {
    case contains, substringof, startswith, endswith, length, indexof, substring, tolower, toupper
    case trim, concat, round, floor, ceiling, year, month, day, hour, minute, second
    case intersects = "geo.intersects"
    case within = "st_within"
    case stIntersects = "st_intersects"
    case stContains = "st_contains"
    case stDisjoint = "st_disjoint"
    case stEquals = "st_equals"
    case stOverlaps = "st_overlaps"

    /// The least and the most arguments.
    var arguments: ClosedRange<Int> {
        switch self {
        case .contains, .substringof, .startswith, .endswith, .indexof, .concat: 2...2
        case .substring: 2...3
        case .length, .tolower, .toupper, .trim, .round, .floor, .ceiling, .year, .month, .day,
            .hour, .minute, .second:
            1...1
        case .intersects, .within, .stIntersects, .stContains, .stDisjoint, .stEquals, .stOverlaps:
            2...2
        }
    }

    /// The relation of two geometries that it tests; nil for a function of other values.
    var relation: GeoTest.Relation? {
        switch self {
        case .intersects, .stIntersects: .intersects
        case .within: .within
        case .stContains: .contains
        case .stDisjoint: .disjoint
        case .stEquals: .equals
        case .stOverlaps: .overlaps
        default: nil
        }
    }
}
