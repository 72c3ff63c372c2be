/// The scope query language (clause 4.19): `/Madrid/+/Parque`, `/Madrid/#`, `(/A;/B),/C`.
package enum ScopeQuery {
    /// Parses `text`, which is percent-decoded.
    package static func parse(
        _ text: String,
        parameter: String = "scopeQ",
        limits: ConditionLimits = ConditionLimits()
    ) throws(ConditionError) -> Condition {
        var cursor = try ConditionCursor(text, parameter: parameter, limits: limits)
        return try LogicalExpression(commaMeansOr: true, term: scope).parse(&cursor)
    }

    /// Reads one scope; the first slash may be missing, as in example 5 of the clause.
    private static func scope(_ cursor: inout ConditionCursor) throws(ConditionError) -> Condition {
        let start = cursor.position
        let text = cursor.take { !TypeSelection.isDelimiter($0) }
        let segments = Scope.levels(text).map(String.init)
        guard !segments.isEmpty, segments.allSatisfy({ !$0.isEmpty }) else {
            throw cursor.error(
                "A scope has an empty level",
                at: start,
                hint: "Write /Madrid/Gardens."
            )
        }
        guard segments.dropLast().allSatisfy({ $0 != "#" }) else {
            throw cursor.error(
                "# stands before the end of a scope",
                at: start,
                hint: "Use + for one level and # only at the end."
            )
        }
        return .scope(ScopePattern(segments: segments))
    }
}

extension ScopePattern {
    /// Whether the pattern matches the scope, such as `/Madrid/Gardens`.
    package func matches(_ scope: String) -> Bool {
        // Level by level: a scope may be long, and mostly its first level decides.
        var rest = scope.utf8[...]
        if rest.isEmpty { return false }
        if rest.first == Self.slash { rest.removeFirst() }
        var isOver = false
        for segment in segments {
            if segment == "#" { return true }
            guard !isOver else { return false }
            let level = rest.prefix { $0 != Self.slash }
            guard segment == "+" || segment.utf8.elementsEqual(level) else { return false }
            isOver = level.endIndex == rest.endIndex
            rest = isOver ? rest[level.endIndex...] : rest[level.endIndex...].dropFirst()
        }
        return isOver
    }

    private static let slash = UInt8(ascii: "/")
}
