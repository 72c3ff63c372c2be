/// A duration of ISO 8601.
///
/// Months have no fixed length, so they are separate from the rest.
package struct ISODuration: Sendable, Hashable {
    /// Months; a year counts as twelve.
    package var months: Int
    /// Weeks, days and times; a day is 24 hours.
    package var microseconds: Int64

    package init(months: Int = 0, microseconds: Int64 = 0) {
        self.months = months
        self.microseconds = microseconds
    }

    package var isZero: Bool { months == 0 && microseconds == 0 }

    /// Its length with months of average length: 4,800 months of the calendar have 146,097 days.
    package var meanMicroseconds: Double {
        Double(months) * 146_097 / 4_800 * Double(Self.day) + Double(microseconds)
    }
}

// MARK: - Reading

extension ISODuration {
    /// The most digits of a number, so that no sum overflows.
    private static let maximumDigits = 6
    private static let maximumNumber = 999_999

    private static let second: Int64 = 1_000_000
    private static let minute = 60 * second
    private static let hour = 60 * minute
    private static let day = 24 * hour

    /// Reads `PnYnMnDTnHnMnS` with at least one of its parts, or `PnW`.
    ///
    /// Seconds may have a fraction, which is truncated to microseconds.
    package init?(_ text: String) {
        guard let read = ISOCursor.read(text, Self.duration) else { return nil }
        self = read
    }

    private static func duration(_ cursor: inout ISOCursor) -> ISODuration? {
        guard cursor.skip("P"), !cursor.isAtEnd else { return nil }
        var duration = ISODuration()
        guard duration.readDate(&cursor) else { return nil }
        if !cursor.isAtEnd {
            guard cursor.skip("T"), !cursor.isAtEnd, duration.readTime(&cursor) else { return nil }
        }
        return duration.isWritable ? duration : nil
    }

    /// Whether its years and days have few enough digits to be read again: weeks and hours become
    /// many days.
    private var isWritable: Bool {
        months / 12 <= Self.maximumNumber && microseconds / Self.day <= Self.maximumNumber
    }

    /// Reads the parts up to the `T`; false if they are out of order or unknown.
    private mutating func readDate(_ cursor: inout ISOCursor) -> Bool {
        var marks: [Unicode.Scalar] = ["Y", "M", "D", "W"]
        while let number = cursor.number(upToDigits: Self.maximumDigits) {
            guard let index = marks.firstIndex(where: { cursor.skip($0) }) else { return false }
            switch marks[index] {
            case "Y": months += number * 12
            case "M": months += number
            case "D": microseconds += Int64(number) * Self.day
            // Weeks cannot be combined with other parts.
            default: microseconds += Int64(number) * 7 * Self.day
            }
            if marks[index] == "W" { return index == 3 && cursor.isAtEnd }
            marks = marks[(index + 1)...].filter { $0 != "W" }
        }
        return true
    }

    /// Reads the parts after the `T`; false if they are out of order or unknown.
    private mutating func readTime(_ cursor: inout ISOCursor) -> Bool {
        var marks: [Unicode.Scalar] = ["H", "M", "S"]
        while let number = cursor.number(upToDigits: Self.maximumDigits) {
            let isWhole = !cursor.isAtFraction
            guard let fraction = cursor.fractionMicroseconds(),
                let index = marks.firstIndex(where: { cursor.skip($0) }),
                isWhole || marks[index] == "S"
            else { return false }
            switch marks[index] {
            case "H": microseconds += Int64(number) * Self.hour
            case "M": microseconds += Int64(number) * Self.minute
            default: microseconds += Int64(number) * Self.second + fraction
            }
            marks.removeFirst(index + 1)
        }
        return true
    }
}

// MARK: - Writing

extension ISODuration: CustomStringConvertible {
    /// The text with the parts that are not zero, largest first; `PT0S` if all are zero.
    ///
    /// It must not be negative.
    package var text: String {
        if isZero { return "PT0S" }
        var date = Self.part(Int64(months / 12), "Y") + Self.part(Int64(months % 12), "M")
        date += Self.part(microseconds / Self.day, "D")
        let rest = microseconds % Self.day
        var time = Self.part(rest / Self.hour, "H") + Self.part(rest / Self.minute % 60, "M")
        time += Self.seconds(rest % Self.minute)
        return "P" + date + (time.isEmpty ? "" : "T" + time)
    }

    package var description: String { text }

    private static func part(_ count: Int64, _ mark: String) -> String {
        count == 0 ? "" : "\(count)\(mark)"
    }

    private static func seconds(_ microseconds: Int64) -> String {
        let (whole, fraction) = microseconds.quotientAndRemainder(dividingBy: second)
        if fraction == 0 { return part(whole, "S") }
        var digits = String(String(fraction + second).dropFirst())
        while digits.last == "0" { digits.removeLast() }
        return "\(whole).\(digits)S"
    }
}
