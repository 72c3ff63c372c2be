import NIOCore

/// Closes the connection of a client whose body comes too slowly or that takes its answer too
/// slowly, and closes it after an answer that says so.
///
/// However long a body or an answer is, it may take its time as long as it goes on: of one that has
/// not ended, so many bytes must have come, or gone, each time the timeout has passed.
///
/// A body that arrives together with its head, and an answer that the system takes at once, as almost
/// every one, cost no timer.
final class ClientPace {
    /// Few enough for the worst of lines.
    static let minimumBytesPerSecond = 4_096

    /// Which way bytes go.
    enum Direction: String, CaseIterable { case body, answer }

    private let timeout: TimeAmount
    private let closed: @Sendable (Direction) -> Void
    /// What has come of the body since its timer was set.
    private var received = 0
    private var isReadingBody = false
    private var bodyTimer: Scheduled<Void>?
    /// What waited to be sent when the timer of the answer was set, and what was written since.
    private var unsent = 0
    private var written = 0
    private var answerTimer: Scheduled<Void>?
    private var closesAfterAnswer = false
    private var lingering: Scheduled<Void>?

    /// `closed` is told of each connection that was closed for being slow.
    init(timeout: TimeAmount, closed: @escaping @Sendable (Direction) -> Void = { _ in }) {
        self.timeout = timeout
        self.closed = closed
    }

    /// Ends all timers.
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

    /// All that has come so far was read: a body that has not ended is waited for.
    func readComplete(_ context: ChannelHandlerContext) {
        if isReadingBody, bodyTimer == nil { watchBody(context) }
    }

    /// Closes the connection when too little has come by the next timeout, or any after it.
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

    /// The answer was written whole; one that says so closes the connection.
    func answerEnds(_ context: ChannelHandlerContext) {
        if closesAfterAnswer { lingerThenClose(context) }
    }

    /// Closes the connection when too little has gone by the next timeout, or any after it, until
    /// nothing waits any more.
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

    /// Bytes that were written and that the system has not taken.
    private static func unsent(_ context: ChannelHandlerContext) -> Int {
        let option = ChannelOptions.bufferedWritableBytes
        // A channel that cannot tell has nothing to wait for.
        return (try? context.channel.syncOptions?.getOption(option)) ?? 0
    }

    // MARK: Closing

    private func cutOff(_ context: ChannelHandlerContext, _ direction: Direction) {
        closed(direction)
        context.close(promise: nil)
    }

    /// Closing at once while the client still sends would take the answer away from it.
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
