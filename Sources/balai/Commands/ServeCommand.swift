import ArgumentParser
import Gateway

/// `balai serve`: runs a hub.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run a hub.",
        discussion: """
            Prints one line, "ready http://HOST:PORT", once the hub answers; logs go to standard \
            error. SIGTERM and SIGINT stop it cleanly: what was accepted is kept. SIGHUP makes it \
            read tokens and policy again.

            A hub is closed: writing needs a token (the operator's is in DIR/operator.token), and \
            without one only what the configuration makes public can be read.
            """
    )

    @OptionGroup var hub: HubOptions

    @Flag(help: "Make everybody the operator; for trying out, on a loopback address only.")
    var open = false

    @Flag(
        help: "Give databases a newer schema without a backup first, when there is no room for one."
    )
    var withoutBackup = false

    func run() async throws {
        try await reportingErrors {
            var configuration = try await hub.configuration()
            configuration.gateway.isOpen = open
            let options = hub
            try await HubRun(
                configuration: configuration,
                rereading: { try await options.configuration() },
                backsUpBeforeMigration: !withoutBackup
            ).run()
        }
    }
}
