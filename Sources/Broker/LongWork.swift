import Glibc
package import Governance
import Storage
import Synchronization

/// Runs what may take long on threads of its own, shared out among the parties, and by address among those
/// without a token.
///
/// The tasks of the language run on as many threads as the machine has processors: a body of
/// megabytes that is read there, or an answer of megabytes that is written there, would keep
/// everybody else's requests waiting. On threads of its own such work shares the processors with the
/// others, and the system sees to it that nobody waits for long.
package final class LongWork: Sendable {
    /// Bodies and answers of fewer bytes are read and written where their request is: to change the
    /// thread would take longer.
    package static let leastBytes = 64 * 1_024
    /// Threads for each processor, and at least; a party alone has half of them, an address a quarter.
    private static let threadsPerProcessor = 2
    private static let leastThreads = 4

    private let threads: SharedThreads
    /// Those that run something, and how much.
    private let executors = Mutex<[Sharer: (executor: SharerExecutor, uses: Int)]>([:])

    package init(threads: Int? = nil) {
        let processors = max(Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))), 1)
        self.threads = SharedThreads(
            count: threads ?? max(Self.leastThreads, processors * Self.threadsPerProcessor)
        )
    }

    /// Runs the body on a thread of the sharer's share, and so whatever it calls and waits for.
    ///
    /// A body that suspends gives its thread to others meanwhile.
    package func run<Answer: Sendable, Failure: Error>(
        for sharer: Sharer,
        _ body: () async throws(Failure) -> Answer
    ) async throws(Failure) -> Answer {
        let executor = borrow(sharer)
        defer { giveBack(sharer) }
        return try await withTaskExecutorPreference(executor, operation: body)
    }

    /// Whether there is so much to read or to write that it is long work.
    package static func isLong(_ bytes: Int) -> Bool { bytes >= leastBytes }

    /// One for each sharer, so that work which is there already stays where it is.
    private func borrow(_ sharer: Sharer) -> SharerExecutor {
        executors.withLock { executors in
            let known = executors[sharer]
            let executor = known?.executor ?? SharerExecutor(sharer: sharer, threads: threads)
            executors[sharer] = (executor, (known?.uses ?? 0) + 1)
            return executor
        }
    }

    /// Forgets the executor of a sharer that has nothing to do, for there are as many as addresses.
    private func giveBack(_ sharer: Sharer) {
        executors.withLock { executors in
            guard let known = executors[sharer] else { return }
            executors[sharer] = known.uses > 1 ? (known.executor, known.uses - 1) : nil
        }
    }

    /// How many sharers have something to do.
    var sharerCount: Int { executors.withLock(\.count) }
}

/// Where the long work of one sharer runs.
private final class SharerExecutor: TaskExecutor {
    private let sharer: Sharer
    private let threads: SharedThreads

    init(sharer: Sharer, threads: SharedThreads) {
        self.sharer = sharer
        self.threads = threads
    }

    func enqueue(_ job: consuming ExecutorJob) {
        threads.run(Work(job: UnownedJob(job), executor: self), for: sharer)
    }

    /// A piece of work: what a task does until it waits for something.
    struct Work: Sendable {
        let job: UnownedJob
        let executor: SharerExecutor

        func run() { job.runSynchronously(on: executor.asUnownedTaskExecutor()) }
    }
}

/// So many threads at most, which end when there is nothing to do.
private final class SharedThreads: Sendable {
    private typealias Queue = DividedQueue<Party, AddressBlock, SharerExecutor.Work>
    private typealias Turn = (element: SharerExecutor.Work, holder: Party, part: AddressBlock?)

    private let queue: Mutex<Queue>

    init(count: Int) { queue = Mutex(Queue(places: count, dividing: .anonymous)) }

    func run(_ work: SharerExecutor.Work, for sharer: Sharer) {
        queue.withLock { $0.append(work, of: sharer.party, sharer.address) }
        startThreads()
    }

    private func startThreads() {
        while let turn = queue.withLock({ $0.popNext() }) {
            // Without threads the system has other cares: better here than not at all.
            if !OwnThread.run({ [self] in work(off: turn) }) { work(off: turn) }
        }
    }

    /// Does the work, and then what waits, one after the other.
    private func work(off first: Turn) {
        var next = Optional(first)
        while let (work, party, address) = next {
            work.run()
            next = queue.withLock { queue in
                queue.giveBack(party, address)
                return queue.popNext()
            }
            // The place given back may let more than one begin.
            startThreads()
        }
    }
}
