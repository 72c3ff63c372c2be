import Glibc
package import Governance
import Storage
import Synchronization

/// Runs work that may take long on its own threads, which are shared out among parties, and among
/// addresses without a token.
///
/// Swift's tasks run on as many threads as the machine has processors. Reading a body of megabytes
/// there, or writing such an answer, would keep other requests waiting. On its own threads, such
/// work shares the processors with the others, as the operating system decides.
package final class LongWork: Sendable {
    /// Shorter bodies and answers are read and written on the thread of their request: changing
    /// threads would take longer.
    package static let leastBytes = 64 * 1_024
    /// The threads for each processor, and the minimum; one party may use half of them, one
    /// address a quarter.
    private static let threadsPerProcessor = 2
    private static let leastThreads = 4

    private let threads: SharedThreads
    /// The executors in use, and the number of their users.
    private let executors = Mutex<[Sharer: (executor: SharerExecutor, uses: Int)]>([:])

    /// Runs a body on a thread that has no other work; false when the system cannot create one.
    package typealias Beginning = @Sendable (@escaping @Sendable () -> Void) -> Bool

    /// `begin` runs work in place of threads, for a single-threaded process that chooses itself what runs
    /// next.
    package init(
        threads: Int? = nil,
        begin: @escaping Beginning = { OwnThread.run($0) }
    ) {
        let processors = max(Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))), 1)
        self.threads = SharedThreads(
            count: threads ?? max(Self.leastThreads, processors * Self.threadsPerProcessor),
            begin
        )
    }

    /// Runs the body, with all that it calls, on a thread of the sharer's share.
    ///
    /// While the body is suspended, its thread is free for others.
    package func run<Answer: Sendable, Failure: Error>(
        for sharer: Sharer,
        _ body: () async throws(Failure) -> Answer
    ) async throws(Failure) -> Answer {
        let executor = borrow(sharer)
        defer { giveBack(sharer) }
        return try await withTaskExecutorPreference(executor, operation: body)
    }

    /// Whether reading or writing this many bytes is long work.
    package static func isLong(_ bytes: Int) -> Bool { bytes >= leastBytes }

    /// One executor for each sharer, so that work stays where it is.
    private func borrow(_ sharer: Sharer) -> SharerExecutor {
        executors.withLock { executors in
            let known = executors[sharer]
            let executor = known?.executor ?? SharerExecutor(sharer: sharer, threads: threads)
            executors[sharer] = (executor, (known?.uses ?? 0) + 1)
            return executor
        }
    }

    /// Releases the executor of a sharer without work: there may be as many as addresses.
    private func giveBack(_ sharer: Sharer) {
        executors.withLock { executors in
            guard let known = executors[sharer] else { return }
            executors[sharer] = known.uses > 1 ? (known.executor, known.uses - 1) : nil
        }
    }

    /// The number of sharers with work.
    var sharerCount: Int { executors.withLock(\.count) }
}

/// Runs the long work of one sharer.
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

    /// A piece of work: a task until it next waits.
    struct Work: Sendable {
        let job: UnownedJob
        let executor: SharerExecutor

        func run() { job.runSynchronously(on: executor.asUnownedTaskExecutor()) }
    }
}

/// A limited number of threads, which end when there is no work.
private final class SharedThreads: Sendable {
    private typealias Queue = DividedQueue<Party, AddressBlock, SharerExecutor.Work>
    private typealias Turn = (element: SharerExecutor.Work, holder: Party, part: AddressBlock?)

    private let queue: Mutex<Queue>
    private let begin: LongWork.Beginning

    init(count: Int, _ begin: @escaping LongWork.Beginning) {
        queue = Mutex(Queue(places: count, dividing: .anonymous))
        self.begin = begin
    }

    func run(_ work: SharerExecutor.Work, for sharer: Sharer) {
        queue.withLock { $0.append(work, of: sharer.party, sharer.address) }
        startThreads()
    }

    private func startThreads() {
        while let turn = queue.withLock({ $0.popNext() }) {
            // Without threads the system has other problems: running the work here is better than
            // not at all.
            if !begin({ [self] in work(off: turn) }) { work(off: turn) }
        }
    }

    /// Runs the work and then the waiting work, one after the other.
    private func work(off first: Turn) {
        var next = Optional(first)
        while let (work, party, address) = next {
            work.run()
            next = queue.withLock { queue in
                queue.giveBack(party, address)
                return queue.popNext()
            }
            // The place that became free may let more than one begin.
            startThreads()
        }
    }
}
