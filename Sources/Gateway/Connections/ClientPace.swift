import NIOCore

/// Closes the connection of a client that sends a body too slowly or reads its answer too slowly,
/// and closes it after an answer that says so.
///
/// A body or an answer may take any time while it makes progress: whenever the timeout has passed,
/// a minimum of bytes must have moved since.
///
/// A body that arrives with its head, and an answer that the system accepts at once, need no
/// timer. That is true for almost all.
final class ClientPace {
    /// Slow enough for the worst connections.
    static let minimumBytesPerSecond = 4_096

    /// The direction of bytes.
    enum Direction: String, CaseIterable { case body, answer }

    private let timeout: TimeAmount
    private let closed: @Sendable (Direction) -> Void
    /// The bytes of the body since its timer was set.
    private var received = 0
    private var isReadingBody = false
    private var bodyTimer: Scheduled<Void>?
    /// The bytes that waited when the timer of the answer was set, and those written since.
    private var unsent = 0
    private var written = 0
    private var answerTimer: Scheduled<Void>?
    private var closesAfterAnswer = false
    private var lingering: Scheduled<Void>?

    /// `closed` is called for each connection that was closed for being slow.
    init(timeout: TimeAmount, closed: @escaping @Sendable (Direction) -> Void = { _ in }) {
        self.timeout = timeout
        self.closed = closed
    }

    /// Stops all timers.
    func stop() {
        for timer in [bodyTimer, answerTimer, lingering] { timer?.cancel() }
    }

    private var least: Int {
        Self.minimumBytesPerSecond * Int(timeout.nanoseconds / 1_000_000_000)
    }

    // MARK: Bodies

    func bodyBegins() { isReadingBody = true }

    func received(_ bytes: Int) { received += bytes }

    func bodyEnds() {
        isReadingBody = false
        bodyTimer?.cancel()
        bodyTimer = nil
    }

    /// Starts the timer of the body, if it has not ended, after everything that arrived was read.
    func readComplete(_ context: ChannelHandlerContext) {
        if isReadingBody, bodyTimer == nil { watchBody(context) }
    }

    /// Closes the connection when too little has arrived at a timeout.
    private func watchBody(_ context: ChannelHandlerContext) {
        received = 0
        bodyTimer = after(timeout, context) {
            if self.received < self.least {
                self.cutOff(context, .body)
            } else {
                self.watchBody(context)
            }
        }
    }

    // MARK: Answers

    func writabilityChanged(_ context: ChannelHandlerContext) {
        if !context.channel.isWritable, answerTimer == nil { watchAnswer(context) }
    }

    func answerBegins(closes: Bool) { closesAfterAnswer = closes }

    func wrote(_ bytes: Int) { written += bytes }

    /// Notes that the answer was written; closes the connection if the answer says so.
    func answerEnds(_ context: ChannelHandlerContext) {
        if closesAfterAnswer { lingerThenClose(context) }
    }

    /// Closes the connection when too little was sent at a timeout, until nothing waits any more.
    private func watchAnswer(_ context: ChannelHandlerContext) {
        written = 0
        unsent = Self.unsent(context)
        answerTimer = after(timeout, context) {
            self.answerTimer = nil
            guard !context.channel.isWritable else { return }
            let sent = self.unsent + self.written - Self.unsent(context)
            if sent < self.least {
                self.cutOff(context, .answer)
            } else {
                self.watchAnswer(context)
            }
        }
    }

    /// The bytes that were written and that the system has not accepted.
    private static func unsent(_ context: ChannelHandlerContext) -> Int {
        let option = ChannelOptions.bufferedWritableBytes
        // A channel that does not report them has none.
        return (try? context.channel.syncOptions?.getOption(option)) ?? 0
    }

    // MARK: Closing

    private func cutOff(_ context: ChannelHandlerContext, _ direction: Direction) {
        closed(direction)
        context.close(promise: nil)
    }

    /// Closes the connection a little later: closing at once, while the client still sends, could
    /// lose the answer.
    private func lingerThenClose(_ context: ChannelHandlerContext) {
        context.flush()
        bodyTimer?.cancel()
        lingering = after(Self.lingerTime, context) { context.close(promise: nil) }
    }

    private func after(
        _ time: TimeAmount,
        _ context: ChannelHandlerContext,
        _ body: @escaping () -> Void
    ) -> Scheduled<Void> {
        context.eventLoop.assumeIsolated().scheduleTask(in: time, body)
    }

    private static let lingerTime = TimeAmount.seconds(1)
}
