import ContextModel
import Foundation

/// Texts for numbers, times and names.
enum Words {
    /// How far in the future a time may be and still count as now.
    static let toleranceMicroseconds: Int64 = 60_000_000

    /// A unit of durations, by its English name.
    enum Unit: String {
        case second, minute, hour, day, month, year
    }

    /// The largest unit that fits into the seconds, and how often it does.
    static func largestUnit(of seconds: Int64) -> (count: Int64, unit: Unit) {
        let days = seconds / 86_400
        return switch seconds {
        case ..<60: (seconds, .second)
        case ..<3_600: (seconds / 60, .minute)
        case ..<172_800: (seconds / 3_600, .hour)
        case ..<(60 * 86_400): (days, .day)
        case ..<(730 * 86_400): (days * 100 / 3_044, .month)
        default: (days * 100 / 36_525, .year)
        }
    }

    /// A number with groups of thousands, "1 220 823", separated by narrow spaces that do not
    /// break.
    static func count(_ number: Int) -> String {
        let digits = Array(String(number.magnitude))
        let groups = stride(from: digits.count % 3 - 3, to: digits.count, by: 3).map {
            String(digits[max(0, $0)..<($0 + 3)])
        }
        return (number < 0 ? "−" : "")
            + groups.filter { !$0.isEmpty }.joined(separator: "\u{202F}")
    }

    /// A figure with at most three significant digits.
    static func figure(_ value: Double) -> String {
        guard value.isFinite else { return "–" }
        if value.magnitude >= 100 || value == value.rounded() {
            return value.magnitude < 1e15 ? count(Int(value.rounded())) : "\(value)"
        }
        if value.magnitude < 0.1 { return smallFigure(value) }
        let scale = value.magnitude >= 10 ? 10.0 : 100.0
        return "\((value * scale).rounded() / scale)"
    }

    /// A small number with its first two significant digits.
    private static func smallFigure(_ value: Double) -> String {
        let scale = pow(10, 1 - log10(value.magnitude).rounded(.down))
        return "\((value * scale).rounded() / scale)"
    }

    /// A label made of the name of a type: "BicycleParking" is "Bicycle parking".
    static func label(ofType name: String) -> String {
        let part = name.split(whereSeparator: { "/#:".contains($0) }).last.map(String.init) ?? name
        let local = part.removingPercentEncoding ?? part
        var words = ""
        for character in local {
            let startsWord = character.isUppercase && words.last?.isLowercase == true
            words += startsWord ? " " + character.lowercased() : String(character)
        }
        return words
    }

    /// Types in the order of interest for visitors; unknown types follow in their order.
    static func visitorsOrder(_ types: [TypeSummary]) -> [TypeSummary] {
        let rank = { (type: TypeSummary) in
            visitorsTypes.firstIndex(of: type.name) ?? visitorsTypes.count
        }
        return types.enumerated()
            .sorted { (rank($0.element), $0.offset) < (rank($1.element), $1.offset) }
            .map(\.element)
    }

    private static let visitorsTypes = [
        "TrafficFlowObserved", "CrowdFlowObserved", "Beach", "Vehicle", "AirQualityObserved",
        "WeatherObserved", "WasteContainer", "Streetlight",
    ]

    /// The sign of a unit with this UN/CEFACT common code (Recommendation 20).
    static func unit(_ code: String) -> String { unitSigns[code] ?? code }

    private static let unitSigns = [
        "KMH": "km/h", "MTS": "m/s", "CEL": "°C", "P1": "%", "GQ": "µg/m³", "GP": "mg/m³",
        "MTR": "m", "KMT": "km", "MMT": "mm", "DD": "°", "C62": "", "SEC": "s", "MIN": "min",
        "HUR": "h", "KGM": "kg", "KWH": "kWh", "WTT": "W", "LUX": "lx", "2N": "dB", "59": "ppm",
        "HPA": "hPa", "A97": "hPa", "LTR": "l", "MTQ": "m³", "VLT": "V", "AMP": "A",
    ]

    /// The key of the words for a kind of attribute.
    static func key(of kind: Attribute.Kind) -> String {
        switch kind {
        case .property: "kindValue"
        case .relationship: "kindLink"
        case .geoProperty: "kindPlace"
        case .languageProperty: "kindTexts"
        case .vocabProperty: "kindTerm"
        case .jsonProperty: "kindJSON"
        case .listProperty: "kindList"
        case .listRelationship: "kindLinks"
        }
    }
}

extension Timestamp {
    /// Whether it is further in the future than an inaccurate clock explains.
    func isAhead(of now: Timestamp) -> Bool {
        microseconds > now.microseconds + Words.toleranceMicroseconds
    }
}
