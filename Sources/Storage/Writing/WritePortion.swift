import ContextModel

/// How much of a long request is written in one transaction: others' writes come between.
///
/// While nobody else waits it is more, for each transaction costs something. An entity alone may take longer;
/// it is not divided.
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

    /// Whether one more may be written in it.
    mutating func takesOneMore() -> Bool {
        count += 1
        guard count > 1 else { return true }
        guard count <= Self.maximumElements else { return false }
        return clock().microseconds - start.microseconds < Self.maximumMicroseconds || !othersWait()
    }
}
