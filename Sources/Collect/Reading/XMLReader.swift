import ContextModel

/// Reads the tags and texts of an XML document one by one, as far as workbooks, alerts and feeds have them.
///
/// A document with a document type is refused: with it come entities, which may grow without end or lead to
/// other files, and none of these needs them. Comments and processing instructions are passed over.
struct XMLReader {
    /// The most bytes of one tag or text.
    static let maximumTokenBytes = 1 << 20
    /// The most tags that may be open at a time.
    static let maximumDepth = 64

    enum Token: Equatable {
        /// The name is without its prefix.
        case start(String, [Attribute])
        case end(String)
        case text(String)
    }

    struct Attribute: Equatable {
        /// Without its prefix.
        let name: String
        let value: String
    }

    private let source: any ByteSource
    private var piece: [UInt8] = []
    private var position = 0
    private var open: [String] = []
    /// Whether the last tag was an element without content, whose end comes next.
    private var endsNext = false
    private var isAtStart = true

    init(_ source: any ByteSource) { self.source = source }

    /// The next tag or text; nil at the end of the document.
    mutating func next() throws(SourceError) -> Token? {
        if endsNext {
            endsNext = false
            return .end(open.removeLast())
        }
        if isAtStart { try skipMark() }
        while let byte = try nextByte() {
            guard byte == UInt8(ascii: "<") else {
                position -= 1
                let text = try text()
                if open.isEmpty {
                    guard text.allSatisfy(\.isWhitespace) else {
                        throw refusal("has text outside of tags")
                    }
                    continue
                }
                return .text(text)
            }
            if let token = try markup() { return token }
        }
        guard open.isEmpty else { throw refusal("is cut off") }
        return nil
    }

    func refusal(_ what: String) -> SourceError {
        SourceError("`\(source.name)` \(what): it cannot be read as XML.")
    }
}

// MARK: - Tokens

extension XMLReader {
    /// Reads what follows `<`; nil for what is passed over.
    private mutating func markup() throws(SourceError) -> Token? {
        let first = try requiredByte()
        switch first {
        case UInt8(ascii: "?"):
            try skip(to: "?>")
            return nil
        case UInt8(ascii: "!"): return try declaration()
        case UInt8(ascii: "/"):
            let name = Self.local(try string(bytes(to: UInt8(ascii: ">")))[...])
            guard open.last == name else { throw refusal("closes `\(name)`, which is not open") }
            open.removeLast()
            return .end(name)
        default:
            position -= 1
            return try startTag()
        }
    }

    private mutating func declaration() throws(SourceError) -> Token? {
        let kind = try [requiredByte(), requiredByte()]
        if kind == Array("--".utf8) {
            try skip(to: "-->")
            return nil
        }
        if kind == Array("[C".utf8), !open.isEmpty {
            for byte in "DATA[".utf8 {
                guard try requiredByte() == byte else { throw refusal("is damaged") }
            }
            return .text(try string(bytes(to: "]]>")))
        }
        throw refusal("has a document type, which is not read")
    }

    private mutating func startTag() throws(SourceError) -> Token {
        var tag: [UInt8] = []
        var quote: UInt8 = 0
        while true {
            let byte = try requiredByte()
            if quote != 0 {
                if byte == quote { quote = 0 }
            } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                quote = byte
            } else if byte == UInt8(ascii: ">") {
                break
            } else if byte == UInt8(ascii: "<") {
                throw refusal("has a tag within a tag")
            }
            tag.append(byte)
            try limit(tag.count)
        }
        if tag.last == UInt8(ascii: "/") {
            tag.removeLast()
            endsNext = true
        }
        let text = try string(tag)
        let end = text.firstIndex(where: \.isWhitespace) ?? text.endIndex
        let name = Self.local(text[..<end])
        guard !name.isEmpty else { throw refusal("has a tag without a name") }
        open.append(name)
        guard open.count <= Self.maximumDepth else { throw refusal("is nested too deeply") }
        return .start(name, try attributes(text[end...]))
    }

    private func attributes(_ text: Substring) throws(SourceError) -> [Attribute] {
        var attributes: [Attribute] = []
        var rest = text.drop(while: \.isWhitespace)
        while !rest.isEmpty {
            guard let equals = rest.firstIndex(of: "=") else { throw refusal("has a damaged tag") }
            let name = rest[..<equals].split(whereSeparator: \.isWhitespace)
            rest = rest[rest.index(after: equals)...].drop(while: \.isWhitespace)
            guard let quote = rest.popFirst(), quote == "\"" || quote == "'", name.count == 1,
                let end = rest.firstIndex(of: quote)
            else { throw refusal("has a damaged tag") }
            attributes.append(
                Attribute(name: Self.local(name[0]), value: try decoded(String(rest[..<end])))
            )
            rest = rest[rest.index(after: end)...].drop(while: \.isWhitespace)
        }
        return attributes
    }

    private mutating func text() throws(SourceError) -> String {
        var text: [UInt8] = []
        while let byte = try nextByte() {
            if byte == UInt8(ascii: "<") {
                position -= 1
                break
            }
            text.append(byte)
            try limit(text.count)
        }
        return try decoded(string(text))
    }

    /// The text with its character references replaced: the five names of XML, and numbers.
    private func decoded(_ text: String) throws(SourceError) -> String {
        guard text.utf8.contains(UInt8(ascii: "&")) else { return text }
        var decoded = ""
        var rest = text[...]
        while let start = rest.firstIndex(of: "&") {
            decoded += rest[..<start]
            guard let end = rest[start...].firstIndex(of: ";") else {
                throw refusal("has a damaged reference")
            }
            let name = rest[rest.index(after: start)..<end]
            guard let character = Self.character(name) else {
                throw refusal("has the reference `&\(name.prefix(40));`, which XML does not know")
            }
            decoded.unicodeScalars.append(character)
            rest = rest[rest.index(after: end)...]
        }
        return decoded + rest
    }

    private static func character(_ name: Substring) -> Unicode.Scalar? {
        switch name {
        case "lt": return "<"
        case "gt": return ">"
        case "amp": return "&"
        case "quot": return "\""
        case "apos": return "'"
        default:
            guard name.hasPrefix("#") else { return nil }
            let digits = name.dropFirst()
            let number =
                digits.hasPrefix("x") ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)
            return number.flatMap { $0 == 0 ? nil : Unicode.Scalar($0) }
        }
    }

    private static func local(_ name: Substring) -> String {
        let trimmed = name.split(whereSeparator: \.isWhitespace).first ?? ""
        return String(trimmed.split(separator: ":").last ?? "")
    }
}

// MARK: - Bytes

extension XMLReader {
    private mutating func nextByte() throws(SourceError) -> UInt8? {
        if position == piece.count {
            // The last byte stays, so that it can be read again.
            let last = piece.last.map { [$0] } ?? []
            let new = try source.nextPiece()
            if new.isEmpty { return nil }
            piece = last + new
            position = last.count
        }
        defer { position += 1 }
        return piece[position]
    }

    private mutating func requiredByte() throws(SourceError) -> UInt8 {
        guard let byte = try nextByte() else { throw refusal("is cut off") }
        return byte
    }

    private mutating func bytes(to end: UInt8) throws(SourceError) -> [UInt8] {
        var bytes: [UInt8] = []
        while true {
            let byte = try requiredByte()
            if byte == end { return bytes }
            bytes.append(byte)
            try limit(bytes.count)
        }
    }

    private mutating func bytes(to end: String) throws(SourceError) -> [UInt8] {
        let end = Array(end.utf8)
        var bytes: [UInt8] = []
        while !bytes.suffix(end.count).elementsEqual(end) {
            bytes.append(try requiredByte())
            try limit(bytes.count)
        }
        return bytes.dropLast(end.count)
    }

    private mutating func skip(to end: String) throws(SourceError) { _ = try bytes(to: end) }

    private func limit(_ count: Int) throws(SourceError) {
        guard count <= Self.maximumTokenBytes else {
            throw refusal("has a tag or text of more than \(Self.maximumTokenBytes) bytes")
        }
    }

    private func string(_ bytes: [UInt8]) throws(SourceError) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw refusal("is not UTF-8")
        }
        guard !CombiningMarks.areTooMany(in: text) else {
            throw refusal("has a text with too many combining marks in a row")
        }
        return text
    }

    /// Passes over a byte order mark; a document in UTF-16 is refused by its first bytes.
    private mutating func skipMark() throws(SourceError) {
        isAtStart = false
        guard let first = try nextByte() else { throw refusal("is empty") }
        guard first == 0xEF else {
            position -= 1
            return
        }
        guard try requiredByte() == 0xBB, try requiredByte() == 0xBF else {
            throw refusal("is not UTF-8")
        }
    }
}
