import ContextModel

/// Reads a query by the grammar of RFC 9535.
struct PathParser {
    private let scalars: [Unicode.Scalar]
    private(set) var position = 0
    private var depth = 0

    init(_ text: String) { scalars = Array(text.unicodeScalars) }

    /// The segments of a query that is the whole text.
    mutating func wholeQuery() throws(JSONPathError) -> [PathSegment] {
        guard skip("$") else { throw wrong("A JSONPath begins with `$`.") }
        let segments = try segments()
        guard next == nil else { throw wrong("This does not belong to a JSONPath.") }
        return segments
    }

    // MARK: Characters

    var next: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

    private func scalar(after offset: Int) -> Unicode.Scalar? {
        position + offset < scalars.count ? scalars[position + offset] : nil
    }

    mutating func skip(_ text: String) -> Bool {
        let wanted = Array(text.unicodeScalars)
        guard position + wanted.count <= scalars.count,
            scalars[position..<position + wanted.count].elementsEqual(wanted)
        else { return false }
        position += wanted.count
        return true
    }

    mutating func skipBlanks() {
        while let scalar = next, " \t\n\r".unicodeScalars.contains(scalar) { position += 1 }
    }

    func wrong(_ reason: String) -> JSONPathError {
        let text = String(String.UnicodeScalarView(scalars))
        return JSONPathError("`\(text)`, character \(position + 1): \(reason)")
    }

    mutating func nested<Result>(
        _ read: (inout PathParser) throws(JSONPathError) -> Result
    ) throws(JSONPathError) -> Result {
        depth += 1
        defer { depth -= 1 }
        guard depth <= JSONPath.maximumDepth else {
            throw wrong("It is nested more than \(JSONPath.maximumDepth) deep.")
        }
        return try read(&self)
    }

    // MARK: Segments (clause 2.5)

    mutating func segments() throws(JSONPathError) -> [PathSegment] {
        var segments: [PathSegment] = []
        while true {
            let start = position
            skipBlanks()
            guard let segment = try segment() else {
                // Blanks belong to a query only before a segment.
                position = start
                return segments
            }
            segments.append(segment)
        }
    }

    private mutating func segment() throws(JSONPathError) -> PathSegment? {
        if skip("..") {
            let selectors = next == "[" ? try bracketed() : [try shorthand()]
            return PathSegment(isDescendant: true, selectors: selectors)
        }
        if skip(".") { return PathSegment(isDescendant: false, selectors: [try shorthand()]) }
        guard next == "[" else { return nil }
        return PathSegment(isDescendant: false, selectors: try bracketed())
    }

    private mutating func shorthand() throws(JSONPathError) -> PathSelector {
        if skip("*") { return .wildcard }
        var name = String.UnicodeScalarView()
        while let scalar = next, Self.isName(scalar, isFirst: name.isEmpty) {
            name.append(scalar)
            position += 1
        }
        guard !name.isEmpty else { throw wrong("Here should be the name of a member or `*`.") }
        return .name(String(name))
    }

    static func isName(_ scalar: Unicode.Scalar, isFirst: Bool) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "_": true
        case "0"..."9": !isFirst
        default: scalar.value >= 0x80
        }
    }

    private mutating func bracketed() throws(JSONPathError) -> [PathSelector] {
        guard skip("[") else { throw wrong("Here should be `[`.") }
        var selectors: [PathSelector] = []
        repeat {
            skipBlanks()
            selectors.append(try selector())
            skipBlanks()
        } while skip(",")
        guard skip("]") else { throw wrong("Here should be `]` or `,`.") }
        return selectors
    }

    private mutating func selector() throws(JSONPathError) -> PathSelector {
        switch next {
        case "'", "\"": return .name(try string())
        case "*":
            position += 1
            return .wildcard
        case "?":
            position += 1
            skipBlanks()
            return .filter(try nested { (parser) throws(JSONPathError) in try parser.condition() })
        default: return try indexOrSlice()
        }
    }

    private mutating func indexOrSlice() throws(JSONPathError) -> PathSelector {
        let start = try integer()
        let afterStart = position
        skipBlanks()
        guard skip(":") else {
            position = afterStart
            guard let start else { throw wrong("Here should be a selector.") }
            return .index(start)
        }
        skipBlanks()
        let end = try integer()
        let afterEnd = position
        skipBlanks()
        guard skip(":") else {
            position = afterEnd
            return .slice(start: start, end: end, step: 1)
        }
        let afterColon = position
        skipBlanks()
        let step = try integer()
        if step == nil { position = afterColon }
        return .slice(start: start, end: end, step: step ?? 1)
    }

    /// A whole number within I-JSON's range (clause 2.1); nil where there is none.
    private mutating func integer() throws(JSONPathError) -> Int? {
        let start = position
        _ = skip("-")
        let digits = position
        while let scalar = next, ("0"..."9").contains(scalar) { position += 1 }
        guard position > start else { return nil }
        let text = String(String.UnicodeScalarView(scalars[start..<position]))
        let isPlain = scalars[digits...].first != "0" || text == "0"
        guard position > digits, isPlain, let number = Int(text),
            number.magnitude <= 9_007_199_254_740_991
        else {
            throw wrong("`\(text)` is not a whole number of I-JSON.")
        }
        return number
    }

    // MARK: Literals

    /// A string in single or double quotes (clause 2.3.1.1).
    mutating func string() throws(JSONPathError) -> String {
        guard let quote = next else { throw wrong("Here should be a string.") }
        position += 1
        var text = String.UnicodeScalarView()
        while let scalar = next {
            position += 1
            switch scalar {
            case quote: return String(text)
            case "\\": text.append(try escaped(quote))
            case _ where scalar.value < 0x20: throw wrong("A string has no control characters.")
            default: text.append(scalar)
            }
        }
        throw wrong("A string is not closed.")
    }

    private mutating func escaped(_ quote: Unicode.Scalar) throws(JSONPathError) -> Unicode.Scalar {
        guard let scalar = next else { throw wrong("A string is not closed.") }
        position += 1
        switch scalar {
        case quote, "/", "\\": return scalar
        case "b": return "\u{8}"
        case "f": return "\u{C}"
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "u": return try unicodeEscape()
        default: throw wrong("There is no escape `\\\(scalar)`.")
        }
    }

    private mutating func unicodeEscape() throws(JSONPathError) -> Unicode.Scalar {
        let unit = try hexadecimal()
        if (0xD800..<0xDC00).contains(unit) {
            guard skip("\\u") else { throw wrong("A surrogate has no partner.") }
            let low = try hexadecimal()
            guard (0xDC00..<0xE000).contains(low),
                let scalar = Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00))
            else { throw wrong("A surrogate has no partner.") }
            return scalar
        }
        guard let scalar = Unicode.Scalar(unit) else { throw wrong("A surrogate has no partner.") }
        return scalar
    }

    private mutating func hexadecimal() throws(JSONPathError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let scalar = next, scalar.isASCII, let digit = Character(scalar).hexDigitValue
            else { throw wrong("After `\\u` there are four hexadecimal digits.") }
            value = value << 4 + UInt32(digit)
            position += 1
        }
        return value
    }

    /// A number of JSON; `-0` is one, too.
    mutating func number() throws(JSONPathError) -> JSONValue {
        let start = position
        while let scalar = next, "+-.eE0123456789".unicodeScalars.contains(scalar) { position += 1 }
        let text = String(String.UnicodeScalarView(scalars[start..<position]))
        guard let number = JSONNumber(text) else { throw wrong("`\(text)` is not a number.") }
        return .number(number)
    }
}
