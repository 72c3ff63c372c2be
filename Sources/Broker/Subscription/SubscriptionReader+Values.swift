import ContextModel

/// Reads single members of request bodies, with errors that name the member.
protocol MemberReading {
    /// The `@context` for names.
    var context: LDContext { get }
}

extension MemberReading {
    /// The most elements of one array.
    static var maximumElements: Int { 1_000 }
    /// The longest duration in seconds: a thousand years, far from overflow.
    static var maximumSeconds: Double { 31_557_600_000 }

    static func error(_ detail: String) -> BrokerError { BrokerError(.badRequestData, detail) }

    static func microseconds(_ seconds: Double) -> Int64 { Int64(seconds * 1_000_000) }

    /// Reads `datasetId`: URIs, and nil for "@none".
    func datasetIDs(_ value: JSONValue?) throws(BrokerError) -> Set<String?>? {
        guard let value else { return nil }
        var ids: Set<String?> = []
        for element in try elements(value, at: "datasetId") {
            ids.insert(
                element.stringValue == "@none" ? nil : try Self.uri(element, at: "datasetId")
            )
        }
        return ids
    }

    static func parsing<Value>(
        _ parse: () throws(ConditionError) -> Value
    ) throws(BrokerError) -> Value {
        do { return try parse() } catch { throw BrokerError(error) }
    }

    static func string(_ value: JSONValue, at path: String) throws(BrokerError) -> String {
        guard let text = value.stringValue, !text.isEmpty else {
            throw error("'\(path)' is a text, not \(value.excerpt).")
        }
        return text
    }

    static func uri(_ value: JSONValue, at path: String) throws(BrokerError) -> String {
        guard let text = value.stringValue, URIText.isValid(text) else {
            throw error("'\(path)' is not a URI: \(value.excerpt).")
        }
        return text
    }

    static func pattern(_ value: JSONValue, at path: String) throws(BrokerError) -> Pattern {
        let text = try string(value, at: path)
        do throws(PatternError) { return try Pattern(text) } catch {
            throw Self.error("'\(path)' is not a regular expression: \(error)")
        }
    }

    /// Throws for an object with an unknown member; a value that is not an object is checked
    /// elsewhere.
    static func require(
        _ known: Set<String>,
        in value: JSONValue?,
        at path: String
    ) throws(BrokerError) {
        let members = value?.objectValue?.withPlainKeywords.members ?? []
        guard let other = members.first(where: { !known.contains($0.key) }) else { return }
        throw error("'\(path)' has no member '\(other.key)'.")
    }

    func string(_ object: JSONObject, _ name: String) throws(BrokerError) -> String? {
        guard let value = object[name] else { return nil }
        return try Self.string(value, at: name)
    }

    /// Reads a query string (clause 4.9), percent-encoded as in a URL or plain.
    func query(_ object: JSONObject, _ name: String) throws(BrokerError) -> String? {
        guard let text = try string(object, name) else { return nil }
        return text.percentDecoded ?? text
    }

    func bool(
        _ object: JSONObject,
        _ name: String,
        in parent: String = ""
    ) throws(BrokerError)
        -> Bool?
    {
        guard let value = object[name] else { return nil }
        guard let bool = value.boolValue else {
            throw Self.error("'\(parent)\(name)' is true or false, not \(value.excerpt).")
        }
        return bool
    }

    func positive(
        _ object: JSONObject,
        _ name: String,
        in parent: String = ""
    )
        throws(BrokerError) -> Double?
    {
        guard let value = object[name] else { return nil }
        guard let number = value.numberValue?.doubleValue, number > 0,
            number <= Self.maximumSeconds
        else {
            throw Self.error("'\(parent)\(name)' is a number above 0, not \(value.excerpt).")
        }
        return number
    }

    func seconds(_ object: JSONObject, _ name: String) throws(BrokerError) -> Double? {
        try positive(object, name)
    }

    /// Reads a non-empty array within the limit.
    func elements(_ value: JSONValue, at path: String) throws(BrokerError) -> [JSONValue] {
        guard let array = value.arrayValue, !array.isEmpty else {
            throw Self.error("'\(path)' is a non-empty array, not \(value.excerpt).")
        }
        guard array.count <= Self.maximumElements else {
            throw Self.error("'\(path)' has more than \(Self.maximumElements) elements.")
        }
        return array
    }

    /// Reads attribute names, and expands them.
    func names(_ value: JSONValue?, at path: String) throws(BrokerError) -> [IRI]? {
        guard let value else { return nil }
        return try elements(value, at: path).map { element throws(BrokerError) in
            let name = try Self.string(element, at: path)
            guard
                !name.utf8.contains(where: { $0 <= 0x20 || "<>\"'=;()[]{}|\\^`,".utf8.contains($0) }
                )
            else { throw Self.error("'\(path)' has attribute names, not '\(name)'.") }
            let iri = context.expand(name)
            if let obstacle = context.obstacle(name, iri) { throw Self.error(obstacle) }
            return iri
        }
    }
}

extension String {
    /// The text with percent-encoded bytes decoded (RFC 3986, clause 2.1).
    ///
    /// Nil when a percent sign is not part of an encoding, and when too many combining marks
    /// follow each other.
    var percentDecoded: String? {
        var bytes: [UInt8] = []
        var rest = utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = rest.prefix(2)
            guard digits.count == 2, digits.allSatisfy(\.isHexDigit),
                let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
            else { return nil }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        guard let text = String(validating: bytes, as: UTF8.self),
            !CombiningMarks.areTooMany(in: text)
        else { return nil }
        return text
    }
}

extension UInt8 {
    fileprivate var isHexDigit: Bool {
        let lower = self | 0x20
        return self >= 0x30 && self <= 0x39 || lower >= 0x61 && lower <= 0x66
    }
}
