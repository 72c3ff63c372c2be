import Foundation

/// The length and the seed of random tests.
///
/// `make test` runs them briefly; `make soak` many times longer. A failure prints its seed.
package enum Soak {
    /// The factor by which tests run longer than in `make test`.
    package static let factor = number("BALAI_TEST_SOAK").map(Int.init) ?? 1
    /// A new seed each time, unless `BALAI_TEST_SEED` is set.
    package static let seed = number("BALAI_TEST_SEED") ?? UInt64.random(in: 1...999_999)

    private static func number(_ name: String) -> UInt64? {
        ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) }
    }
}
