import AsyncHTTPClient
import Broker
import ContextModel
import Governance
import Logging
import NIOCore
import NIOHTTP1
import Synchronization

/// Sends commands to devices as they are written: by HTTP to their endpoints, by MQTT through the
/// connection of the tenant's source for devices.
struct CommandSender: Sendable {
    let hub: Hub
    let web: OutboundWeb
    let connections: DeviceConnections
    let isInCharge: @Sendable () async throws -> Bool
    private let underway = Underway()

    /// The most commands being sent, which tenants share.
    private static let maximumUnderway = 64
    private static let timeout = TimeAmount.seconds(10)
    private static let maximumAnswerBytes = 64 << 10
    private static let pauseAfterError = Duration.seconds(5)
    private static let longestPause = Duration.seconds(60)

    /// What this process is sending.
    private final class Underway: Sendable {
        struct Name: Hashable {
            var source: SourceKey
            var device: String
            var command: String

            init(_ command: WaitingCommand) {
                source = command.source
                device = command.device
                self.command = command.command
            }
        }
        let names = Mutex<Set<Name>>([])
        /// The places that each tenant has.
        var shares: FairShares<TenantName?> {
            let tenants = names.withLock { $0.map(\.source.tenant) }
            let places = Dictionary(grouping: tenants) { $0 }.mapValues(\.count)
            return FairShares(capacity: CommandSender.maximumUnderway, places: places)
        }
    }

    init(
        _ hub: Hub,
        _ web: OutboundWeb,
        _ connections: DeviceConnections,
        isInCharge: @escaping @Sendable () async throws -> Bool
    ) {
        self.hub = hub
        self.web = web
        self.connections = connections
        self.isInCharge = isInCharge
    }

    /// Runs until its task is cancelled.
    func run() async {
        let signals = hub.sourcing.makeCommandSignals()
        await withDiscardingTaskGroup { group in
            // Commands that no device asks for expire with time alone.
            group.addTask { [hub] in
                while (try? await hub.clock.sleep(for: Self.longestPause)) != nil {
                    hub.sourcing.signalCommands()
                }
            }
            await begin(&group)
            for await _ in signals { await begin(&group) }
            group.cancelAll()
        }
    }

    /// Begins to send what waits.
    private func begin(_ group: inout DiscardingTaskGroup) async {
        do {
            guard try await isInCharge() else { return later() }
        } catch {
            hub.logger.error("commands to devices cannot be taken up: \(error)")
            return later()
        }
        // What is settled while the others are looked at was on its way when these were listed.
        let names = underway.names.withLock { $0 }
        let taken = await hub.sourcing.takeUpCommands(within: underway.shares) {
            names.contains(.init($0))
        }
        for (command, target) in taken.commands {
            underway.names.withLock { _ = $0.insert(.init(command)) }
            group.addTask { await self.finish(command, await self.send(command, target)) }
        }
        guard let failure = taken.failures.first else { return }
        hub.logger.error("some commands to devices cannot be taken up: \(failure)")
        later()
    }

    /// Looks again after a pause.
    private func later() {
        Task { [hub] in
            try await hub.clock.sleep(for: Self.pauseAfterError)
            hub.sourcing.signalCommands()
        }
    }

    private func finish(_ command: WaitingCommand, _ outcome: CommandOutcome) async {
        do { try await hub.sourcing.settle(command, outcome) } catch {
            hub.logger.error("the outcome of a command cannot be stored: \(error)")
        }
        underway.names.withLock { _ = $0.remove(.init(command)) }
        // A newer command may have come for the same device.
        hub.sourcing.signalCommands()
    }

    private func send(_ command: WaitingCommand, _ target: CommandTarget) async -> CommandOutcome {
        switch target {
        case .mqtt(let topic):
            guard let publications = connections.publications(like: command.source) else {
                return .failed("No source with the format `devices` is connected to a broker.")
            }
            return await publications.publish(command.body.serialized, to: topic)
        case .http(let url, let tenant, let path):
            do { return try await post(command, url, tenant, path) } catch {
                return .failed(Self.reason(error))
            }
        }
    }

    private func post(
        _ command: WaitingCommand,
        _ url: String,
        _ tenant: String,
        _ path: String
    ) async throws -> CommandOutcome {
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        request.headers.add(name: "User-Agent", value: OutboundWeb.userAgent)
        request.headers.add(name: "Content-Type", value: "application/json")
        request.headers.add(name: "Fiware-Service", value: tenant)
        request.headers.add(name: "Fiware-ServicePath", value: path)
        request.body = .bytes(command.body.serialized)
        let response = try await web.client.execute(request, deadline: .now() + Self.timeout)
        guard (200..<300).contains(response.status.code) else {
            return .failed("The device answered \(response.status.code).")
        }
        let body = Array(
            buffer: try await response.body.collect(upTo: Self.maximumAnswerBytes)
        )
        let answer = try? JSONReader.read(body).objectValue
        return .delivered(result: answer?[command.command])
    }

    private static func reason(_ error: any Error) -> String {
        switch error as? HTTPClientError {
        case .deadlineExceeded?, .readTimeout?, .connectTimeout?:
            "The device did not answer in time."
        case let known?: "The device cannot be reached (\(known.shortDescription))."
        case nil:
            error is NIOTooManyBytesError
                ? "The device's answer is too long." : "The device cannot be reached."
        }
    }
}
