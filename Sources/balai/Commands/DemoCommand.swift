import ArgumentParser
import ContextModel
import Governance

/// `balai demo`: a hub with a demo city in it.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Run a hub with a demo city (simulated devices in Phuket).",
        discussion: """
            Everything in the demo city may be read by anyone; writing needs the operator's token
            in DIR/operator.token. The data is kept: the next start goes on with it.
            """
    )

    @OptionGroup var hub: HubOptions

    func run() async throws {
        try await reportingErrors {
            var configuration = try await hub.configuration()
            if hub.data == nil { configuration.dataFolder = Self.dataFolder }
            configuration.policy.permissions.append(Self.everythingIsPublic)
            // The demo city's driver joins here: a service that gets the hub's URL and token.
            try await HubRun(configuration: configuration, companion: nil).run()
        }
    }

    private static let dataFolder = "balai-demo-data"

    /// A demo folder holds nothing but simulated data.
    private static let everythingIsPublic = Permission(
        assignee: .anyone,
        actions: [.read],
        target: .everything
    )
}
