import Broker
import Chance
import ContextModel
import TaskHook

/// The one thread and the one clock of a simulation.
///
/// A seed decides which task runs next. When none can run, the clock moves to the next moment that
/// a task waits for.
///
/// Two runs with one seed are the same if the process was started with
/// `SWIFT_DETERMINISTIC_HASHING=1`.
final class World: @unchecked Sendable {
    // Everything is used on the main thread, on which all tasks run.
    static let current = World()

    private enum Work {
        case job(UnownedJob)
        case body(@Sendable () -> Void)
    }
    private struct Sleeper {
        var until: Int64
        var number: Int
        var continuation: CheckedContinuation<Void, any Error>
    }
    private var ready: [Work] = []
    private var sleepers: [Sleeper] = []
    private var sleepCount = 0
    private var dice = SeededGenerator(seed: 0)
    private let executor = WorldExecutor()
    /// Microseconds of the simulation since 1970.
    private var now = Timestamp("2026-01-05T00:00:00Z")?.microseconds ?? 0
    /// The number of jobs that were run.
    private(set) var steps = 0

    /// Runs the body and all its tasks to the end; false if they get stuck.
    func run(seed: UInt64, _ body: @escaping @Sendable () async -> Void) -> Bool {
        dice = SeededGenerator(seed: seed)
        task_hook_take_work { job in
            guard let job else { return }
            World.current.ready.append(.job(unsafeBitCast(job, to: UnownedJob.self)))
        }
        let end = End()
        Task.detached {
            await body()
            end.isReached = true
        }
        while !end.isReached { guard step() else { return false } }
        return true
    }

    private final class End: @unchecked Sendable { var isReached = false }

    private func step() -> Bool {
        steps += 1
        guard !ready.isEmpty else { return wakeNext() }
        ready.swapAt(Int.random(in: ready.indices, using: &dice), ready.count - 1)
        switch ready.removeLast() {
        case .job(let job): job.runSynchronously(on: executor.asUnownedTaskExecutor())
        case .body(let body): body()
        }
        return true
    }

    private func wakeNext() -> Bool {
        let next = sleepers.indices.min {
            (sleepers[$0].until, sleepers[$0].number) < (sleepers[$1].until, sleepers[$1].number)
        }
        guard let next else { return false }
        let sleeper = sleepers.remove(at: next)
        now = max(now, sleeper.until)
        sleeper.continuation.resume()
        return true
    }

    // MARK: What the simulated hub uses

    var clock: HubClock {
        HubClock {
            Timestamp(microseconds: World.current.now)
        } sleep: {
            try await World.current.sleep($0)
        }
    }

    /// Runs the body later, as a thread would.
    func begin(_ body: @escaping @Sendable () -> Void) { ready.append(.body(body)) }

    func random(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &dice) }

    func chance() -> Double { Double.random(in: 0..<1, using: &dice) }

    func sleep(_ duration: Duration) async throws {
        sleepCount += 1
        let (number, until) = (sleepCount, now + Int64(duration / .microseconds(1)))
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation {
                (continuation: CheckedContinuation<Void, any Error>) in
                guard !Task.isCancelled else {
                    return continuation.resume(throwing: CancellationError())
                }
                sleepers.append(.init(until: until, number: number, continuation: continuation))
            }
        } onCancel: {
            World.current.wake(number)
        }
    }

    private func wake(_ number: Int) {
        guard let index = sleepers.firstIndex(where: { $0.number == number }) else { return }
        sleepers.remove(at: index).continuation.resume(throwing: CancellationError())
    }
}

/// Identifies the simulation's thread to Swift's runtime.
private final class WorldExecutor: TaskExecutor {
    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        World.current.begin { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
