/// Random integers that are added to an answer: a discrete Laplace or a discrete Gaussian around 0.
///
/// What happens in 128 bits: the terms of a scale or variance are at most 2⁴⁸. A Laplace computes
/// (h + 1) · 2⁴⁸, and the square of a Gaussian's distance is at most (h + 1)² · 2¹⁰⁰, where h is drawn with a
/// probability of exp(−h). So arithmetic does not overflow but with a probability below exp(−16,000)
/// for each sample, and then it stops the program rather than give a wrong one.
package struct Noise: Sendable, Hashable {
    enum Distribution: Hashable {
        case laplace(scale: Rational)
        case gaussian(variance: Rational)
    }

    let distribution: Distribution

    /// The largest numerator or denominator of a scale or variance: 2⁴⁸.
    package static let largestTerm = 281_474_976_710_656

    /// A discrete Laplace: the probability of x is in proportion to exp(−|x|/scale).
    ///
    /// Throws when the scale is 0 or has terms above `largestTerm`.
    package static func laplace(scale: Rational) throws(StatisticsError) -> Noise {
        try check(scale, "scale")
        return Noise(distribution: .laplace(scale: scale))
    }

    /// A discrete Gaussian: the probability of x is in proportion to exp(−x²/2σ²), σ² the variance.
    ///
    /// Throws when the variance is 0 or has terms above `largestTerm`.
    package static func gaussian(variance: Rational) throws(StatisticsError) -> Noise {
        try check(variance, "variance")
        return Noise(distribution: .gaussian(variance: variance))
    }

    private static func check(_ value: Rational, _ name: String) throws(StatisticsError) {
        guard !value.isZero else {
            throw StatisticsError(name, "is 0, which would be an answer without noise")
        }
        guard max(value.numerator, value.denominator) <= UInt128(largestTerm) else {
            throw StatisticsError(
                name,
                "is \(value.numerator)/\(value.denominator), and a numerator or denominator above "
                    + "\(largestTerm) is not sampled; choose narrower bounds, a larger unit or more loss"
            )
        }
    }

    /// One integer of the distribution.
    package func sample(using bits: inout RandomBits<some RandomNumberGenerator>) -> Int {
        switch distribution {
        case .laplace(let scale): bits.laplace(scale: scale)
        case .gaussian(let variance): bits.gaussian(variance: variance)
        }
    }

    /// A width w, so that the noise lies in −w...w with a probability of 95 % at least.
    ///
    /// Of a Laplace, P(|x| > w) = 2qʷ⁺¹/(1 + q) ≤ exp(−(w + ½)/scale), where q = exp(−1/scale). That is
    /// 5 % at w = scale · ln 20 − ½. Of a Gaussian, P(|x| > w) is not above that of the continuous one to be
    /// beyond w, which is 5 % at 1.96 σ.
    package var errorBar: Int {
        switch distribution {
        case .laplace(let scale):
            let twice = Rational(scale.numerator * 2 * Self.logarithmOf20, over: scale.denominator)
                .divided(by: Self.unit).roundedUp()
            // The least w with 2w + 1 not below twice the scale times ln 20.
            return Int(twice / 2)
        case .gaussian(let variance):
            let square = variance.divided(by: Self.unit).roundedUp(times: Self.squareOfQuantile)
            let root = square.squareRoot
            return Int(root * root == square ? root : root + 1)
        }
    }

    /// Of the two numbers below.
    private static let unit: UInt128 = 10_000_000
    /// ln 20, rounded up.
    private static let logarithmOf20: UInt128 = 29_957_323
    /// The square of the 97.5 % quantile of a normal distribution, rounded up.
    private static let squareOfQuantile: UInt128 = 38_414_589
}
