import Governance
import NIOCore

/// Runs the tasks of one connection on its event loop, so that writing needs no change of threads.
///
/// A task that computes for long would hold up the other connections of the loop: `LongWork` has
/// threads for that. Many short tasks take turns (`LoopTurns`).
///
/// `@unchecked Sendable`: `sharer` is used on the thread of the loop alone.
final class LoopExecutor: TaskExecutor, @unchecked Sendable {
    private let turns: LoopTurns
    /// The sharer of the connection's last request; nil before its first.
    private(set) var sharer: Sharer?

    init(_ turns: LoopTurns) { self.turns = turns }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        turns.loop.execute { self.turns.take(LoopTurns.Turn(job: job, executor: self)) }
    }

    fileprivate func run(_ job: UnownedJob) { job.runSynchronously(on: asUnownedTaskExecutor()) }

    /// Notes the sharer of the present request.
    ///
    /// When tasks wait for turns and this one came in another sharer's turn, it waits for its own.
    /// Call it on the loop.
    func serve(_ sharer: Sharer) async {
        guard self.sharer != sharer else { return }
        self.sharer = sharer
        guard turns.isCrowded else { return }
        await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
            turns.loop.execute { continuation.resume() }
        }
    }
}

/// Decides whose task is next on one event loop.
///
/// Tasks first run as they come. When they have run so long that others would notice, the loop
/// looks at its connections first. From then on, until no task waits, the party with the fewest
/// recent turns is next, and among those without a token the address. So a client with many
/// connections makes others wait for a moment, and not for all its requests.
///
/// `@unchecked Sendable`: it is used on the thread of its loop alone.
final class LoopTurns: @unchecked Sendable {
    /// The work of a task until it next waits.
    struct Turn {
        let job: UnownedJob
        let executor: LoopExecutor

        fileprivate func run() { executor.run(job) }
    }

    /// How long tasks run before the loop looks at its connections.
    private static let longest = TimeAmount.milliseconds(10)
    private static let longestInTurns = TimeAmount.milliseconds(2)
    /// A loop looks at its connections only when it has nothing else to do for a moment.
    private static let pause = TimeAmount.microseconds(100)

    /// The number of turns after which all parties are equal again, so that a new one is not first
    /// for long.
    private static let turnsCounted = 64

    let loop: any EventLoop
    /// A place in the queue is a turn.
    private var waiting = DividedQueue<Party?, AddressBlock, Turn>(
        places: .max,
        dividing: .anonymous
    )
    private var turnsTaken = 0
    /// How long tasks have run since the loop looked at its connections, without the time they
    /// waited.
    private var ran = TimeAmount.nanoseconds(0)

    init(_ loop: any EventLoop) { self.loop = loop }

    /// Whether tasks wait for their turns.
    var isCrowded: Bool { !waiting.isEmpty }

    /// Restarts the count, because the loop is reading from its connections.
    func restartCount() { ran = .nanoseconds(0) }

    /// Runs the work of a task, at once or in its turn.
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

    /// Runs waiting tasks after the loop has looked at its connections, which it does after
    /// everything that is due at once, such as sending answers.
    private func runWaitingSoon() {
        loop.execute {
            self.loop.execute {
                self.loop.assumeIsolated().scheduleTask(in: Self.pause) { self.runWaiting() }
            }
        }
    }

    private func runWaiting() {
        restartCount()
        while ran < Self.longestInTurns, let (turn, _, _) = waiting.popNext() {
            run(turn)
            turnsTaken += 1
            if turnsTaken >= Self.turnsCounted {
                turnsTaken = 0
                waiting.giveBackAll()
            }
        }
        if !waiting.isEmpty { runWaitingSoon() }
    }
}
