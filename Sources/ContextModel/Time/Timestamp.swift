/// A moment in UTC, in microseconds since 1970 (clause 4.6.3: ISO 8601 `DateTime`, UTC).
///
/// Leap seconds are not counted, as in POSIX.
package struct Timestamp: Sendable, Hashable, Comparable {
    package var microseconds: Int64

    package init(microseconds: Int64) { self.microseconds = microseconds }

    package static func < (a: Timestamp, b: Timestamp) -> Bool { a.microseconds < b.microseconds }

    static let microsecondsPerDay: Int64 = 86_400_000_000

    /// The moment this long after the beginning of the day, limited to the range of the type.
    package init(_ date: CivilDate, microsecondsOfDay: Int64 = 0) {
        microseconds =
            Int64(date.daysSince1970) * Self.microsecondsPerDay + microsecondsOfDay
    }

    /// The day of the moment, in UTC.
    package var date: CivilDate { CivilDate(daysSince1970: Int(dayAndTime.day)) }

    /// The same time of day this many months later, on the last day of a month that is shorter.
    ///
    /// The result is limited to the range of the type.
    package func adding(months: Int) -> Timestamp {
        let day = Int64(date.adding(months: months).daysSince1970)
        let edge = Timestamp(microseconds: months < 0 ? .min : .max)
        let (start, isTooFar) = day.multipliedReportingOverflow(by: Self.microsecondsPerDay)
        let (sum, isBeyond) = start.addingReportingOverflow(dayAndTime.time)
        return isTooFar || isBeyond ? edge : Timestamp(microseconds: sum)
    }

    /// The moment `times` durations later (earlier if negative); months are added first.
    ///
    /// The result is limited to the range of the type.
    package func adding(_ duration: ISODuration, times: Int = 1) -> Timestamp {
        let edge = Timestamp(microseconds: times < 0 ? .min : .max)
        let (months, areTooMany) = duration.months.multipliedReportingOverflow(by: times)
        let (rest, isTooMuch) = duration.microseconds.multipliedReportingOverflow(by: Int64(times))
        if areTooMany || isTooMuch { return edge }
        let start = adding(months: months).microseconds
        let (sum, isBeyond) = start.addingReportingOverflow(rest)
        return isBeyond ? edge : Timestamp(microseconds: sum)
    }

    private var dayAndTime: (day: Int64, time: Int64) {
        let (day, time) = microseconds.quotientAndRemainder(dividingBy: Self.microsecondsPerDay)
        return time < 0 ? (day - 1, time + Self.microsecondsPerDay) : (day, time)
    }
}

// MARK: - Reading

extension Timestamp {
    /// Reads a `DateTime`: `YYYY-MM-DDThh:mm:ss`, an optional fraction after `.` or `,`, and `Z`.
    ///
    /// Other zones (`+07:00`) are converted; fractions are truncated to microseconds.
    package init?(_ text: String) {
        guard let read = ISOCursor.read(text, Self.dateTime) else { return nil }
        self = read
    }

    /// Reads a `DateTime` as clause 4.6.3 writes it: in UTC, with at most six decimals.
    package init?(dateTime text: String) {
        guard text.utf8.last == UInt8(ascii: "Z") else { return nil }
        if text.utf8.count > Self.secondsTextBytes {
            let tail = text.utf8.drop { $0 != UInt8(ascii: ".") && $0 != UInt8(ascii: ",") }
            // The mark before the decimals and the `Z` after them.
            guard tail.count <= 8 else { return nil }
        }
        self.init(text)
    }

    /// The length of a text without decimals, as most moments have.
    private static let secondsTextBytes = "2026-01-31T08:00:00Z".utf8.count

    /// The format of `init(dateTime:)`, for messages: "is not …".
    package static let dateTimeFormat =
        "a DateTime in UTC with six decimals at most, such as 2026-01-31T08:00:00Z"

    /// The moments whose years have four digits: a zone or a leap second may lead beyond them.
    private static let readable: ClosedRange<Int64> =
        -62_167_219_200_000_000...253_402_300_799_999_999

    private static func dateTime(_ cursor: inout ISOCursor) -> Timestamp? {
        guard let date = cursor.date(), cursor.skip("T"), let time = cursor.time(),
            let offset = cursor.offset()
        else { return nil }
        let moment = Timestamp(date, microsecondsOfDay: time - offset)
        return readable.contains(moment.microseconds) ? moment : nil
    }
}

// MARK: - Writing

extension Timestamp: CustomStringConvertible {
    /// Enough bytes for the text of every moment, even in the year 294247.
    private static let maximumTextBytes = 32

    /// The shortest `DateTime`: it has three or six decimals when there is a fraction.
    package var text: String {
        String(unsafeUninitializedCapacity: Self.maximumTextBytes, initializingUTF8With: write)
    }

    package var description: String { text }

    /// Appends `text` without creating a string.
    package func append(to bytes: inout [UInt8]) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Self.maximumTextBytes) { buffer in
            let count = write(to: buffer)
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: buffer[..<count]))
        }
    }

    private func write(to buffer: UnsafeMutableBufferPointer<UInt8>) -> Int {
        var pen = DigitPen(buffer: buffer)
        let (day, time) = dayAndTime
        let date = CivilDate(daysSince1970: Int(day))
        if date.year < 0 { pen.mark("-") }
        pen.number(abs(date.year), digits: abs(date.year) > 9_999 ? 6 : 4)
        pen.mark("-")
        pen.number(date.month, digits: 2)
        pen.mark("-")
        pen.number(date.day, digits: 2)
        pen.mark("T")
        let (seconds, fraction) = Int(time).quotientAndRemainder(dividingBy: 1_000_000)
        pen.number(seconds / 3_600, digits: 2)
        pen.mark(":")
        pen.number(seconds / 60 % 60, digits: 2)
        pen.mark(":")
        pen.number(seconds % 60, digits: 2)
        if fraction != 0 {
            pen.mark(".")
            let isMillis = fraction % 1_000 == 0
            pen.number(isMillis ? fraction / 1_000 : fraction, digits: isMillis ? 3 : 6)
        }
        pen.mark("Z")
        return pen.count
    }
}

/// Writes digits and marks into memory that has room for them.
private struct DigitPen {
    let buffer: UnsafeMutableBufferPointer<UInt8>
    var count = 0

    init(buffer: UnsafeMutableBufferPointer<UInt8>) { self.buffer = buffer }

    mutating func mark(_ mark: Unicode.Scalar) {
        buffer[count] = UInt8(ascii: mark)
        count += 1
    }

    mutating func number(_ value: Int, digits: Int) {
        var rest = value
        for index in stride(from: count + digits - 1, through: count, by: -1) {
            buffer[index] = UInt8(truncatingIfNeeded: 0x30 + rest % 10)
            rest /= 10
        }
        count += digits
    }
}
