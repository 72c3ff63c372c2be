import ContextModel

/// Reads single members of what callers write, each with an error that names it.
protocol MemberReading {
    /// For the names in what is read.
    var context: LDContext { get }
}

extension MemberReading {
    /// Elements of one array at most.
    static var maximumElements: Int { 1_000 }
    /// Durations in seconds at most: a thousand years, far from overflow.
    static var maximumSeconds: Double { 31_557_600_000 }

    static func error(_ detail: String) -> BrokerError { BrokerError(.badRequestData, detail) }

    static func microseconds(_ seconds: Double) -> Int64 { Int64(seconds * 1_000_000) }

    /// `datasetId`: URIs, and nil for what "@none" means.
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
            throw Self.error("'\(path)' is no regular expression: \(error)")
        }
    }

    /// Refuses an object with a member that is not known; what is no object is for others to judge.
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

    /// A query string (clause 4.9): percent-encoded as in a URL, or plain.
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

    /// A non-empty array within the limit.
    func elements(_ value: JSONValue, at path: String) throws(BrokerError) -> [JSONValue] {
        guard let array = value.arrayValue, !array.isEmpty else {
            throw Self.error("'\(path)' is an array with something in it, not \(value.excerpt).")
        }
        guard array.count <= Self.maximumElements else {
            throw Self.error("'\(path)' has more than \(Self.maximumElements) elements.")
        }
        return array
    }

    /// Attribute names, expanded.
    func names(_ value: JSONValue?, at path: String) throws(BrokerError) -> [IRI]? {
        guard let value else { return nil }
        return try elements(value, at: path).map { element throws(BrokerError) in
            let name = try Self.string(element, at: path)
            guard
                !name.utf8.contains(where: { $0 <= 0x20 || "<>\"'=;()[]{}|\\^`,".utf8.contains($0) }
                )
            else { throw Self.error("'\(path)' holds attribute names, not '\(name)'.") }
            let iri = context.expand(name)
            if let obstacle = context.obstacle(name, iri) { throw Self.error(obstacle) }
            return iri
        }
    }
}

extension String {
    /// The text with its percent-encoded bytes decoded (RFC 3986, clause 2.1); nil when a percent
    /// sign stands for itself, and when it has too many combining marks in a row.
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
