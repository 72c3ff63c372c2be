import Logging
import ServiceLifecycle
import UnixSignals

/// Reads tokens and the configuration again at SIGHUP, as usual for services.
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
                    logger.notice(
                        "tokens, issuers and services were read again; the rest needs a restart"
                    )
                } catch {
                    logger.error("tokens, issuers and services stay as they were: \(error)")
                }
            }
        }
    }
}
