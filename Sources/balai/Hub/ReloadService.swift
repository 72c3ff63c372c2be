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
    /// Returns the names of changed settings that wait for a restart.
    let reload: @Sendable () async throws -> [String]

    func run() async throws {
        await cancelWhenGracefulShutdown {
            for await _ in signals {
                do {
                    let left = try await reload()
                    logger.notice("the configuration and the tokens were read again")
                    if !left.isEmpty {
                        let names = left.joined(separator: ", ")
                        logger.warning("what has changed here needs a restart: \(names)")
                    }
                } catch {
                    logger.error("the configuration and the tokens stay as they were: \(error)")
                }
            }
        }
    }
}
