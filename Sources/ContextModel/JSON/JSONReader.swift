/// Reads a JSON text (RFC 8259) strictly: it must be within the grammar and valid UTF-8.
///
/// The order of members and the spelling of numbers are kept. Names are equal when `String` finds
/// them equal (canonical equivalence), as everywhere in the hub.
package struct JSONReader {
    /// The treatment of a member whose name an earlier member of its object has.
    package enum RepeatedMembers: Sendable {
        /// The last member counts, as in most readers (RFC 8259 clause 4).
        case lastCounts
        /// The text is refused.
        ///
        /// It is for texts that decide on access, where readers that disagree about the member are
        /// a security hole.
        case refused
    }

    let bytes: UnsafeRawBufferPointer
    let limits: JSONLimits
    private let repeated: RepeatedMembers
    /// The number of bytes read so far.
    var position = 0
    private var depth = 0

    private init(
        _ bytes: UnsafeRawBufferPointer,
        limits: JSONLimits,
        repeated: RepeatedMembers
    ) {
        self.bytes = bytes
        self.limits = limits
        self.repeated = repeated
    }

    /// Reads the value of a whole text.
    package static func read(
        _ bytes: UnsafeRawBufferPointer,
        limits: JSONLimits = .standard,
        repeated: RepeatedMembers = .refused
    ) throws(JSONError) -> JSONValue {
        var reader = JSONReader(bytes, limits: limits, repeated: repeated)
        return try reader.text()
    }

    /// Reads the value of a whole text.
    package static func read(
        _ bytes: some Sequence<UInt8>,
        limits: JSONLimits = .standard,
        repeated: RepeatedMembers = .refused
    ) throws(JSONError) -> JSONValue {
        let result = bytes.withContiguousStorageIfAvailable { buffer in
            Result { () throws(JSONError) in
                try read(UnsafeRawBufferPointer(buffer), limits: limits, repeated: repeated)
            }
        }
        guard let result else {
            return try read(Array(bytes), limits: limits, repeated: repeated)
        }
        return try result.get()
    }

    /// Reads the value of a whole text.
    package static func read(
        _ text: String,
        limits: JSONLimits = .standard,
        repeated: RepeatedMembers = .refused
    ) throws(JSONError) -> JSONValue {
        try read(text.utf8, limits: limits, repeated: repeated)
    }
}

// MARK: - Values

extension JSONReader {
    private mutating func text() throws(JSONError) -> JSONValue {
        guard bytes.count <= limits.maximumBytes else {
            throw error(.tooLong, "The text has more than \(limits.maximumBytes) bytes.")
        }
        guard !bytes.starts(with: [0xEF, 0xBB, 0xBF]) else {
            throw error(.byteOrderMark, "JSON may not begin with a byte order mark.")
        }
        let value = try value()
        skipWhitespace()
        guard position == bytes.count else {
            let found = JSONError.quote(bytes, at: position)
            throw error(.trailingContent, "Nothing may follow the value, but \(found) does.")
        }
        return value
    }

    private mutating func value() throws(JSONError) -> JSONValue {
        switch nextByte() {
        case UInt8(ascii: "\""):
            return .string(try string())
        case UInt8(ascii: "{"):
            return .object(try nested { (reader) throws(JSONError) in try reader.object() })
        case UInt8(ascii: "["):
            return .array(try nested { (reader) throws(JSONError) in try reader.array() })
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            return .number(try number())
        case UInt8(ascii: "t") where skip("true"):
            return .bool(true)
        case UInt8(ascii: "f") where skip("false"):
            return .bool(false)
        case UInt8(ascii: "n") where skip("null"):
            return .null
        default:
            throw unexpected(wanted: "a value")
        }
    }

    @inline(__always)
    private mutating func nested<Content>(
        _ content: (inout JSONReader) throws(JSONError) -> Content
    ) throws(JSONError) -> Content {
        guard depth < limits.maximumDepth else {
            throw error(
                .tooDeep,
                "Values may be nested \(limits.maximumDepth) levels deep, not deeper."
            )
        }
        depth += 1
        position += 1
        defer { depth -= 1 }
        return try content(&self)
    }

    private mutating func array() throws(JSONError) -> [JSONValue] {
        var elements: [JSONValue] = []
        if nextByte() == UInt8(ascii: "]") {
            position += 1
            return elements
        }
        while true {
            elements.append(try value())
            switch nextByte() {
            case UInt8(ascii: ","):
                position += 1
            case UInt8(ascii: "]"):
                position += 1
                return elements
            default:
                throw unexpected(wanted: "`,` or `]`")
            }
        }
    }

    private mutating func object() throws(JSONError) -> JSONObject {
        var names = MemberNames()
        var members: [(key: String, value: JSONValue)] = []
        if nextByte() == UInt8(ascii: "}") {
            position += 1
            return JSONObject()
        }
        members.reserveCapacity(4)
        while true {
            let (key, earlier) = try memberName(&names, after: members)
            let value = try value()
            if let earlier { members[earlier].value = value } else { members.append((key, value)) }
            switch nextByte() {
            case UInt8(ascii: ","):
                position += 1
            case UInt8(ascii: "}"):
                position += 1
                return JSONObject(members)
            default:
                throw unexpected(wanted: "`,` or `}`")
            }
        }
    }

    /// Reads a name and the colon after it; returns the index of an earlier member with this name.
    @inline(__always)
    private mutating func memberName(
        _ names: inout MemberNames,
        after members: [(key: String, value: JSONValue)]
    ) throws(JSONError) -> (key: String, earlier: Int?) {
        guard nextByte() == UInt8(ascii: "\"") else {
            throw unexpected(wanted: "the name of a member in double quotes")
        }
        let start = position
        guard members.count < limits.maximumMembers else {
            throw error(
                .tooManyMembers,
                "The object has more than \(limits.maximumMembers) members."
            )
        }
        let key = try string()
        let earlier = names.insert(key, after: members)
        guard earlier == nil || repeated == .lastCounts else {
            position = start
            throw error(.duplicateMember, "The member \(JSONError.quote(key)) is given twice.")
        }
        guard nextByte() == UInt8(ascii: ":") else { throw unexpected(wanted: "`:`") }
        position += 1
        return (key, earlier)
    }
}

/// Finds names that an object has already.
///
/// It compares a few names one by one, which is faster than hashing. It hashes them when there are
/// many, so that a large object takes linear time.
private struct MemberNames {
    private static let maximumComparedNames = 16
    private var places: [String: Int] = [:]

    /// Adds the name of the next member; returns the index of an earlier member with this name.
    @inline(__always)
    mutating func insert(
        _ name: String,
        after members: [(key: String, value: JSONValue)]
    ) -> Int? {
        guard members.count < Self.maximumComparedNames else {
            return insertHashed(name, after: members)
        }
        for (place, member) in members.enumerated() where member.key == name { return place }
        return nil
    }

    @inline(never)
    private mutating func insertHashed(
        _ name: String,
        after members: [(key: String, value: JSONValue)]
    ) -> Int? {
        if places.isEmpty {
            for (place, member) in members.enumerated() { places[member.key] = place }
        }
        if let earlier = places[name] { return earlier }
        places[name] = members.count
        return nil
    }
}

// MARK: - Bytes

extension JSONReader {
    /// The next byte that is not white space, not yet consumed; at the end 0, which starts
    /// nothing.
    @inline(__always)
    mutating func nextByte() -> UInt8 {
        skipWhitespace()
        return position < bytes.count ? bytes[position] : 0
    }

    @inline(__always)
    private mutating func skipWhitespace() {
        while position < bytes.count, bytes[position] <= 0x20 {
            switch bytes[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return
            }
        }
    }

    /// Skips the word if it comes next.
    private mutating func skip(_ word: StaticString) -> Bool {
        let rest = UnsafeRawBufferPointer(rebasing: bytes[position...])
        guard
            word.withUTF8Buffer({
                rest.count >= $0.count && rest.prefix($0.count).elementsEqual($0)
            })
        else { return false }
        position += word.utf8CodeUnitCount
        return true
    }

    @inline(never)
    func error(_ code: JSONError.Code, _ sentence: String) -> JSONError {
        JSONError(code, at: position, in: bytes, sentence)
    }

    @inline(never)
    func unexpected(wanted: StaticString) -> JSONError {
        guard position < bytes.count else {
            return error(.unexpectedEnd, "The text ends where \(wanted) should be.")
        }
        let found = JSONError.quote(bytes, at: position)
        return error(.unexpectedCharacter, "Here should be \(wanted), but there is \(found).")
    }
}
