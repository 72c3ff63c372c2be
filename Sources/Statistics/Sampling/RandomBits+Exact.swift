/// Exact samplers after Canonne, Kamath and Steinke, "The Discrete Gaussian for Differential Privacy"
/// (2020), algorithms 1 to 3.
///
/// They draw uniform integers and compare integers, and nothing else: each value has exactly the
/// probability of the distribution. They draw in the order of the authors' program, so that both give the
/// same values from the same bits. How long they take depends on the value.
extension RandomBits {
    /// True with the given probability, which is at most 1.
    mutating func isHit(probability: Rational) -> Bool {
        integer(below: probability.denominator) < probability.numerator
    }

    /// True with the probability exp(−γ).
    mutating func isHit(exponent gamma: Rational) -> Bool {
        var rest = gamma
        while rest.numerator > rest.denominator {
            guard isHitOfShortExponent(Rational(lowestTerms: 1, over: 1)) else { return false }
            rest = Rational(
                lowestTerms: rest.numerator - rest.denominator,
                over: rest.denominator
            )
        }
        return isHitOfShortExponent(rest)
    }

    /// True with the probability exp(−γ), where γ is at most 1.
    ///
    /// The first k at which a hit of probability γ/k fails is odd with this probability.
    private mutating func isHitOfShortExponent(_ gamma: Rational) -> Bool {
        var tries: UInt128 = 1
        while isHit(probability: gamma.divided(by: tries)) { tries += 1 }
        return tries % 2 == 1
    }

    /// An integer x with a probability in proportion to exp(−|x|/scale); the scale is above 0.
    mutating func laplace(scale: Rational) -> Int {
        while true {
            let isNegative = isHit(probability: Rational(lowestTerms: 1, over: 2))
            let magnitude = geometric(scale: scale)
            // Zero has one sign only.
            if isNegative, magnitude == 0 { continue }
            return isNegative ? -Int(magnitude) : Int(magnitude)
        }
    }

    /// An integer x, 0 or more, with a probability in proportion to exp(−x/scale).
    private mutating func geometric(scale: Rational) -> UInt128 {
        let unit = scale.numerator
        var low = integer(below: unit)
        while !isHit(exponent: Rational(low, over: unit)) { low = integer(below: unit) }
        var high: UInt128 = 0
        while isHit(exponent: Rational(lowestTerms: 1, over: 1)) { high += 1 }
        return (high * unit + low) / scale.denominator
    }

    /// An integer x with a probability in proportion to exp(−x²/2σ²); the variance σ² is above 0.
    ///
    /// A Laplace of scale ⌊σ⌋ + 1 proposes, and a hit accepts.
    mutating func gaussian(variance: Rational) -> Int {
        let (numerator, denominator) = (variance.numerator, variance.denominator)
        let scale = (numerator / denominator).squareRoot + 1
        let width = denominator * scale
        while true {
            let candidate = laplace(scale: Rational(lowestTerms: scale, over: 1))
            let place = UInt128(candidate.magnitude) * width
            let distance = place > numerator ? place - numerator : numerator - place
            let exponent = Rational(
                distance * distance,
                over: 2 * numerator * width * scale
            )
            if isHit(exponent: exponent) { return candidate }
        }
    }
}
