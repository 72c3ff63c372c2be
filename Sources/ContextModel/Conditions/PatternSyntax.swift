/// A POSIX extended regular expression (IEEE 1003.2, clause 9.4) as a tree.
indirect enum PatternNode {
    case empty
    case bytes(ByteSet)
    /// `^` and `$`, which are anchors wherever they stand.
    case start, end
    case sequence([PatternNode])
    case choice([PatternNode])
    /// A repetition; unlimited without a maximum.
    case repeated(PatternNode, minimum: Int, maximum: Int?)
}

/// A set of bytes.
struct ByteSet: Hashable {
    private var words: SIMD4<UInt64> = .zero

    static let all = ByteSet { _ in true }

    init(_ isMember: (UInt8) -> Bool) {
        for byte in UInt8.min...UInt8.max where isMember(byte) { insert(byte) }
    }

    init(_ byte: UInt8) { insert(byte) }

    @inline(__always)
    func contains(_ byte: UInt8) -> Bool { words[Int(byte >> 6)] >> UInt64(byte & 63) & 1 != 0 }

    mutating func insert(_ byte: UInt8) { words[Int(byte >> 6)] |= 1 << UInt64(byte & 63) }
    mutating func formUnion(_ other: ByteSet) { words |= other.words }
    var inverted: ByteSet { ByteSet { !contains($0) } }
}

/// Parses a pattern.
///
/// The size with repetitions written out is checked when its automaton is built.
struct PatternParser {
    private let bytes: [UInt8]
    private var position = 0
    private var depth = 0

    static func parse(_ text: String) throws(PatternError) -> PatternNode {
        var parser = PatternParser(bytes: Array(text.utf8))
        guard !parser.bytes.contains(0) else {
            throw PatternError("The pattern has the character U+0000 in it.")
        }
        let node = try parser.choice()
        guard parser.position == parser.bytes.count else {
            throw PatternError("A parenthesis is closed that was not opened.")
        }
        return node
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skip(_ byte: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: byte) else { return false }
        position += 1
        return true
    }

    private mutating func choice() throws(PatternError) -> PatternNode {
        var branches = [try sequence()]
        while skip("|") { branches.append(try sequence()) }
        return branches.count == 1 ? branches[0] : .choice(branches)
    }

    private mutating func sequence() throws(PatternError) -> PatternNode {
        var parts: [PatternNode] = []
        while let byte = next, byte != UInt8(ascii: "|"), byte != UInt8(ascii: ")") {
            parts.append(try repetition(of: try atom()))
        }
        return parts.count == 1 ? parts[0] : parts.isEmpty ? .empty : .sequence(parts)
    }

    private mutating func atom() throws(PatternError) -> PatternNode {
        let byte = bytes[position]
        position += 1
        switch byte {
        case UInt8(ascii: "("):
            depth += 1
            defer { depth -= 1 }
            guard depth <= Pattern.maximumDepth else {
                throw PatternError("Its parentheses are more than \(Pattern.maximumDepth) deep.")
            }
            let inner = try choice()
            guard skip(")") else { throw PatternError("A parenthesis is not closed.") }
            return inner
        case UInt8(ascii: "["): return .bytes(try bracket())
        case UInt8(ascii: "."): return .bytes(.all)
        case UInt8(ascii: "^"): return .start
        case UInt8(ascii: "$"): return .end
        case UInt8(ascii: "\\"): return .bytes(try escaped())
        case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"), UInt8(ascii: "{"):
            throw PatternError("There is nothing before a repetition: \(Self.shown(byte)).")
        default: return .bytes(ByteSet(byte))
        }
    }

    private mutating func escaped() throws(PatternError) -> ByteSet {
        guard let byte = next else { throw PatternError("The pattern ends in a backslash.") }
        position += 1
        switch byte {
        case UInt8(ascii: "w"): return Self.word
        case UInt8(ascii: "W"): return Self.word.inverted
        case UInt8(ascii: "s"): return ByteSet(Self.isSpace)
        case UInt8(ascii: "S"): return ByteSet(Self.isSpace).inverted
        case 0x30...0x39: throw PatternError("Back-references such as \\1 are not supported.")
        case UInt8(ascii: "b"), UInt8(ascii: "B"), UInt8(ascii: "<"), UInt8(ascii: ">"),
            UInt8(ascii: "`"), UInt8(ascii: "'"):
            throw PatternError("\\\(Self.shown(byte)) is not part of POSIX patterns.")
        default: return ByteSet(byte)
        }
    }

    private mutating func repetition(of atom: PatternNode) throws(PatternError) -> PatternNode {
        var node = atom
        var last: UInt8?
        while let byte = next {
            let counts: (Int, Int?)
            switch byte {
            case UInt8(ascii: "*"): counts = (0, nil)
            case UInt8(ascii: "+"): counts = (1, nil)
            case UInt8(ascii: "?"): counts = (0, 1)
            case UInt8(ascii: "{"): counts = try interval()
            default: return node
            }
            if byte != UInt8(ascii: "{") {
                position += 1
                // The meaning of `a**` is undefined in IEEE 1003.2, so it is refused.
                guard last != UInt8(ascii: "*") else {
                    throw PatternError("The pattern repeats a repetition, as in a**.")
                }
            }
            last = byte
            switch atom {
            case .start, .end: throw PatternError("An end of the text cannot be repeated.")
            default: node = .repeated(node, minimum: counts.0, maximum: counts.1)
            }
        }
        return node
    }

    /// Reads `{m}`, `{m,}`, `{m,n}` or `{,n}`.
    private mutating func interval() throws(PatternError) -> (Int, Int?) {
        position += 1
        let low = number()
        let hasComma = skip(",")
        let high = hasComma ? number() : low
        guard skip("}"), low != nil || high != nil else {
            throw PatternError("A repetition is written {m}, {m,} or {m,n}.")
        }
        guard max(low ?? 0, high ?? 0) <= Pattern.maximumCount else { throw PatternError.tooLarge }
        guard high ?? .max >= low ?? 0 else {
            throw PatternError("The counts of a repetition are reversed.")
        }
        return (low ?? 0, high)
    }

    private mutating func number() -> Int? {
        var number: Int?
        while let byte = next, (0x30...0x39).contains(byte) {
            number = min((number ?? 0) * 10 + Int(byte - 0x30), Pattern.maximumCount + 1)
            position += 1
        }
        return number
    }

    private static func shown(_ byte: UInt8) -> String { String(UnicodeScalar(byte)) }
}

// MARK: - Bracket expressions

extension PatternParser {
    private mutating func bracket() throws(PatternError) -> ByteSet {
        let isInverted = skip("^")
        var set = ByteSet { _ in false }
        var isFirst = true
        while let byte = next, isFirst || byte != UInt8(ascii: "]") {
            isFirst = false
            if let named = try characterClass() {
                set.formUnion(named)
                continue
            }
            let low = try element()
            guard next == UInt8(ascii: "-"), position + 1 < bytes.count,
                bytes[position + 1] != UInt8(ascii: "]")
            else {
                set.insert(low)
                continue
            }
            position += 1
            // A class has no position in the order of bytes, so it cannot end a range.
            guard try characterClass() == nil else {
                throw PatternError("A range in brackets ends in a class.")
            }
            let high = try element()
            guard low <= high else { throw PatternError("A range in brackets is reversed.") }
            set.formUnion(ByteSet { (low...high).contains($0) })
        }
        guard skip("]") else { throw PatternError("A bracket is not closed.") }
        return isInverted ? set.inverted : set
    }

    /// Reads one byte, or `[.x.]`, which stands for it.
    private mutating func element() throws(PatternError) -> UInt8 {
        if let name = try named(UInt8(ascii: ".")) {
            guard name.count == 1 else {
                throw PatternError("[. .] holds one character of ASCII here.")
            }
            return name[0]
        }
        guard let byte = next else { throw PatternError("A bracket is not closed.") }
        position += 1
        return byte
    }

    /// Reads `[:name:]` or `[=x=]`; nil when neither comes next.
    private mutating func characterClass() throws(PatternError) -> ByteSet? {
        if let name = try named(UInt8(ascii: "=")) {
            guard name.count == 1 else {
                throw PatternError("[= =] holds one character of ASCII here.")
            }
            return ByteSet(name[0])
        }
        guard let name = try named(UInt8(ascii: ":")) else { return nil }
        guard let isMember = Self.classes[String(decoding: name, as: UTF8.self)] else {
            throw PatternError("[:\(String(decoding: name, as: UTF8.self)):] is not a class.")
        }
        return ByteSet(isMember)
    }

    /// Reads the content of `[.….]` and similar brackets.
    private mutating func named(_ mark: UInt8) throws(PatternError) -> [UInt8]? {
        guard next == UInt8(ascii: "["), position + 1 < bytes.count, bytes[position + 1] == mark
        else { return nil }
        var end = position + 2
        while end + 1 < bytes.count, bytes[end] != mark || bytes[end + 1] != UInt8(ascii: "]") {
            end += 1
        }
        guard end + 1 < bytes.count else { throw PatternError("A bracket is not closed.") }
        defer { position = end + 2 }
        return Array(bytes[(position + 2)..<end])
    }

    private static let word = ByteSet { isLetter($0) || isDigit($0) || $0 == UInt8(ascii: "_") }

    private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) }
    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (9...13).contains(byte) }
    private static func isGraphic(_ byte: UInt8) -> Bool { (0x21...0x7E).contains(byte) }

    /// The classes of the POSIX locale.
    private static let classes: [String: @Sendable (UInt8) -> Bool] = [
        "alpha": { isLetter($0) }, "digit": { isDigit($0) },
        "alnum": { isLetter($0) || isDigit($0) }, "space": { isSpace($0) },
        "upper": { (0x41...0x5A).contains($0) }, "lower": { (0x61...0x7A).contains($0) },
        "blank": { $0 == 0x20 || $0 == 0x09 }, "cntrl": { $0 < 0x20 || $0 == 0x7F },
        "graph": { isGraphic($0) }, "print": { isGraphic($0) || $0 == 0x20 },
        "punct": { isGraphic($0) && !isLetter($0) && !isDigit($0) },
        "xdigit": { isDigit($0) || (0x61...0x66).contains($0 | 0x20) },
    ]
}
