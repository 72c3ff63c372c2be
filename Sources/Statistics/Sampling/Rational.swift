package import ContextModel

/// A fraction that is zero or more, in lowest terms, of integers of 128 bits.
///
/// Fractions that come from outside are small (`largestTerm`). What the samplers make of these fits in 128
/// bits, as ``Noise`` shows. Arithmetic that did not fit would stop the program.
package struct Rational: Sendable, Hashable {
    let numerator: UInt128
    let denominator: UInt128

    /// The largest numerator or denominator of a fraction that comes from outside.
    package static let largestTerm = 1_000_000_000
    /// The decimal places of a number that becomes a fraction.
    private static let places = 9

    /// Brings the fraction to its lowest terms.
    init(_ numerator: UInt128, over denominator: UInt128) {
        precondition(denominator > 0, "A fraction has no denominator of 0.")
        let divisor = Self.greatestCommonDivisor(numerator, denominator)
        self.numerator = numerator / divisor
        self.denominator = denominator / divisor
    }

    /// Takes terms that have no common divisor.
    init(lowestTerms numerator: UInt128, over denominator: UInt128) {
        self.numerator = numerator
        self.denominator = denominator
    }

    /// A fraction of terms from outside.
    ///
    /// Throws when it is negative, has a denominator of 0, or terms above `largestTerm`.
    package init(_ numerator: Int, over denominator: Int = 1) throws(StatisticsError) {
        guard 0...Self.largestTerm ~= numerator, 1...Self.largestTerm ~= denominator else {
            throw StatisticsError(
                "\(numerator)/\(denominator)",
                "is not a fraction with a numerator from 0 and a denominator from 1 to "
                    + "\(Self.largestTerm)"
            )
        }
        self.init(UInt128(numerator), over: UInt128(denominator))
    }

    /// The number, exactly.
    ///
    /// Throws when it is negative, above 1,000,000,000, or has more than nine decimal places.
    package init(_ number: JSONNumber) throws(StatisticsError) {
        let scaled = number.scaled(decimals: Self.places)
        guard JSONNumber(scaled, decimals: Self.places) == number, scaled >= 0,
            scaled <= Self.largestTerm * Self.largestTerm
        else {
            throw StatisticsError(
                number.literal,
                "is not a number from 0 to \(Self.largestTerm) with at most \(Self.places) "
                    + "decimal places"
            )
        }
        self.init(UInt128(scaled), over: UInt128(Self.largestTerm))
    }

    var isZero: Bool { numerator == 0 }

    /// The part of this fraction that `divisor` leaves, which is above 0.
    func divided(by divisor: UInt128) -> Rational {
        let common = Self.greatestCommonDivisor(numerator, divisor)
        return Rational(
            lowestTerms: numerator / common,
            over: denominator * (divisor / common)
        )
    }

    /// The least integer that is not below this fraction times `factor`.
    func roundedUp(times factor: UInt128 = 1) -> UInt128 {
        let (quotient, remainder) = (numerator * factor).quotientAndRemainder(
            dividingBy: denominator
        )
        return remainder == 0 ? quotient : quotient + 1
    }

    /// Whether this fraction is at most the integer.
    func isAtMost(_ limit: UInt128) -> Bool { roundedUp() <= limit }

    private static func greatestCommonDivisor(_ a: UInt128, _ b: UInt128) -> UInt128 {
        var (larger, smaller) = (a, b)
        while smaller != 0 { (larger, smaller) = (smaller, larger % smaller) }
        return larger
    }
}

extension UInt128 {
    /// The greatest integer whose square is not above this one.
    var squareRoot: UInt128 {
        var root: UInt128 = 0
        var bit: UInt128 = 1 << 63
        while bit > 0 {
            let next = root + bit
            if next * next <= self { root = next }
            bit >>= 1
        }
        return root
    }
}
