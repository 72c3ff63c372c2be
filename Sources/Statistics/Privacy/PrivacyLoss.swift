internal import ContextModel

/// How much a release may tell of any one person, at most.
///
/// A pure loss ε bounds by exp(ε) how much likelier the presence of a person makes any answer. A
/// concentrated loss ρ (zCDP of Bun and Steinke) bounds it on average; it is what Gaussian noise keeps. A
/// pure loss of ε is a concentrated one of ε²/2.
package struct PrivacyLoss: Sendable, Hashable {
    enum Kind: Hashable {
        case pure(epsilon: Rational)
        case concentrated(rho: Rational)
    }

    let kind: Kind

    /// The largest ε; beyond it an answer tells nearly all.
    package static let largestEpsilon = 10
    /// The largest ρ, which is that of the largest ε.
    package static let largestRho = 50

    /// A pure loss, which is kept by Laplace noise.
    ///
    /// Throws when ε is 0 or above `largestEpsilon`.
    package static func pure(epsilon: Rational) throws(StatisticsError) -> PrivacyLoss {
        try check(epsilon, "epsilon", largestEpsilon)
        return PrivacyLoss(kind: .pure(epsilon: epsilon))
    }

    /// A concentrated loss, which is kept by Gaussian noise.
    ///
    /// Throws when ρ is 0 or above `largestRho`.
    package static func concentrated(rho: Rational) throws(StatisticsError) -> PrivacyLoss {
        try check(rho, "rho", largestRho)
        return PrivacyLoss(kind: .concentrated(rho: rho))
    }

    static func check(_ value: Rational, _ name: String, _ largest: Int) throws(StatisticsError) {
        guard !value.isZero, value.isAtMost(UInt128(largest)) else {
            throw StatisticsError(
                name,
                "is \(value.numerator)/\(value.denominator), and must be above 0 and at most \(largest)"
            )
        }
    }

    /// What a release with this loss takes from a privacy budget.
    package var charge: PrivacyCharge {
        switch kind {
        case .pure(let epsilon):
            let rho = Rational(
                epsilon.numerator * epsilon.numerator,
                over: 2 * epsilon.denominator * epsilon.denominator
            )
            return PrivacyCharge(roundingUp: rho)
        case .concentrated(let rho): return PrivacyCharge(roundingUp: rho)
        }
    }
}

/// A concentrated loss ρ in trillionths, rounded up, so that losses add up exactly.
///
/// The loss of several releases together is at most the sum of theirs, whichever they were.
package struct PrivacyCharge: Sendable, Hashable, Comparable {
    package let trillionths: Int

    static let perUnit: UInt128 = 1_000_000_000_000
    private static let decimals = 12

    package static let zero = PrivacyCharge(trillionths: 0)

    package init(trillionths: Int) {
        precondition(trillionths >= 0, "A charge is not negative.")
        self.trillionths = trillionths
    }

    init(roundingUp rho: Rational) {
        trillionths = Int(rho.roundedUp(times: Self.perUnit))
    }

    init(roundingDown rho: Rational) {
        trillionths = Int(rho.numerator * Self.perUnit / rho.denominator)
    }

    package static func < (a: PrivacyCharge, b: PrivacyCharge) -> Bool {
        a.trillionths < b.trillionths
    }

    package static func + (a: PrivacyCharge, b: PrivacyCharge) -> PrivacyCharge {
        PrivacyCharge(trillionths: a.trillionths + b.trillionths)
    }

    /// What is left of this one, or zero.
    func less(_ other: PrivacyCharge) -> PrivacyCharge {
        PrivacyCharge(trillionths: max(0, trillionths - other.trillionths))
    }

    /// The charge as ρ, for figures that people read.
    package var rho: Double { Double(trillionths) / Double(Self.perUnit) }

    /// The charge as people read it, such as `0.005 rho`.
    package var text: String {
        let literal = JSONNumber(trillionths, decimals: Self.decimals).literal
        let places = literal.reversed().drop { $0 == "0" }
        let shortest = String((places.first == "." ? places.dropFirst() : places).reversed())
        return shortest + " rho"
    }
}
