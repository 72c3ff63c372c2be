import ArgumentParser
import Collect
import ContextModel
import Foundation
import Gateway
import Governance
import Logging
import Outbound
import ServiceLifecycle

/// `balai demo`: a hub with a demo city in it.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Run a hub with a demo city (simulated devices in Phuket).",
        discussion: """
            Everything in the demo city may be read by anyone; writing needs the operator's token \
            in DIR/operator.token. The data is kept: the next start goes on with it. The folder of \
            another hub is refused.
            """
    )

    @OptionGroup var hub: HubOptions

    func run() async throws {
        try await reportingErrors {
            var configuration = try await hub.configuration()
            if hub.data == nil { configuration.dataFolder = Self.dataFolder }
            try DataFolder(creating: configuration.dataFolder).becomeDemo()
            configuration.policy.permissions.append(Self.everythingIsPublic)
            configuration.pages.cityName = "Phuket"
            configuration.pages.timeZone = "Asia/Bangkok"
            let driver: HubRun.Companion = { DemoService(hub: $0) }
            try await HubRun(configuration: configuration, companion: driver).run()
        }
    }

    /// The same city at each start, so that a later one tells the same past.
    static let seed: UInt64 = 1026

    private static let dataFolder = "balai-demo-data"

    /// A demo folder holds nothing but simulated data.
    private static let everythingIsPublic = Permission(
        assignee: .anyone,
        actions: [.read, .measure],
        target: .everything
    )
}

/// Drives the demo city into the running hub.
struct DemoService: Service {
    let hub: HubAddress

    func run() async throws {
        let logger = Logger(label: "demo")
        let driver = DemoDriver(
            city: DemoCity(seed: DemoCommand.seed),
            hub: HTTPHub(base: hub.url, token: hub.operatorToken),
            clock: { Timestamp(Date()) },
            sleep: { try await Task.sleep(for: .seconds($0)) },
            tell: { logger.warning("\($0)") }
        )
        await cancelWhenGracefulShutdown { await driver.run() }
    }
}
