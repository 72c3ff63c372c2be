import ArgumentParser
import CityServices
import ContextModel
import Foundation
import Gateway
import Glibc
import Governance
import Services

/// `balai network`: runs the cities of the ASEAN Smart Cities Network on this machine, each with a hub of its own.
struct NetworkCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "network",
        abstract: "Run the cities of the ASEAN Smart Cities Network, as many hubs on this machine.",
        discussion: """
            Each city has a hub with a database, a key and the law of its state; its devices are simulated. All are \
            members of one network, and each asks the others. The data is kept: the next start goes on with it. The first \
            city is at the port, each other one at the next.
            """
    )

    @Option(help: "Folder for the data of all cities; created if need be.")
    var data = "balai-network-data"
    @Option(help: "The port of the first city.") var port = 2026
    @Option(help: "How many cities.") var cities = NetworkCity.all.count
    @Option(help: "trace, debug, info, notice, warning or error.") var logLevel = "warning"

    func validate() throws {
        guard (1...NetworkCity.all.count).contains(cities) else {
            throw ValidationError("--cities: there are 1 to \(NetworkCity.all.count).")
        }
        guard (1...65_535 - cities).contains(port) else {
            throw ValidationError("--port: \(port) leaves no room for \(cities) ports.")
        }
    }

    func run() async throws {
        try await reportingErrors {
            let run = NetworkRun(
                folder: try DataFolder(creating: data).path,
                port: port,
                cities: Array(NetworkCity.all.prefix(cities)),
                logLevel: logLevel
            )
            try await run.run()
        }
    }
}

/// `balai network-city`: one city of `balai network`, in a process of its own.
struct NetworkCityCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "network-city",
        abstract: "Run one city of `balai network`.",
        shouldDisplay: false
    )

    @OptionGroup var hub: HubOptions
    @Argument(help: "The city's name.") var city: String

    func run() async throws {
        try await reportingErrors {
            guard let city = NetworkCity.all.first(where: { $0.name == city }) else {
                throw StartError(.usage, "'\(city)' is no city of the network.")
            }
            Self.endWithParent()
            try await HubRun(
                configuration: try await configuration(of: city),
                services: [NetworkCityService(city)],
                rereading: { try await configuration(of: city) }
            )
            .run()
        }
    }

    private func configuration(of city: NetworkCity) async throws -> HubConfiguration {
        var configuration = try await hub.configuration()
        configuration.furtherPermissions += Self.permissions
        configuration.pages.timeZone = city.timeZone
        return configuration
    }

    /// Ends this program when the command that started it has ended, however: then its input ends.
    private static func endWithParent() {
        Thread.detachNewThread {
            var byte: UInt8 = 0
            while true {
                let count = read(STDIN_FILENO, &byte, 1)
                if count == 0 || count < 0 && errno != EINTR { break }
            }
            kill(getpid(), SIGTERM)
        }
    }

    /// What may be done with the data of a city: open data by everybody, the rest by the hubs of the network, as far as
    /// the law of the state lets it.
    private static let permissions: [Permission] = [
        Permission(
            assignee: .anyone,
            actions: [.read, .measure],
            target: types("AirQualityObserved", "WeatherObserved", "KeyPerformanceIndicator"),
            name: "open data"
        ),
        Permission(
            assignee: .otherRole(Caller.hubRole),
            actions: [.read],
            target: types("TrafficFlowObserved"),
            name: "other cities"
        ),
        Permission(
            assignee: .otherRole(Caller.hubRole),
            actions: [.read],
            target: types("Visit"),
            purposes: [Purpose("dpv:PublicHealth")],
            name: "clinics of other cities"
        ),
    ]

    private static func types(_ names: String...) -> Condition {
        .any(of: names.map { .type(LDContext.core.expand($0)) })
    }
}
