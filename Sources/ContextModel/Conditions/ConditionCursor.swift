/// Reads one parameter from left to right, a byte at a time.
struct ConditionCursor {
    let parameter: String
    let bytes: [UInt8]
    let limits: ConditionLimits
    var position = 0
    var terms = 0

    /// Bytes of input quoted in a message.
    static let quotedBytes = 40

    init(
        _ text: String,
        parameter: String,
        limits: ConditionLimits
    ) throws(ConditionError) {
        self.parameter = parameter
        self.limits = limits
        bytes = Array(text.utf8)
        guard bytes.count <= limits.maximumBytes else {
            throw ConditionError(
                parameter: parameter,
                offset: limits.maximumBytes,
                message: "\(parameter) has \(bytes.count) bytes.",
                hint: "At most \(limits.maximumBytes) are read; ask in several requests."
            )
        }
    }

    var isAtEnd: Bool { position >= bytes.count }
    var next: UInt8? { isAtEnd ? nil : bytes[position] }

    /// Skips the text if it comes next; returns whether it did.
    mutating func skip(_ text: StaticString) -> Bool {
        let wanted = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        guard bytes[position...].starts(with: wanted) else { return false }
        position += wanted.count
        return true
    }

    /// Consumes the bytes up to the first that does not belong, and returns them.
    mutating func take(while belongs: (UInt8) -> Bool) -> String {
        let start = position
        while let byte = next, belongs(byte) { position += 1 }
        return text(start..<position)
    }

    /// The text of the range; a character that is cut shows as U+FFFD.
    func text(_ range: Range<Int>) -> String {
        String(decoding: bytes[range], as: UTF8.self)
    }

    /// Counts one more term; throws when there are too many.
    mutating func countTerm() throws(ConditionError) {
        terms += 1
        guard terms <= limits.maximumTerms else {
            throw error(
                "There are more than \(limits.maximumTerms) terms",
                hint: "Ask in several requests."
            )
        }
    }

    /// Creates an error at the offset, or here; the message ends with a quotation of what follows.
    func error(_ what: String, at offset: Int? = nil, hint: String) -> ConditionError {
        let offset = min(offset ?? position, bytes.count)
        let rest = text(offset..<min(offset + Self.quotedBytes, bytes.count))
        let quoted = rest.isEmpty ? "at the end" : "at “\(rest)”"
        return ConditionError(
            parameter: parameter,
            offset: offset,
            message: "\(what) \(quoted).",
            hint: hint
        )
    }
}

/// An expression with and, or and parentheses, as in `q`, type selection and `scopeQ`.
///
/// `;` is and; `|`, and in some languages `,`, is or (clauses 4.9, 4.17 and 4.19). And binds
/// tighter than or.
struct LogicalExpression {
    let commaMeansOr: Bool
    let term: (inout ConditionCursor) throws(ConditionError) -> Condition

    /// Parses the whole parameter.
    func parse(_ cursor: inout ConditionCursor) throws(ConditionError) -> Condition {
        let condition = try alternatives(&cursor, depth: 0)
        guard cursor.isAtEnd else {
            throw cursor.error(
                "\(cursor.parameter) is not valid from here",
                hint: "Join terms with ; (and) or | (or), and close each parenthesis once."
            )
        }
        return condition
    }

    private func alternatives(
        _ cursor: inout ConditionCursor,
        depth: Int
    ) throws(ConditionError) -> Condition {
        var parts = [try conjunction(&cursor, depth: depth)]
        while cursor.skip("|") || (commaMeansOr && cursor.skip(",")) {
            parts.append(try conjunction(&cursor, depth: depth))
        }
        return parts.count == 1 ? parts[0] : .any(parts)
    }

    private func conjunction(
        _ cursor: inout ConditionCursor,
        depth: Int
    ) throws(ConditionError) -> Condition {
        var parts = [try element(&cursor, depth: depth)]
        while cursor.skip(";") {
            parts.append(try element(&cursor, depth: depth))
        }
        return parts.count == 1 ? parts[0] : .all(parts)
    }

    private func element(
        _ cursor: inout ConditionCursor,
        depth: Int
    ) throws(ConditionError) -> Condition {
        guard cursor.skip("(") else {
            try cursor.countTerm()
            return try term(&cursor)
        }
        guard depth < cursor.limits.maximumDepth else {
            throw cursor.error(
                "Parentheses are more than \(cursor.limits.maximumDepth) deep",
                hint: "Write it with fewer."
            )
        }
        let condition = try alternatives(&cursor, depth: depth + 1)
        guard cursor.skip(")") else {
            throw cursor.error("A parenthesis is not closed", hint: "Add a ).")
        }
        return condition
    }
}
