/// The entity type selection language (clause 4.17): `A,B`, `A|B`, `(A;B)|C`.
package enum TypeSelection {
    /// Parses `text`, which is percent-decoded.
    package static func parse(
        _ text: String,
        parameter: String = "type",
        expansion: some TermExpansion,
        limits: ConditionLimits = ConditionLimits()
    ) throws(ConditionError) -> Condition {
        var cursor = try ConditionCursor(text, parameter: parameter, limits: limits)
        let expression = LogicalExpression(commaMeansOr: true) {
            (cursor: inout ConditionCursor) throws(ConditionError) in
            let name = cursor.take { !isDelimiter($0) }
            guard !name.isEmpty else {
                throw cursor.error(
                    "An entity type is missing",
                    hint: "Name types by term or URI, such as Building|House."
                )
            }
            return .type(expansion.expand(type: name))
        }
        return try expression.parse(&cursor)
    }

    /// Whether the byte ends a type or a scope.
    ///
    /// URIs with characters that have a meaning here cannot be used, as the note in clause 4.17
    /// says.
    static func isDelimiter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "|"), UInt8(ascii: "("),
            UInt8(ascii: ")"), UInt8(ascii: "\""), 0...0x20:
            true
        default: false
        }
    }
}
