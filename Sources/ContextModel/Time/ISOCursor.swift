/// Reads a text of ISO 8601 from left to right.
///
/// It consumes what it reads; do not use it after it has returned nil.
struct ISOCursor {
    private let bytes: UnsafeBufferPointer<UInt8>
    private var position = 0

    /// Reads the whole text with `content`; nil if something is left over.
    static func read<Content>(
        _ text: String,
        _ content: (inout ISOCursor) -> Content?
    ) -> Content? {
        var text = text
        return text.withUTF8 { read($0, content) }
    }

    /// Reads all the bytes with `content`; nil if something is left over.
    static func read<Content>(
        _ bytes: UnsafeBufferPointer<UInt8>,
        _ content: (inout ISOCursor) -> Content?
    ) -> Content? {
        var cursor = ISOCursor(bytes: bytes)
        guard let result = content(&cursor), cursor.isAtEnd else { return nil }
        return result
    }

    private init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    var isAtEnd: Bool { position == bytes.count }

    /// Whether a fraction comes next.
    var isAtFraction: Bool { next == UInt8(ascii: ".") || next == UInt8(ascii: ",") }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    /// Skips the character if it comes next.
    mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    /// Reads a number of exactly this many digits.
    mutating func number(digits: Int) -> Int? {
        guard bytes.count - position >= digits else { return nil }
        var value = 0
        for _ in 0..<digits {
            let digit = bytes[position] &- 0x30
            guard digit < 10 else { return nil }
            value = value * 10 + Int(digit)
            position += 1
        }
        return value
    }

    /// Reads a number of one to `limit` digits.
    mutating func number(upToDigits limit: Int) -> Int? {
        var length = 0
        while length < limit, position + length < bytes.count,
            bytes[position + length] &- 0x30 < 10
        {
            length += 1
        }
        return length == 0 ? nil : number(digits: length)
    }

    /// Reads `[.,]` and one to nine digits, and truncates to microseconds; 0 if there is no
    /// fraction.
    mutating func fractionMicroseconds() -> Int64? {
        guard skip(".") || skip(",") else { return 0 }
        let start = position
        guard var value = number(upToDigits: 9) else { return nil }
        for _ in (position - start)..<9 { value *= 10 }
        return Int64(value / 1_000)
    }
}

// MARK: - Parts of a DateTime

extension ISOCursor {
    /// Reads `YYYY-MM-DD`.
    mutating func date() -> CivilDate? {
        guard let year = number(digits: 4), skip("-"), let month = number(digits: 2), skip("-"),
            let day = number(digits: 2)
        else { return nil }
        return CivilDate(year: year, month: month, day: day)
    }

    /// Reads `hh:mm:ss` and an optional fraction, in microseconds.
    ///
    /// Second 60 is accepted only at the end of an hour, because leap seconds end a day in some
    /// zone; it counts as the next second.
    mutating func time() -> Int64? {
        guard let hour = number(digits: 2), hour < 24, skip(":"),
            let minute = number(digits: 2), minute < 60, skip(":"),
            let second = number(digits: 2), second < 60 || (second == 60 && minute == 59),
            let fraction = fractionMicroseconds()
        else { return nil }
        return Int64(hour * 3_600 + minute * 60 + second) * 1_000_000 + fraction
    }

    /// Reads `Z`, `+hh:mm` or `-hh:mm`, in microseconds east of Greenwich.
    mutating func offset() -> Int64? {
        if skip("Z") { return 0 }
        let isEast = skip("+")
        guard isEast || skip("-"), let hours = number(digits: 2), hours < 24, skip(":"),
            let minutes = number(digits: 2), minutes < 60
        else { return nil }
        let microseconds = Int64(hours * 3_600 + minutes * 60) * 1_000_000
        return isEast ? microseconds : -microseconds
    }
}
