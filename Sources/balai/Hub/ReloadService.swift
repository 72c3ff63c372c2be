import Logging
import ServiceLifecycle
import UnixSignals

/// Takes up tokens and policy anew at SIGHUP, as operators expect of a service.
///
/// What is wrong then is told to the log, and what was in force before stays so.
struct ReloadService: Service {
    /// Taken from before the hub is ready: SIGHUP ends a program that does not.
    let signals: UnixSignalsSequence
    let logger: Logger
    let reload: @Sendable () async throws -> Void

    func run() async throws {
        await cancelWhenGracefulShutdown {
            for await _ in signals {
                do {
                    try await reload()
                    logger.notice("tokens and policy were read again; all else needs a restart")
                } catch {
                    logger.error("tokens and policy stay as they were: \(error)")
                }
            }
        }
    }
}
