package import ContextModel

/// Decimal numbers as integers: 21.5 with one decimal place is 215.
extension JSONNumber {
    /// This number times 10 to the power of `decimals`, as the nearest integer.
    ///
    /// Halves are rounded away from zero. A number beyond the integers is the last one on its side: nothing
    /// about a person's value makes this fail.
    package func scaled(decimals: Int) -> Int {
        let isNegative = literal.utf8.first == UInt8(ascii: "-")
        let end = literal.utf8.firstIndex { $0 | 0x20 == UInt8(ascii: "e") }
        let mantissa = literal.utf8[..<(end ?? literal.utf8.endIndex)]
        let fraction = mantissa.firstIndex(of: UInt8(ascii: "."))
            .map { mantissa[$0...].count - 1 }
        let digits = mantissa.filter { $0 &- 0x30 < 10 }.map { $0 &- 0x30 }
        let significant = digits.drop { $0 == 0 }
        guard !significant.isEmpty else { return 0 }
        let exponent = end.map { Self.exponent(literal[literal.index(after: $0)...]) } ?? 0
        // So many digits stand before the point of the result.
        let whole = significant.count + decimals + exponent - (fraction ?? 0)
        guard whole >= 0 else { return 0 }
        var magnitude: UInt64 = 0
        for place in 0..<min(whole, Self.longest) {
            let digit = significant.dropFirst(place).first ?? 0
            let (product, isTooLarge) = magnitude.multipliedReportingOverflow(by: 10)
            let (sum, isBeyond) = product.addingReportingOverflow(UInt64(digit))
            magnitude = isTooLarge || isBeyond ? .max : sum
        }
        if let next = significant.dropFirst(whole).first, next >= 5, magnitude < .max {
            magnitude += 1
        }
        guard let value = Int(exactly: magnitude) else { return isNegative ? .min : .max }
        return isNegative ? -value : value
    }

    /// The number that is so many units of the last of `decimals` places: 215 with one place is 21.5.
    package init(_ scaled: Int, decimals: Int) {
        let digits = String(scaled.magnitude)
        let missing = max(0, decimals + 1 - digits.utf8.count)
        let padded = String(repeating: "0", count: missing) + digits
        let sign = scaled < 0 ? "-" : ""
        let literal =
            decimals == 0
            ? sign + padded : sign + padded.dropLast(decimals) + "." + padded.suffix(decimals)
        self.init(uncheckedLiteral: literal)
    }

    /// No integer of 64 bits has more digits.
    private static var longest: Int { 20 }

    /// An exponent; one that no sensible number has is the nearest that decides the result.
    private static func exponent(_ text: Substring) -> Int {
        let limit = 1 << 40
        guard let value = Int(text) else { return text.first == "-" ? -limit : limit }
        return min(max(value, -limit), limit)
    }
}
