import Glibc
package import Governance
import Storage
import Synchronization

/// Runs what may take long on threads of its own, shared out among the parties.
///
/// The tasks of the language run on as many threads as the machine has processors: a body of
/// megabytes that is read there, or an answer of megabytes that is written there, would keep
/// everybody else's requests waiting. On threads of its own such work shares the processors with the
/// others, and the system sees to it that nobody waits for long.
package final class LongWork: Sendable {
    /// Bodies and answers of fewer bytes are read and written where their request is: to change the
    /// thread would take longer.
    package static let leastBytes = 64 * 1_024
    /// Threads for each processor, and at least; a party alone has half of them.
    private static let threadsPerProcessor = 2
    private static let leastThreads = 4

    private let threads: SharedThreads
    private let executors = Mutex<[Party: PartyExecutor]>([:])

    package init(threads: Int? = nil) {
        let processors = max(Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))), 1)
        self.threads = SharedThreads(
            count: threads ?? max(Self.leastThreads, processors * Self.threadsPerProcessor)
        )
    }

    /// Runs the body on a thread of the party's share, and so whatever it calls and waits for.
    ///
    /// A body that suspends gives its thread to others meanwhile.
    package func run<Answer: Sendable, Failure: Error>(
        for party: Party,
        _ body: () async throws(Failure) -> Answer
    ) async throws(Failure) -> Answer {
        try await withTaskExecutorPreference(executor(for: party), operation: body)
    }

    /// Whether there is so much to read or to write that it is long work.
    package static func isLong(_ bytes: Int) -> Bool { bytes >= leastBytes }

    /// One for each party, so that work which is there already stays where it is.
    private func executor(for party: Party) -> PartyExecutor {
        executors.withLock { executors in
            if let known = executors[party] { return known }
            let made = PartyExecutor(party: party, threads: threads)
            executors[party] = made
            return made
        }
    }
}

/// Where the long work of one party runs.
private final class PartyExecutor: TaskExecutor {
    private let party: Party
    private let threads: SharedThreads

    init(party: Party, threads: SharedThreads) {
        self.party = party
        self.threads = threads
    }

    func enqueue(_ job: consuming ExecutorJob) {
        threads.run(Work(job: UnownedJob(job), executor: self), for: party)
    }

    /// A piece of work: what a task does until it waits for something.
    struct Work: Sendable {
        let job: UnownedJob
        let executor: PartyExecutor

        func run() { job.runSynchronously(on: executor.asUnownedTaskExecutor()) }
    }
}

/// So many threads at most, which end when there is nothing to do.
private final class SharedThreads: Sendable {
    private typealias Turn = (element: PartyExecutor.Work, holder: Party)

    private let queue: Mutex<FairQueue<Party, PartyExecutor.Work>>

    init(count: Int) { queue = Mutex(FairQueue(places: count)) }

    func run(_ work: PartyExecutor.Work, for party: Party) {
        queue.withLock { $0.append(work, of: party) }
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
        while let (work, party) = next {
            work.run()
            next = queue.withLock { queue in
                queue.giveBack(party)
                return queue.popNext()
            }
            // The place given back may let more than one begin.
            startThreads()
        }
    }
}
