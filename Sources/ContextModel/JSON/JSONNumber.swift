/// A JSON number as it was written: `1.10` stays `1.10`, and no digit is lost.
package struct JSONNumber: Sendable {
    /// The literal, valid by RFC 8259 clause 6.
    ///
    /// Up to 15 bytes of it need no allocation.
    package let literal: String

    /// `literal` must be valid.
    package init(uncheckedLiteral literal: String) {
        self.literal = literal
    }

    /// Returns nil if the literal is not valid (RFC 8259 clause 6).
    package init?(_ literal: String) {
        var text = literal
        let isValid = text.withUTF8 {
            Self.end(in: UnsafeRawBufferPointer($0), from: 0) == $0.count
        }
        guard isValid else { return nil }
        self.literal = literal
    }

    package init(_ value: Int) {
        literal = String(value)
    }

    /// Creates it from a finite number, with the shortest literal that reads back as that number.
    package init(_ value: Double) {
        precondition(value.isFinite, "JSON has no literal for \(value)")
        literal =
            value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : "\(value)"
    }

    /// The nearest double; infinite when the literal is beyond the range of doubles.
    package var doubleValue: Double { Double(literal) ?? .nan }

    /// The exact integer; nil if the literal is not one, or does not fit.
    package var intValue: Int? { Int(literal) }
}

// MARK: - Grammar

extension JSONNumber {
    /// The end of the number at the start; nil if there is none (RFC 8259 clause 6).
    @inline(__always)
    static func end(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
        var index = start
        if index < bytes.count, bytes[index] == UInt8(ascii: "-") { index &+= 1 }
        let integer = index
        guard skipDigits(bytes, &index) else { return nil }
        guard index == integer &+ 1 || bytes[integer] != UInt8(ascii: "0") else { return nil }
        if index < bytes.count, bytes[index] == UInt8(ascii: ".") {
            index &+= 1
            guard skipDigits(bytes, &index) else { return nil }
        }
        if index < bytes.count, bytes[index] | 0x20 == UInt8(ascii: "e") {
            index &+= 1
            if index < bytes.count,
                bytes[index] == UInt8(ascii: "+") || bytes[index] == UInt8(ascii: "-")
            {
                index &+= 1
            }
            guard skipDigits(bytes, &index) else { return nil }
        }
        return index
    }

    /// Skips digits; false if there are none.
    @inline(__always)
    private static func skipDigits(_ bytes: UnsafeRawBufferPointer, _ index: inout Int) -> Bool {
        let start = index
        while index < bytes.count, bytes[index] &- 0x30 < 10 { index &+= 1 }
        return index > start
    }
}

// MARK: - Equality

/// Numbers are equal when their exact values are, in any spelling and with any number of digits.
///
/// `1.0` equals `1e0`, and 9007199254740993 does not equal 9007199254740992, although their nearest
/// doubles are the same.
extension JSONNumber: Hashable {
    package static func == (a: JSONNumber, b: JSONNumber) -> Bool {
        if a.literal == b.literal { return true }
        guard let exactA = Decimal(a.literal), let exactB = Decimal(b.literal) else { return false }
        return exactA == exactB
    }

    /// Equal numbers have the same nearest double, and `-0` hashes like `0`.
    package func hash(into hasher: inout Hasher) {
        hasher.combine(doubleValue)
    }

    /// The value of a number: significant digits, and the power of ten of the last one.
    private struct Decimal: Equatable {
        var isNegative = false
        var digits: [UInt8] = []
        var exponent = 0

        /// Returns nil if the exponent is beyond an `Int`; such a number equals only its own
        /// spelling.
        init?(_ literal: String) {
            var exponentText = ""[...]
            var mantissa = literal[...]
            if let e = literal.firstIndex(where: { $0 == "e" || $0 == "E" }) {
                exponentText = literal[literal.index(after: e)...]
                mantissa = literal[..<e]
            }
            if let point = mantissa.firstIndex(of: ".") {
                exponent = -mantissa[point...].dropFirst().utf8.count
            }
            digits = mantissa.utf8.filter { $0 &- 0x30 < 10 }
            digits.removeFirst(digits.prefix { $0 == 0x30 }.count)
            guard !digits.isEmpty else {
                exponent = 0
                return
            }
            while digits.last == 0x30 {
                digits.removeLast()
                exponent += 1
            }
            isNegative = literal.utf8.first == UInt8(ascii: "-")
            guard !exponentText.isEmpty else { return }
            guard let power = Int(exponentText) else { return nil }
            let (sum, overflows) = exponent.addingReportingOverflow(power)
            guard !overflows else { return nil }
            exponent = sum
        }
    }
}
