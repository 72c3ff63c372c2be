import Broker
import CMalloc
import ContextModel
import CoreMetrics
import Foundation
import Gateway
import Governance
import Logging
import NIOCore
import Outbound
import ServiceLifecycle
import Services
import Storage
import StorageSQLite
import UnixSignals

/// Creates a hub, runs it and stops it: first the server, then the services behind it, and the
/// store last, so that everything accepted is stored.
struct HubRun: Sendable {
    /// Reads the configuration again.
    typealias Rereading = @Sendable () async throws -> HubConfiguration
    /// Makes what answers by a configuration, and returns what has it in force.
    private typealias Preparing = @Sendable (HubConfiguration) throws -> () -> Void

    var configuration: HubConfiguration
    /// The services of the city that run in the hub.
    var services: [any ServiceModule] = []
    /// Called at SIGHUP; without it, that signal ends the hub.
    var rereading: Rereading?
    /// Whether databases are backed up before they get a newer schema.
    var backsUpBeforeMigration = true

    /// Returns after a clean stop.
    func run() async throws {
        try refuseOpenToTheWorld()
        // Only their owner can read the files of the hub.
        umask(0o077)
        raiseFileLimit()
        returnFreedMemory()
        // Without this, a limit on the size of files would kill the program.
        signal(SIGXFSZ, SIG_IGN)
        let registry = MetricRegistry()
        MetricsSystem.bootstrap(registry)
        let health = HealthLog(
            registry: registry,
            version: Balai.version,
            startedAt: Timestamp(Date())
        )
        let logger = startLogging(health)
        let folder = try DataFolder(creating: configuration.dataFolder)
        let tls = try configuration.tls.map { try TLSWatch($0, logger: logger) }
        try prepareDatabases(folder, logger)
        let tokens = try await TokenWatch(
            folder: folder,
            publicURL: configuration.publicURL,
            hasTLS: configuration.tls != nil,
            logger: logger
        )
        let clock = ClockWatch(logger: logger, lastWrittenAt: folder.lastWrittenAt)
        let store = try openStore(folder)
        do {
            try await serve(store, folder, tokens, tls, clock, registry, health, logger)
        } catch let error as IOError where error.errnoCode == EADDRINUSE {
            throw StartError(
                .address,
                "\(configuration.gateway.host):\(configuration.gateway.port) is taken by another "
                    + "program; choose another with --port."
            )
        } catch let error as IOError {
            throw StartError(
                .address,
                "\(configuration.gateway.host):\(configuration.gateway.port) cannot be listened "
                    + "on: \(error.localizedDescription)"
            )
        }
    }

    private func serve(
        _ store: any Store,
        _ folder: DataFolder,
        _ tokens: TokenWatch,
        _ tls: TLSWatch?,
        _ clock: ClockWatch,
        _ registry: MetricRegistry,
        _ health: HealthLog,
        _ logger: Logger
    ) async throws {
        let record = try RecordService(
            in: folder,
            of: configuration.publicURL,
            following: configuration.followedRecords,
            inNetwork: configuration.networkState != nil,
            logger
        )
        let parts = try await hubParts(store, record.record, logger)
        do { try await takeUp(parts, tokens, clock) } catch {
            try await parts.web.shutdown()
            throw error
        }
        let hosted = await takeUpServices(in: parts.hub)
        let publishing = record.publishing(
            configuration.witnesses,
            parts.hub.networking,
            parts.web
        )
        let routed = RoutedParts(
            hub: parts.hub,
            publisher: publishing.publisher,
            desk: record.desk,
            services: hosted,
            folder: folder,
            city: try folder.keptCity(),
            signIn: tokens.signIn,
            registry: registry,
            health: health
        )
        try await joinNetwork(routed)
        let certificates = certificates(tls)
        let server = server(try routes(routed), routed, tokens, tls, certificates, logger)
        let live = LiveConfiguration(configuration)
        let sources = SourceService(parts.hub, parts.web, configuration.sourceSecrets) {
            try await parts.notifications.isInCharge(of: $0)
        }
        var services: [any Service] = [
            StoreService(store: store), record,
            HealthSampling(hub: parts.hub, log: health, folder: folder.path),
            parts.notifications, publishing, tokens, clock, server, sources,
        ]
        services += members(routed, parts.web) + housekeeping(live, store, parts, logger)
        if let tls { services.append(tls) }
        if !hosted.isEmpty { services.append(ServiceJobs(services: hosted)) }
        if let rereading {
            let prepare: Preparing = { configuration in
                var run = self
                run.configuration = configuration
                let routes = try run.routes(routed)
                return {
                    server.routes.replace(with: routes, configuration.gateway)
                    certificates?.replace(with: configuration.certificateParties)
                }
            }
            let reload = await reloading(live, parts, hosted, tokens, logger, rereading, prepare)
            services.append(reload)
        }
        try await keepRunning(services, logger)
    }

    /// Returns when the program was told to stop and all services have; throws when one of them fails.
    private func keepRunning(_ services: [any Service], _ logger: Logger) async throws {
        var group = ServiceGroupConfiguration(
            services: services,
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: logger
        )
        group.maximumGracefulShutdownDuration = Self.maximumStopDuration
        try await ServiceGroup(configuration: group).run()
    }

    /// Has identities, the hub's rules and the sources of files in force, before anybody is answered.
    private func takeUp(
        _ parts: HubParts,
        _ tokens: TokenWatch,
        _ clock: ClockWatch
    ) async throws {
        try await trust(configuration, tokens, parts.web)
        // A clock that was set back since then revives no rule.
        if let last = clock.lastWrittenAt { parts.hub.rules.advance(to: Timestamp(last)) }
        try await parts.hub.governing.keepRules(configuration.rules)
        let sources = try checkedSources(of: configuration, for: parts.hub)
        try await parts.hub.sourcing.adopt(sources)
    }

    /// The server, which says where it listens once it does.
    private func server(
        _ routes: RouteTable,
        _ parts: RoutedParts,
        _ tokens: TokenWatch,
        _ tls: TLSWatch?,
        _ certificates: ClientCertificates?,
        _ logger: Logger
    ) -> GatewayServer {
        let (hub, addressFile) = (parts.hub, AddressFile(parts.folder))
        let host = configuration.gateway.hostInURL
        return makeGateway(
            configuration.gateway,
            routes: routes,
            tokens: tokens.list,
            verifier: tokens.verifier,
            signIn: tokens.signIn,
            tls: tls?.tls,
            certificates: certificates,
            hubs: HubRequests(hub.networking),
            registry: parts.registry,
            logger: logger,
            onServerRunning: { channel in
                let port = channel.localAddress?.port ?? 0
                let url = "\(configuration.scheme)://\(host):\(port)"
                // Readers of this line use the port, so it is set before.
                hub.contextStore.serve(at: configuration.reachableURL(port: port))
                addressFile?.write(commandURL(port: port))
                // The hub also runs when nobody reads its output.
                try? StandardOutput.line("ready \(url)")
                showFirstLink(tokens, port: port)
            }
        )
    }

    /// The services of the city, with what they say of their data and what they subscribe to in force.
    private func takeUpServices(in hub: Hub) async -> [HostedService] {
        let hosted = services.filter(configuration.runs).map { module in
            HostedService(module, in: hub) { try await hub.clock.sleep(for: .seconds($0)) }
        }
        await HostedService.govern(hosted, in: hub)
        await HostedService.subscribe(hosted, in: hub)
        return hosted
    }

    /// What removes old history, and what has expired.
    private func housekeeping(
        _ live: LiveConfiguration,
        _ store: any Store,
        _ parts: HubParts,
        _ logger: Logger
    ) -> [any Service] {
        let retention = RetentionService(
            store: store,
            rules: { live.current.retention },
            classified: { try await parts.hub.governing.retention(of: $0) },
            clock: { Timestamp(Date()) },
            logger: logger
        )
        let expiry = ExpiryService(hub: parts.hub) {
            try await parts.notifications.isInCharge(of: $0)
        }
        return [retention, expiry]
    }

    /// Shows whoever starts a hub for the first time, at a terminal, how to sign in; a log is no place for
    /// that.
    private func showFirstLink(_ tokens: TokenWatch, port: Int) {
        guard let link = tokens.firstLink, !configuration.gateway.isOpen,
            isatty(STDOUT_FILENO) == 1
        else { return }
        let place = configuration.publicURL ?? localURL(port: port)
        try? StandardOutput.line(
            "sign in, once and within five minutes: \(place)/sign-in?link=\(link)"
        )
    }

    /// The URL of the hub for programs on this machine.
    private func localURL(port: Int) -> String {
        let host =
            switch configuration.gateway.host {
            case "0.0.0.0": "127.0.0.1"
            case "::": "[::1]"
            default: configuration.gateway.hostInURL
            }
        return "\(configuration.scheme)://\(host):\(port)"
    }

    /// The URL of the hub for its own commands: with TLS the one that its certificate is for.
    private func commandURL(port: Int) -> String {
        configuration.tls == nil
            ? localURL(port: port) : configuration.publicURL ?? localURL(port: port)
    }

    /// Who is identified by certificates; nil when nobody is.
    private func certificates(_ tls: TLSWatch?) -> ClientCertificates? {
        guard let tls, configuration.tls?.clientCertificates != nil else { return nil }
        return ClientCertificates(
            tls.tls,
            subjects: configuration.certificateParties,
            clock: TokenWatch.clock
        )
    }

    /// What reads the configuration again at SIGHUP, and has it in force: all of it, or nothing where it is wrong.
    private func reloading(
        _ live: LiveConfiguration,
        _ parts: HubParts,
        _ hosted: [HostedService],
        _ tokens: TokenWatch,
        _ logger: Logger,
        _ rereading: @escaping Rereading,
        _ prepare: @escaping Preparing
    ) async -> ReloadService {
        let signals = await UnixSignalsSequence(trapping: .sighup)
        let hub = parts.hub
        return ReloadService(signals: signals, logger: logger) {
            let read = try await rereading()
            let configuration = live.current.taking(read)
            // All that can be wrong with it comes first.
            let answerByIt = try prepare(configuration)
            let sources = try checkedSources(of: configuration, for: hub)
            try await hub.governing.compareRules(configuration.rules)
            try tokens.reloadAll()
            try await trust(configuration, tokens, parts.web)
            var run = self
            run.configuration = configuration
            try await run.takeUpMembers(hub)
            answerByIt()
            LogThreshold.common.level = configuration.logLevel
            let left = live.current.changesForRestart(in: read)
            live.current = configuration
            do { try await hub.following.enforce(policy(configuration)) } catch {
                logger.error(
                    "the new policy is in force here, but other processes were not notified: \(error)"
                )
            }
            do { try await hub.sourcing.adopt(sources) } catch {
                logger.error("not all sources of files could be taken up: \(error)")
            }
            // Subscribes again, because the policy before may have refused something.
            await HostedService.subscribe(hosted, in: hub)
            return left
        }
    }

    /// Has tokens of the issuers that the configuration names accepted, and people sign in at them.
    private func trust(
        _ configuration: HubConfiguration,
        _ tokens: TokenWatch,
        _ web: OutboundWeb
    ) async throws {
        let openID = OpenIDWeb(
            get: { try await web.document(at: $0, maximumBytes: RemoteKeys.maximumBytes) },
            post: { url, form, authorization in
                try await web.answer(
                    to: form,
                    at: url,
                    authorization: authorization,
                    maximumBytes: RemoteKeys.maximumBytes
                )
            }
        )
        try await tokens.trust(configuration.issuers, web: openID)
    }

    private static let maximumStopDuration = Duration.seconds(30)

    /// Throws for `--open` on an address that other machines can reach, which would publish the
    /// city's data.
    private func refuseOpenToTheWorld() throws {
        let host = configuration.gateway.host
        if configuration.gateway.isOpen && !Loopback.isLoopback(host: host) {
            throw StartError(
                .usage,
                "--open is refused on \(host): it is for loopback addresses only."
            )
        }
    }

    private func startLogging(_ health: HealthLog) -> Logger {
        let format = configuration.logFormat
        LogThreshold.common.level = configuration.logLevel
        LoggingSystem.bootstrap { label in
            let notes = ErrorNoteHandler(label: label, log: health) { Timestamp(Date()) }
            return HubLog(label: label, format: format, threshold: .common, notes: notes)
        }
        return Logger(label: "balai")
    }

    /// Raises the limit of open files, usually 1024: each connection is one.
    private func raiseFileLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    /// Makes the allocator return the memory of long answers and bodies at once.
    ///
    /// By default it keeps such blocks for reuse after the first one was freed.
    private func returnFreedMemory() {
        mallopt(M_MMAP_THRESHOLD, 1 << 20)
        mallopt(M_TRIM_THRESHOLD, 8 << 20)
    }

    private func openStore(_ folder: DataFolder) throws -> any Store {
        do {
            return try SQLiteStore(
                folder: folder.path,
                maximumTenants: configuration.maximumTenants,
                queryTimeout: .seconds(configuration.queryTimeoutSeconds)
            ) { Timestamp(Date()) }
        } catch let error as StorageError {
            throw StartError(.database, Self.advice(for: error, folder))
        }
    }

    static func advice(for error: StorageError, _ folder: DataFolder) -> String {
        switch error.code {
        case .locked:
            "\(folder.path) is in use by another hub; stop that one first."
        case .damaged:
            "\(folder.databasePath) is damaged (\(error.note)). Restore a backup, or move the "
                + "file away to start empty; docs/operating.md says how to save what can be read."
        case .diskFull:
            "The disk of \(folder.path) is full; free some space first."
        case .overloaded, .closed, .failed, .tooManyTenants, .leaseLost, .tookTooLong,
            .tooManyResults,
            .entityTooLarge:
            "\(folder.databasePath) cannot be opened: \(error.note)"
        }
    }
}

extension Timestamp {
    /// The moment in microseconds.
    init(_ date: Date) {
        self.init(microseconds: Int64((date.timeIntervalSince1970 * 1_000_000).rounded()))
    }
}
