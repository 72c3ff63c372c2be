import NIOCore

/// Runs tasks on the event loop of a connection, so that what they write needs no change of threads.
///
/// A task that computes for long keeps the other connections of the loop waiting: `LongWork` has
/// threads for that.
final class LoopExecutor: TaskExecutor {
    private let loop: any EventLoop

    init(_ loop: any EventLoop) { self.loop = loop }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
