#if canImport(Glibc)
internal import Glibc
#else
internal import Musl
#endif

/// A loss in the words of (ε, δ): but for a probability δ, no answer tells more than ε.
///
/// It explains a budget to people and compares it with those of others. No decision rests on it.
package struct ApproximateLoss: Sendable, Hashable {
    package let epsilon: Double
    package let delta: Double

    /// The least ε that follows from the charge for the given δ.
    ///
    /// Canonne, Kamath and Steinke (2020) show that for each α > 1 the loss is at most
    /// ε = αρ + ln(1 − 1/α) + (ln(1/δ) − ln α)/(α − 1). The search finds the best α. Any other gives a larger ε,
    /// which is true as well. Throws unless δ is above 0 and below 1.
    package init(_ charge: PrivacyCharge, delta: Double) throws(StatisticsError) {
        guard delta > 0, delta < 1 else {
            throw StatisticsError("delta", "is \(delta), and must be above 0 and below 1")
        }
        self.delta = delta
        guard charge > .zero else {
            epsilon = 0
            return
        }
        let rho = charge.rho
        func loss(_ logarithm: Double) -> Double {
            let excess = exp(logarithm)
            let alpha = 1 + excess
            return alpha * rho - log1p(1 / excess) - (log(delta) + log(alpha)) / excess
        }
        var (low, high) = (-10.0, 40.0)
        for _ in 0..<200 {
            let (left, right) = (low + (high - low) / 3, high - (high - low) / 3)
            if loss(left) <= loss(right) { high = right } else { low = left }
        }
        epsilon = max(0, loss((low + high) / 2))
    }
}
