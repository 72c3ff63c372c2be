import ContextModel

/// The portion of a long request that is written in one transaction, so that other writes run in
/// between.
///
/// It is larger while no other write waits, since each transaction costs time. A single entity is
/// not divided and may take longer.
struct WritePortion {
    static let maximumElements = 1_000
    private static let maximumMicroseconds: Int64 = 25_000

    private let clock: @Sendable () -> Timestamp
    private let othersWait: () -> Bool
    private let start: Timestamp
    private var count = 0

    init(
        _ clock: @escaping @Sendable () -> Timestamp,
        othersWait: @escaping () -> Bool
    ) {
        self.clock = clock
        self.othersWait = othersWait
        start = clock()
    }

    /// Whether one more entity may be written in this portion.
    mutating func takesOneMore() -> Bool {
        count += 1
        guard count > 1 else { return true }
        guard count <= Self.maximumElements else { return false }
        return clock().microseconds - start.microseconds < Self.maximumMicroseconds || !othersWait()
    }
}
