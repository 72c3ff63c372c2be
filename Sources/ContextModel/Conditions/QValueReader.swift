/// Reads an operator and its operands in a term of `q` (clause 4.9).
struct QValueReader {
    let path: AttributePath
    /// Expands a term to an IRI, when the attribute is one of `expandValues`.
    let expandTerm: ((String) -> String)?

    /// Reads the comparison; nil when the term ends with the path.
    func comparison(_ cursor: inout ConditionCursor) throws(ConditionError) -> Comparison? {
        if cursor.skip("!~=") { return .matchesNot(try pattern(&cursor)) }
        if cursor.skip("~=") { return .matches(try pattern(&cursor)) }
        if cursor.skip("==") { return .equal(try list(&cursor)) }
        if cursor.skip("!=") { return .unequal(try list(&cursor)) }
        if cursor.skip(">=") { return .greaterOrEqual(try ordered(&cursor)) }
        if cursor.skip("<=") { return .lessOrEqual(try ordered(&cursor)) }
        if cursor.skip(">") { return .greater(try ordered(&cursor)) }
        if cursor.skip("<") { return .less(try ordered(&cursor)) }
        switch cursor.next {
        case nil, UInt8(ascii: ";"), UInt8(ascii: "|"), UInt8(ascii: ")"): return nil
        default:
            throw cursor.error(
                "An operator is missing",
                hint: "Use ==, !=, >, >=, <, <=, ~= or !~=, or join terms with ; or |."
            )
        }
    }

    // MARK: Values

    private func list(_ cursor: inout ConditionCursor) throws(ConditionError) -> [Operand] {
        var values = [try valueOrRange(&cursor)]
        while cursor.skip(",") {
            guard values.count < cursor.limits.maximumListValues else {
                throw cursor.error(
                    "There are more than \(cursor.limits.maximumListValues) values in a list",
                    hint: "Ask in several requests."
                )
            }
            values.append(try valueOrRange(&cursor))
        }
        return values
    }

    private func valueOrRange(_ cursor: inout ConditionCursor) throws(ConditionError) -> Operand {
        let start = cursor.position
        let low = try value(&cursor)
        guard cursor.skip("..") else { return low }
        let high = try value(&cursor)
        guard low.isOrdered, high.isOrdered, low.hasKind(of: high) else {
            throw cursor.error(
                "A range has ends that cannot be ordered",
                at: start,
                hint: "Give two numbers, two dates or two texts, such as 10..20."
            )
        }
        return .range(low, high)
    }

    private func ordered(_ cursor: inout ConditionCursor) throws(ConditionError) -> Operand {
        let start = cursor.position
        let value = try value(&cursor)
        guard value.isOrdered else {
            throw cursor.error(
                "Greater and less compare numbers, dates, times and texts only",
                at: start,
                hint: "Use == or !=."
            )
        }
        return value
    }

    private func value(_ cursor: inout ConditionCursor) throws(ConditionError) -> Operand {
        if cursor.next == UInt8(ascii: "\"") {
            let text = try quoted(&cursor)
            if path.isTime, let moment = Timestamp(text) { return .dateTime(moment) }
            return .string(expandTerm?(text) ?? text)
        }
        let start = cursor.position
        let word = bareWord(&cursor)
        if let literal = Operand(bareWord: word) { return literal }
        if let expandTerm, !word.isEmpty { return .uri(expandTerm(word)) }
        throw cursor.error(
            "This is no value",
            at: start,
            hint: "Write texts in quotation marks, such as color==\"red\"."
        )
    }

    /// Reads up to the end of a value; a parenthesis opened inside (in a URI) is closed inside.
    private func bareWord(_ cursor: inout ConditionCursor) -> String {
        let start = cursor.position
        var open = 0
        reading: while let byte = cursor.next {
            switch byte {
            case UInt8(ascii: ";"), UInt8(ascii: "|"), UInt8(ascii: ","): break reading
            case UInt8(ascii: "("): open += 1
            case UInt8(ascii: ")") where open == 0: break reading
            case UInt8(ascii: ")"): open -= 1
            case UInt8(ascii: ".")
            where cursor.bytes[cursor.position...].starts(with: [0x2E, 0x2E]):
                break reading
            default: break
            }
            cursor.position += 1
        }
        return cursor.text(start..<cursor.position)
    }

    /// Reads a JSON string.
    private func quoted(_ cursor: inout ConditionCursor) throws(ConditionError) -> String {
        let range = try quotedRange(&cursor)
        guard
            let json = try? JSONReader.read(cursor.bytes[range]), case .string(let text) = json
        else {
            throw cursor.error(
                "This is no JSON string",
                at: range.lowerBound,
                hint: "Escape quotation marks and backslashes with a backslash."
            )
        }
        return text
    }

    /// The range from a quotation mark to the next one that is not escaped, both included.
    private func quotedRange(
        _ cursor: inout ConditionCursor
    ) throws(ConditionError) -> Range<Int> {
        let start = cursor.position
        cursor.position += 1
        while let byte = cursor.next {
            cursor.position += byte == UInt8(ascii: "\\") ? 2 : 1
            if byte == UInt8(ascii: "\""), !cursor.isOverrun { return start..<cursor.position }
        }
        throw cursor.error("A quotation mark is not closed", at: start, hint: "Add a \".")
    }

    // MARK: Patterns

    private func pattern(_ cursor: inout ConditionCursor) throws(ConditionError) -> Pattern {
        let start = cursor.position
        let text: String
        if cursor.next == UInt8(ascii: "\"") {
            // Backslashes stay: in the grammar this is a pattern, not a JSON string.
            let range = try quotedRange(&cursor)
            text = cursor.text(range.lowerBound + 1..<range.upperBound - 1)
        } else {
            text = barePattern(&cursor)
        }
        do {
            return try Pattern(text)
        } catch {
            throw cursor.error(
                "\(error) It stands",
                at: start,
                hint: "Give a POSIX extended regular expression, such as \"^Par.*\"."
            )
        }
    }

    /// Reads up to a `;`, `|` or `)` that is outside brackets and parentheses of the pattern.
    private func barePattern(_ cursor: inout ConditionCursor) -> String {
        let start = cursor.position
        var open = 0
        var isInBracket = false
        reading: while let byte = cursor.next {
            switch byte {
            case UInt8(ascii: "\\"): cursor.position += 1
            case UInt8(ascii: "]"): isInBracket = false
            case _ where isInBracket: break
            case UInt8(ascii: "["): isInBracket = true
            case UInt8(ascii: "("): open += 1
            case UInt8(ascii: ")") where open > 0: open -= 1
            case UInt8(ascii: ";"), UInt8(ascii: ")"): break reading
            case UInt8(ascii: "|") where open == 0: break reading
            default: break
            }
            cursor.position += 1
        }
        cursor.position = min(cursor.position, cursor.bytes.count)
        return cursor.text(start..<cursor.position)
    }
}

extension ConditionCursor {
    /// Whether an escape exceeded the end.
    fileprivate var isOverrun: Bool { position > bytes.count }
}

extension AttributePath {
    /// Whether it ends in a member whose value is a moment.
    package var isTime: Bool {
        switch coreMember {
        case "observedAt", "createdAt", "modifiedAt", "deletedAt", "expiresAt": true
        default: false
        }
    }
}

extension Operand {
    /// A number, boolean, date, time or URI written without quotation marks.
    fileprivate init?(bareWord word: String) {
        switch word {
        case "true": self = .bool(true)
        case "false": self = .bool(false)
        default:
            if let number = JSONNumber(word), number.doubleValue.isFinite {
                self = .number(number.doubleValue)
            } else if let moment = Timestamp(word) {
                self = .dateTime(moment)
            } else if CivilDate(word) != nil {
                self = .date(word)
            } else if TimeOfDay(word) != nil {
                self = .time(word)
            } else if Self.isURI(word) {
                self = .uri(word)
            } else {
                return nil
            }
        }
    }

    /// Whether the text has a scheme, a colon and then neither blanks nor quotation marks (RFC
    /// 3986).
    private static func isURI(_ word: String) -> Bool {
        let bytes = Array(word.utf8)
        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")), colon + 1 < bytes.count,
            let first = bytes.first, (0x61...0x7A).contains(first | 0x20)
        else { return false }
        return bytes[..<colon].allSatisfy {
            (0x61...0x7A).contains($0 | 0x20) || (0x30...0x39).contains($0)
                || [UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: ".")].contains($0)
        } && bytes.allSatisfy { $0 > 0x20 && $0 != UInt8(ascii: "\"") && $0 != 0x7F }
    }

    fileprivate var isOrdered: Bool {
        switch self {
        case .number, .string, .dateTime, .date, .time: true
        case .bool, .uri, .range: false
        }
    }

    fileprivate func hasKind(of other: Operand) -> Bool {
        switch (self, other) {
        case (.number, .number), (.string, .string), (.dateTime, .dateTime), (.date, .date),
            (.time, .time):
            true
        default: false
        }
    }
}
