import Broker
import ContextModel

/// The parameters of a request, percent-decoded, from its URL or from a Query in its body.
struct QueryItems: Sendable, Equatable {
    /// The most parameters of one request.
    static let maximumItems = 64

    private var values: [String: String] = [:]

    init(_ values: [String: String] = [:]) { self.values = values }

    /// Reads the query part of a URL.
    ///
    /// `+` stands for a space, as forms and most clients write it.
    init(urlQuery: String) throws(BrokerError) {
        guard !urlQuery.isEmpty else { return }
        for pair in urlQuery.utf8.split(separator: UInt8(ascii: "&")) {
            let parts = pair.split(
                separator: UInt8(ascii: "="),
                maxSplits: 1,
                omittingEmptySubsequences: false
            )
            guard let name = Self.decode(parts[0]),
                let value = parts.count > 1 ? Self.decode(parts[1]) : ""
            else {
                throw BrokerError(
                    .badRequestData,
                    "The query '\(urlQuery.prefix(80))' is not percent-encoded."
                )
            }
            guard !CombiningMarks.areTooMany(in: name), !CombiningMarks.areTooMany(in: value) else {
                throw BrokerError(.badRequestData, "In the query \(CombiningMarks.problem).")
            }
            guard values.updateValue(value, forKey: name) == nil else {
                throw BrokerError(.badRequestData, "The parameter '\(name)' is given twice.")
            }
            guard values.count <= Self.maximumItems else {
                throw BrokerError(.badRequestData, "The request has too many parameters.")
            }
        }
    }

    subscript(name: String) -> String? {
        get { values[name] }
        set { values[name] = newValue }
    }

    var names: Dictionary<String, String>.Keys { values.keys }

    /// The value, which must not be empty.
    func text(_ name: String) throws(BrokerError) -> String? {
        guard let value = values[name] else { return nil }
        guard !value.isEmpty else {
            throw BrokerError(.badRequestData, "The parameter '\(name)' is empty.")
        }
        return value
    }

    /// The comma-separated elements of the value.
    func list(_ name: String) throws(BrokerError) -> [String]? {
        guard let value = try text(name) else { return nil }
        let elements = value.split(separator: ",", omittingEmptySubsequences: false).map {
            String($0)
        }
        guard elements.allSatisfy({ !$0.isEmpty }) else {
            throw BrokerError(
                .badRequestData,
                "The parameter '\(name)' has an empty element: '\(value)'."
            )
        }
        return elements
    }

    func number(_ name: String) throws(BrokerError) -> Int? {
        guard let value = values[name] else { return nil }
        guard let number = Int(value), number >= 0 else {
            throw BrokerError(
                .badRequestData,
                "The parameter '\(name)' is not a whole number: '\(value)'."
            )
        }
        guard number <= Self.largestNumber else {
            throw BrokerError(
                .tooManyResults,
                "The parameter '\(name)' is \(Self.largestNumber) at most, not \(number)."
            )
        }
        return number
    }

    /// The largest number that any parameter may have: sums of some do not overflow (RFC 7493 clause 2.2).
    static let largestNumber = 1 << 53

    /// The results before the page, in `offset`.
    func offset() throws(BrokerError) -> Int {
        let offset = try number("offset") ?? 0
        guard offset <= EntityParameters.maximumOffset else {
            throw BrokerError(
                .tooManyResults,
                "An offset is \(EntityParameters.maximumOffset) at most, not \(offset); narrow the "
                    + "query."
            )
        }
        return offset
    }

    func flag(_ name: String) throws(BrokerError) -> Bool {
        switch values[name] {
        case nil, "false": return false
        case "true", "": return true
        case let value?:
            throw BrokerError(
                .badRequestData,
                "The parameter '\(name)' is true or false, not '\(value)'."
            )
        }
    }

    /// The equivalent URL query, for links to other pages.
    var urlQuery: String {
        values.sorted { $0.key < $1.key }
            .map { "\(Self.encode($0.key))=\(Self.encode($0.value))" }
            .joined(separator: "&")
    }

    /// The URL query of both, in the order of names, or with the others at the end.
    func with(_ others: QueryItems, last: Bool) -> String {
        let both = QueryItems(values.merging(others.values) { _, other in other })
        guard last, !values.isEmpty else { return both.urlQuery }
        return urlQuery + "&" + others.urlQuery
    }

    // MARK: Percent-encoding (RFC 3986, clause 2.1)

    static func decode(_ bytes: some Collection<UInt8>, plusIsBlank: Bool = true) -> String? {
        let isPlain = bytes.allSatisfy {
            $0 != UInt8(ascii: "%") && !(plusIsBlank && $0 == UInt8(ascii: "+"))
        }
        if isPlain { return String(validating: bytes, as: UTF8.self) }
        var decoded: [UInt8] = []
        decoded.reserveCapacity(bytes.count)
        var iterator = bytes.makeIterator()
        while let byte = iterator.next() {
            switch byte {
            case UInt8(ascii: "+") where plusIsBlank: decoded.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                guard let high = iterator.next().flatMap(Hexadecimal.value),
                    let low = iterator.next().flatMap(Hexadecimal.value)
                else { return nil }
                decoded.append(high << 4 | low)
            default: decoded.append(byte)
            }
        }
        return String(validating: decoded, as: UTF8.self)
    }

    /// The text as a segment of a path or a part of a query; a slash in an identifier is encoded.
    static func encode(_ text: String) -> String {
        String(unsafeUninitializedCapacity: 3 * text.utf8.count) { encoded in
            var count = 0
            func append(_ byte: UInt8) {
                encoded[count] = byte
                count += 1
            }
            for byte in text.utf8 {
                if isPlain(byte) {
                    append(byte)
                } else {
                    append(UInt8(ascii: "%"))
                    append(hexadecimalDigit(byte >> 4))
                    append(hexadecimalDigit(byte & 15))
                }
            }
            return count
        }
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
            UInt8(ascii: "_"), UInt8(ascii: "~"), UInt8(ascii: ":"), UInt8(ascii: ","):
            true
        default: false
        }
    }

    private static func hexadecimalDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10
    }
}
