import ContextModel

/// A date and time of day in local time, or with a known offset from UTC.
struct LocalMoment: Equatable {
    /// Days since 1970-01-01.
    var day: Int
    /// The microseconds of a whole day at 24:00, the end of the day.
    var microsecondsOfDay: Int64
    /// The offset east of Greenwich; nil if the text has none.
    var offsetSeconds: Int?

    /// The microseconds since 1970-01-01 in local time.
    var microseconds: Int64 { Int64(day) * 86_400_000_000 + microsecondsOfDay }
}

/// The format of the times in a column.
///
/// It is a pattern of `%Y` year, `%y` year of 1969 to 2068, `%m` month, `%d` day, `%H` hour, `%I`
/// hour of twelve, `%p` AM or PM, `%M` minute, `%S` second, `%f` fraction, `%z` offset, `%*`
/// anything up to the end, and `%%` a percent sign. It can also be one of the words `iso`, `epochSeconds`, `epochMilliseconds`,
/// `epochMicroseconds`.
struct TimePattern: Sendable, Equatable {
    private enum Format: Sendable, Equatable {
        case iso
        case epoch(microsecondsPerUnit: Int64)
        case steps([Step])
    }

    private enum Step: Sendable, Equatable {
        case literal(UInt8)
        case part(UInt8)
    }

    private let format: Format
    static let iso = TimePattern(format: .iso)

    private init(format: Format) { self.format = format }

    /// Returns nil if the text is none of the words and has an unknown letter after `%`.
    init?(_ text: String) {
        switch text {
        case "iso": format = .iso
        case "epochSeconds": format = .epoch(microsecondsPerUnit: 1_000_000)
        case "epochMilliseconds": format = .epoch(microsecondsPerUnit: 1_000)
        case "epochMicroseconds": format = .epoch(microsecondsPerUnit: 1)
        default:
            guard let steps = Self.steps(of: text) else { return nil }
            format = .steps(steps)
        }
    }

    private static func steps(of text: String) -> [Step]? {
        var steps: [Step] = []
        var bytes = text.utf8[...]
        while let byte = bytes.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                steps.append(.literal(byte))
                continue
            }
            guard let letter = bytes.popFirst(), "YymdHIpMSfz*%".utf8.contains(letter) else {
                return nil
            }
            steps.append(letter == byte ? .literal(byte) : .part(letter))
        }
        return steps.contains(.part(UInt8(ascii: "d"))) ? steps : nil
    }

    /// Reads the moment; nil if the text does not have this format.
    func read(_ text: some Collection<UInt8>) -> LocalMoment? {
        var cursor = TimeCursor(Array(text))
        switch format {
        case .iso: return cursor.iso()
        case .epoch(let unit):
            return cursor.epoch(microsecondsPerUnit: unit)
        case .steps(let steps):
            for step in steps {
                switch step {
                case .literal(let byte): guard cursor.skip(byte) else { return nil }
                case .part(let letter): guard cursor.take(letter) else { return nil }
                }
            }
            return cursor.moment()
        }
    }
}

/// Reads a text from left to right and collects the parts of a moment.
private struct TimeCursor {
    private let bytes: [UInt8]
    private var position = 0
    private var year: Int?
    private var month: Int?
    private var day: Int?
    private var hour = 0
    private var minute = 0
    private var second = 0
    private var fraction: Int64 = 0
    private var isPM: Bool?
    private var offset: Int?

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The moment, if everything was read and is valid.
    func moment() -> LocalMoment? {
        guard position == bytes.count, let year, let month, let day,
            let date = CivilDate(year: year, month: month, day: day),
            (0...23).contains(hour) || isEndOfDay, (0...59).contains(minute),
            (0...60).contains(second)
        else { return nil }
        let seconds = Int64(hourOfDay * 3_600 + minute * 60 + second)
        return LocalMoment(
            day: date.daysSince1970,
            microsecondsOfDay: seconds * 1_000_000 + fraction,
            offsetSeconds: offset
        )
    }

    /// Whether the time is 24:00, the end of a day.
    private var isEndOfDay: Bool {
        hour == 24 && minute == 0 && second == 0 && fraction == 0 && isPM == nil
    }

    private var hourOfDay: Int {
        guard let isPM else { return hour }
        return hour % 12 + (isPM ? 12 : 0)
    }

    mutating func skip(_ byte: UInt8) -> Bool {
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    mutating func take(_ letter: UInt8) -> Bool {
        switch Unicode.Scalar(letter) {
        case "Y": number(upTo: 4) { $0.year = $1 }
        case "y": number(upTo: 2) { $0.year = $1 + ($1 < 69 ? 2_000 : 1_900) }  // as POSIX has it
        case "m": number(upTo: 2) { $0.month = $1 }
        case "d": number(upTo: 2) { $0.day = $1 }
        case "H", "I": number(upTo: 2) { $0.hour = $1 }
        case "M": number(upTo: 2) { $0.minute = $1 }
        case "S": number(upTo: 2) { $0.second = $1 }
        case "f": takeFraction()
        case "p": takeHalfOfDay()
        case "z": takeOffset()
        default: takeRest()
        }
    }

    private mutating func number(
        upTo digits: Int,
        _ store: (inout TimeCursor, Int) -> Void
    ) -> Bool {
        var value = 0
        let start = position
        while position < bytes.count, position - start < digits, bytes[position] &- 0x30 < 10 {
            value = value * 10 + Int(bytes[position] - 0x30)
            position += 1
        }
        store(&self, value)
        return position > start
    }

    private mutating func takeRest() -> Bool {
        position = bytes.count
        return true
    }

    private mutating func takeFraction() -> Bool {
        var unit: Int64 = 100_000
        let start = position
        while position < bytes.count, bytes[position] &- 0x30 < 10 {
            fraction += Int64(bytes[position] - 0x30) * unit
            unit /= 10
            position += 1
        }
        return position > start
    }

    private mutating func takeHalfOfDay() -> Bool {
        guard position + 2 <= bytes.count, bytes[position + 1] | 0x20 == UInt8(ascii: "m"),
            (1...12).contains(hour)
        else { return false }
        let letter = bytes[position] | 0x20
        isPM = letter == UInt8(ascii: "p")
        position += 2
        return letter == UInt8(ascii: "p") || letter == UInt8(ascii: "a")
    }

    /// Reads `Z`, `+hh:mm`, `+hhmm` or `+hh`.
    private mutating func takeOffset() -> Bool {
        if skip(UInt8(ascii: "Z")) {
            offset = 0
            return true
        }
        let isEast = skip(UInt8(ascii: "+"))
        var hours = 0
        var minutes = 0
        guard isEast || skip(UInt8(ascii: "-")), number(upTo: 2, { hours = $1 }) else {
            return false
        }
        let hasColon = skip(UInt8(ascii: ":"))
        guard number(upTo: 2, { minutes = $1 }) || !hasColon, hours < 24, minutes < 60 else {
            return false
        }
        offset = (hours * 3_600 + minutes * 60) * (isEast ? 1 : -1)
        return true
    }

    /// Reads a date and perhaps a time of ISO 8601, with `T` or a blank between them.
    mutating func iso() -> LocalMoment? {
        guard take(UInt8(ascii: "Y")), skip(0x2D), take(UInt8(ascii: "m")), skip(0x2D),
            take(UInt8(ascii: "d"))
        else { return nil }
        if position == bytes.count { return moment() }
        guard skip(UInt8(ascii: "T")) || skip(0x20), take(UInt8(ascii: "H")), skip(0x3A),
            take(UInt8(ascii: "M"))
        else { return nil }
        if skip(0x3A) {
            guard take(UInt8(ascii: "S")) else { return nil }
            if skip(UInt8(ascii: ".")) || skip(UInt8(ascii: ",")) {
                guard takeFraction() else { return nil }
            }
        }
        if position < bytes.count {
            _ = skip(0x20)
            guard takeOffset() else { return nil }
        }
        return moment()
    }

    /// Reads a number of units since 1970, perhaps negative or with a fraction, and truncates it
    /// to microseconds.
    mutating func epoch(microsecondsPerUnit unit: Int64) -> LocalMoment? {
        let isNegative = skip(UInt8(ascii: "-"))
        if !isNegative { _ = skip(UInt8(ascii: "+")) }
        let start = position
        while position < bytes.count, bytes[position] &- 0x30 < 10 { position += 1 }
        guard let whole = Int64(String(decoding: bytes[start..<position], as: UTF8.self)) else {
            return nil
        }
        if skip(UInt8(ascii: ".")) || skip(UInt8(ascii: ",")) {
            guard takeFraction() else { return nil }
        }
        let (product, isTooFar) = whole.multipliedReportingOverflow(by: unit)
        let (sum, isBeyond) = product.addingReportingOverflow(fraction * unit / 1_000_000)
        guard position == bytes.count, !isTooFar, !isBeyond else { return nil }
        let perDay: Int64 = 86_400_000_000
        let (days, rest) = (isNegative ? -sum : sum).quotientAndRemainder(dividingBy: perDay)
        // A moment before 1970 belongs to the day that begins before it.
        let day = Int(rest < 0 ? days - 1 : days)
        guard (0...9_999).contains(CivilDate(daysSince1970: day).year) else { return nil }
        return LocalMoment(
            day: day,
            microsecondsOfDay: rest < 0 ? rest + perDay : rest,
            offsetSeconds: 0
        )
    }
}
