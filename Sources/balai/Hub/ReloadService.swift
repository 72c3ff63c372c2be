import Logging
import ServiceLifecycle
import UnixSignals

/// Reads tokens and policy again at SIGHUP, as usual for services.
///
/// Errors are logged, and then the present ones stay in force.
struct ReloadService: Service {
    /// Created before the hub is ready, because an unhandled SIGHUP ends the program.
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
