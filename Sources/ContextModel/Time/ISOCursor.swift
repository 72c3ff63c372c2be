/// Steps through a text of ISO 8601.
///
/// What it reads it consumes; after a `nil` it is of no use.
struct ISOCursor {
    private let bytes: UnsafeBufferPointer<UInt8>
    private var position = 0

    /// What `content` makes of the whole text; `nil` if it leaves something over.
    static func read<Content>(
        _ text: String,
        _ content: (inout ISOCursor) -> Content?
    ) -> Content? {
        var text = text
        return text.withUTF8 { read($0, content) }
    }

    /// What `content` makes of all the bytes; `nil` if it leaves something over.
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

    /// Steps over the character if it comes next.
    mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    /// A number of exactly so many digits.
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

    /// A number of one to so many digits.
    mutating func number(upToDigits limit: Int) -> Int? {
        var length = 0
        while length < limit, position + length < bytes.count,
            bytes[position + length] &- 0x30 < 10
        {
            length += 1
        }
        return length == 0 ? nil : number(digits: length)
    }

    /// `[.,]` and one to nine digits, cut off after the microseconds; 0 if there is no fraction.
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
    /// `YYYY-MM-DD`.
    mutating func date() -> CivilDate? {
        guard let year = number(digits: 4), skip("-"), let month = number(digits: 2), skip("-"),
            let day = number(digits: 2)
        else { return nil }
        return CivilDate(year: year, month: month, day: day)
    }

    /// `hh:mm:ss` and an optional fraction, in microseconds.
    ///
    /// Second 60 is let through at the end of an hour alone, since leap seconds end a day
    /// somewhere; it counts as the next second.
    mutating func time() -> Int64? {
        guard let hour = number(digits: 2), hour < 24, skip(":"),
            let minute = number(digits: 2), minute < 60, skip(":"),
            let second = number(digits: 2), second < 60 || (second == 60 && minute == 59),
            let fraction = fractionMicroseconds()
        else { return nil }
        return Int64(hour * 3_600 + minute * 60 + second) * 1_000_000 + fraction
    }

    /// `Z`, `+hh:mm` or `-hh:mm`, in microseconds east of Greenwich.
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
