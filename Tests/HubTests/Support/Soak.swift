import Foundation

/// How long and from which seed tests of chance run.
///
/// `make test` runs them briefly; `make soak` many times longer. A failure names its seed.
enum Soak {
    /// So many times longer than in `make test`.
    static let factor = number("BALAI_TEST_SOAK").map(Int.init) ?? 1
    static let seed = number("BALAI_TEST_SEED") ?? UInt64.random(in: 1...999_999)

    private static func number(_ name: String) -> UInt64? {
        ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) }
    }
}

/// Random numbers that come again from the same seed (SplitMix64), so that a failure does too.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
