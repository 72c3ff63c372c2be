import ContextModel

/// Random numbers as a pure function of a seed, a channel and a step.
///
/// Asked twice, it gives the same answer. So the demo city needs no state, and can compute its
/// past as well as its present.
struct DemoNoise: Sendable, Hashable {
    var seed: UInt64

    init(seed: UInt64) { self.seed = seed }

    /// A number in 0..<1.
    func uniform(_ channel: UInt64, step: Int64 = 0) -> Double {
        let bits = Self.mix(seed &+ Self.mix(channel &+ Self.mix(UInt64(bitPattern: step))))
        return Double(bits >> 11) / 9_007_199_254_740_992
    }

    /// A number in -1...1 that changes smoothly and is unrelated to itself after about
    /// `periodSeconds`.
    func drift(_ channel: UInt64, at time: Timestamp, periodSeconds: Int64) -> Double {
        let period = periodSeconds * 1_000_000
        let step = floorDivide(time.microseconds, period)
        let share = Double(time.microseconds - step * period) / Double(period)
        let ease = share * share * (3 - 2 * share)
        let before = uniform(channel, step: step)
        let after = uniform(channel, step: step + 1)
        return 2 * (before + (after - before) * ease) - 1
    }

    /// The finaliser of the SplitMix64 generator: every input bit changes half of the output bits.
    private static func mix(_ value: UInt64) -> UInt64 {
        var bits = value &+ 0x9E37_79B9_7F4A_7C15
        bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        return bits ^ (bits >> 31)
    }
}

/// Divides and rounds down, also for negative numbers.
func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
    value >= 0 ? value / divisor : (value - divisor + 1) / divisor
}
