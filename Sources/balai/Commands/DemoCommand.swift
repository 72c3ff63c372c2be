import ArgumentParser
import ContextModel
import Gateway
import Governance
import Services

/// `balai demo`: runs a hub with a demo city in it.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Run a hub with a demo city (simulated devices in Phuket).",
        discussion: """
            Everything in the demo city may be read by anyone but what is about its invented \
            people; writing needs the operator's token in DIR/operator.token. The data is kept: the next start goes on with it. The folder of \
            another hub is refused.
            """
    )

    @OptionGroup var hub: HubOptions

    func run() async throws {
        try await reportingErrors {
            var configuration = try await hub.configuration()
            if hub.data == nil { configuration.dataFolder = Self.dataFolder }
            try DataFolder(creating: configuration.dataFolder).becomeDemo()
            configuration.furtherPermissions.append(Self.everythingIsPublic)
            configuration.pages.cityName = "Phuket"
            configuration.pages.timeZone = "Asia/Bangkok"
            let services: [any ServiceModule] = [
                KnownServices.demoCity, KnownServices.demoPeople,
            ]
            try await HubRun(configuration: configuration, services: services).run()
        }
    }

    private static let dataFolder = "balai-demo-data"

    /// The folder of a demo has only simulated data.
    private static let everythingIsPublic = Permission(
        assignee: .anyone,
        actions: [.read, .measure],
        target: .everything
    )
}
