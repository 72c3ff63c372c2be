import Logging

/// Runs the jobs of a service while the hub runs.
package struct JobRunner: Sendable {
    /// The pause before a failed job is started again.
    package static let pauseSeconds: Int64 = 10

    private let jobs: [ServiceJob]
    private let context: ServiceContext

    package init(_ module: any ServiceModule, _ context: ServiceContext) {
        jobs = module.jobs
        self.context = context
    }

    /// Returns when every job has ended, or when the task is cancelled.
    package func run() async {
        await withDiscardingTaskGroup { group in
            for job in jobs { group.addTask { await runRepeatedly(job) } }
        }
    }

    private func runRepeatedly(_ job: ServiceJob) async {
        while !Task.isCancelled {
            do {
                try await job.run(context)
                return
            } catch is CancellationError {
                return
            } catch {
                context.logger.error("the job '\(job.name)' failed: \(error)")
            }
            do { try await context.sleep(Self.pauseSeconds) } catch { return }
        }
    }
}
