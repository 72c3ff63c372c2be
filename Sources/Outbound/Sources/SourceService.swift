package import Broker
package import Collect
package import ContextModel
import Logging
import ServiceLifecycle

/// Connects the hub to its sources: brokers that it listens to, and addresses that it asks.
///
/// It follows the sources: one that is new or changed is connected, one that is paused or removed
/// is not.
package struct SourceService: Service {
    private let hub: Hub
    private let web: OutboundWeb
    private let secrets: SourceSecrets
    /// The connections by which commands go to devices.
    private let connections = DeviceConnections()
    /// Whether this process does the work for the tenant that only one process may do.
    private let isInCharge: @Sendable (TenantName?) async throws -> Bool

    /// A definition in force; another one needs another connection.
    private struct Running {
        var source: LiveSource
        var task: Task<Void, Never>
    }

    package init(
        _ hub: Hub,
        _ web: OutboundWeb,
        _ secrets: SourceSecrets,
        isInCharge: @escaping @Sendable (TenantName?) async throws -> Bool
    ) {
        self.hub = hub
        self.web = web
        self.secrets = secrets
        self.isInCharge = isInCharge
    }

    /// Runs until the program ends; what was not acknowledged then comes again.
    package func run() async throws {
        let signals = hub.sourcing.makeSignals()
        await cancelWhenGracefulShutdown {
            let silence = Task { await noteSilence() }
            let commands = Task { await sendCommands() }
            var running: [SourceKey: Running] = [:]
            await follow(&running)
            for await _ in signals { await follow(&running) }
            for one in running.values { one.task.cancel() }
            for one in running.values { await one.task.value }
            for task in [silence, commands] { task.cancel() }
            for task in [silence, commands] { await task.value }
        }
    }

    /// Marks things that should report and do not, every few seconds.
    private func noteSilence() async {
        while (try? await hub.clock.sleep(for: Self.pause)) != nil {
            do {
                if try await isInCharge(nil) { try await hub.sourcing.noteSilence() }
            } catch {
                hub.logger.error("silent things cannot be marked: \(error)")
            }
        }
    }

    private func sendCommands() async {
        let isInCharge = isInCharge
        await CommandSender(hub, web, connections) { try await isInCharge(nil) }.run()
    }

    /// Starts what is to run and does not, and stops what is not to run any more.
    private func follow(_ running: inout [SourceKey: Running]) async {
        var wanted: [SourceKey: LiveSource] = [:]
        for source in hub.sourcing.all where !source.kept.isPaused { wanted[source.key] = source }
        for (key, one) in running where wanted[key] !== one.source {
            one.task.cancel()
            await one.task.value
            running[key] = nil
        }
        for (key, source) in wanted where running[key] == nil {
            guard let work = work(source) else { continue }
            running[key] = Running(source: source, task: Task { await work() })
        }
    }

    /// The work that a source needs; nil for one to which messages come by themselves.
    private func work(_ source: LiveSource) -> (@Sendable () async -> Void)? {
        guard let definition = source.mapping.definition as? SourceDefinition else { return nil }
        let run: @Sendable () async -> Void
        switch definition.way {
        case .webhook, .watch: return nil
        case .mqtt(let topics):
            let publications =
                definition.isForDevices ? MQTTPublications(clock: hub.clock) : nil
            let subscriber = MQTTSubscriber(
                source: source,
                topics: topics,
                sourcing: hub.sourcing,
                secrets: secrets,
                hubName: hub.identity.name,
                clock: hub.clock,
                logger: hub.logger,
                publications: publications
            )
            run = { [connections] in
                if let publications { connections.put(publications, of: source.key) }
                await subscriber.run()
                if publications != nil { connections.put(nil, of: source.key) }
            }
        case .poll(let address):
            let poller = AddressPoller(
                source: source,
                address: address,
                sourcing: hub.sourcing,
                secrets: secrets,
                web: web,
                clock: hub.clock,
                logger: hub.logger
            )
            run = { await poller.run() }
        }
        return { [self] in
            while !Task.isCancelled, await !mayRun(source) {
                guard (try? await hub.clock.sleep(for: Self.pause)) != nil else { return }
            }
            await run()
        }
    }

    /// Between two questions whether this process is in charge, and between two looks for silence.
    private static let pause = Duration.seconds(5)

    private func mayRun(_ source: LiveSource) async -> Bool {
        do { return try await isInCharge(source.key.tenant) } catch {
            hub.logger.error("the source '\(source.key.name)' waits: \(error)")
            return false
        }
    }
}
