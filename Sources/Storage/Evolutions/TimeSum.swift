internal import ContextModel

/// Aggregates the typed times of one period: `DateTime`, `Date` and `Time` have a minimum and
/// maximum, and `Time` has an average (table 4.5.19.1-2).
struct TimeSum {
    private static let types: Set<String> = ["DateTime", "Date", "Time"]

    private var least: (text: String, value: JSONValue)?
    private var greatest: (text: String, value: JSONValue)?
    private var seconds = 0.0
    private var times = 0

    /// Adds the value, if it is a typed time.
    mutating func add(_ value: JSONValue) {
        guard let object = value.objectValue, let type = object["@type"]?.stringValue,
            Self.types.contains(type), let text = object["@value"]?.stringValue
        else { return }
        if least.map({ text < $0.text }) ?? true { least = (text, value) }
        if greatest.map({ $0.text < text }) ?? true { greatest = (text, value) }
        if type == "Time", let moment = Timestamp("1970-01-01T\(text)") {
            seconds += Double(moment.microseconds) / 1_000_000
            times += 1
        }
    }

    var minimum: JSONValue? { least?.value }
    var maximum: JSONValue? { greatest?.value }

    /// The average time of day, to the second.
    var average: JSONValue? {
        guard times > 0 else { return nil }
        let mean = Timestamp(microseconds: Int64((seconds / Double(times)).rounded()) * 1_000_000)
        return [
            "@type": "Time", "@value": .string(String(mean.text.dropFirst("1970-01-01T".count))),
        ]
    }
}
