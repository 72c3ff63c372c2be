import Governance
import NIOCore

/// Runs the tasks of one connection on its event loop, so that what they write needs no change of threads.
///
/// A task that computes for long keeps the other connections of the loop waiting: `LongWork` has
/// threads for that. Many that are short take turns (`LoopTurns`).
///
/// It is not checked to be `Sendable`: `sharer` is used on the thread of the loop alone.
final class LoopExecutor: TaskExecutor, @unchecked Sendable {
    private let turns: LoopTurns
    /// Whose the last request of the connection was; nil before its first.
    private(set) var sharer: Sharer?

    init(_ turns: LoopTurns) { self.turns = turns }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        turns.loop.execute { self.turns.take(LoopTurns.Turn(job: job, executor: self)) }
    }

    fileprivate func run(_ job: UnownedJob) { job.runSynchronously(on: asUnownedTaskExecutor()) }

    /// Notes whose the request under way is, and waits for its turn if tasks wait for theirs and it came in
    /// somebody else's; called on the loop.
    func serve(_ sharer: Sharer) async {
        guard self.sharer != sharer else { return }
        self.sharer = sharer
        guard turns.isCrowded else { return }
        await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
            turns.loop.execute { continuation.resume() }
        }
    }
}

/// Whose task is next on one event loop.
///
/// Tasks run as they come. When the loop has run some for so long that others would notice, it looks at its
/// connections first; from then on, and until none waits, the party is next that had fewest turns lately, and
/// of those without a token the address. So whoever has many connections makes others wait for a moment, and
/// not for as many requests as it has sent.
///
/// It is not checked to be `Sendable`: it is used on the thread of its loop alone.
final class LoopTurns: @unchecked Sendable {
    /// What a task does until it waits for something.
    struct Turn {
        let job: UnownedJob
        let executor: LoopExecutor

        fileprivate func run() { executor.run(job) }
    }

    /// For so long the loop runs tasks before it looks at its connections, as they come and in turns.
    private static let longest = TimeAmount.milliseconds(10)
    private static let longestInTurns = TimeAmount.milliseconds(2)
    /// Only when it has nothing else to do for a moment does a loop look at its connections.
    private static let pause = TimeAmount.microseconds(100)

    /// After so many turns all parties are alike again: whoever comes later is not first for long.
    private static let turnsRemembered = 64

    let loop: any EventLoop
    /// Places are turns.
    private var waiting = DividedQueue<Party?, AddressBlock, Turn>(
        places: .max,
        dividing: .anonymous
    )
    private var turnsTaken = 0
    /// How long tasks have run since the loop looked at its connections; what these wait for does not count.
    private var ran = TimeAmount.nanoseconds(0)

    init(_ loop: any EventLoop) { self.loop = loop }

    /// Whether tasks wait for their turns.
    var isCrowded: Bool { !waiting.isEmpty }

    /// Starts counting anew, because the loop is reading from its connections.
    func looksAround() { ran = .nanoseconds(0) }

    /// Runs what a task does next, now or in its turn.
    func take(_ turn: Turn) {
        if waiting.isEmpty {
            if ran < Self.longest { return run(turn) }
            runWaitingSoon()
        }
        let sharer = turn.executor.sharer
        waiting.append(turn, of: sharer?.party, sharer?.address)
    }

    private func run(_ turn: Turn) {
        let start = NIODeadline.now()
        turn.run()
        ran = ran + (NIODeadline.now() - start)
    }

    /// Runs what waits when the loop has looked at its connections: that is behind all that is to be done at
    /// once, as the sending of answers, and what comes of it.
    private func runWaitingSoon() {
        loop.execute {
            self.loop.execute {
                self.loop.assumeIsolated().scheduleTask(in: Self.pause) { self.runWaiting() }
            }
        }
    }

    private func runWaiting() {
        looksAround()
        while ran < Self.longestInTurns, let (turn, _, _) = waiting.popNext() {
            run(turn)
            turnsTaken += 1
            if turnsTaken >= Self.turnsRemembered {
                turnsTaken = 0
                waiting.giveBackAll()
            }
        }
        if !waiting.isEmpty { runWaitingSoon() }
    }
}
