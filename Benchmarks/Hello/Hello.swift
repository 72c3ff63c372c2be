import Glibc
import Hummingbird
import Logging
import NIOCore

/// The bare server every figure is compared with: the hub's HTTP server with one route.
@main
enum Hello {
    static func main() async throws {
        // The usual handler writes its metadata out at each request, which the hub's does not.
        var logger = Logger(label: "hello") { _ in SwiftLogNoOpLogHandler() }
        logger.logLevel = .error
        let router = Router()
        router.get("hello") { _, _ in "hello" }
        let application = Application(
            router: router,
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in
                let line = "ready http://127.0.0.1:\(channel.localAddress?.port ?? 0)\n"
                // Not `print`, which keeps a line back when it goes into a pipe.
                _ = write(STDOUT_FILENO, line, line.utf8.count)
            },
            logger: logger
        )
        try await application.runService()
    }
}
