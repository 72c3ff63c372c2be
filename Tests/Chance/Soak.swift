import Foundation

/// How long and from which seed tests of chance run.
///
/// `make test` runs them briefly; `make soak` many times longer. A failure names its seed.
package enum Soak {
    /// So many times longer than in `make test`.
    package static let factor = number("BALAI_TEST_SOAK").map(Int.init) ?? 1
    /// Another one each time, unless `BALAI_TEST_SEED` says which.
    package static let seed = number("BALAI_TEST_SEED") ?? UInt64.random(in: 1...999_999)

    private static func number(_ name: String) -> UInt64? {
        ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) }
    }
}
