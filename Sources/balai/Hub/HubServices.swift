import Broker
import ContextModel
import Foundation
import Gateway
import Governance
import Logging
import ServiceLifecycle
import Services
import Storage
import Synchronization

/// Closes the store after all other services have stopped.
struct StoreService: Service {
    let store: any Store

    func run() async throws {
        // A cancelled wait is also a stop; the store is closed in both cases.
        try? await gracefulShutdown()
        await store.close()
    }
}

/// Updates the Gateway's tokens from the data folder while the hub runs.
final class TokenWatch: Service {
    let list = TokenList()
    let verifier: TokenVerifier
    let signIn: SignIn
    /// What signs the operator in by browser, at the first start of a hub; nil later.
    let firstLink: String?
    private let folder: DataFolder
    private let logger: Logger

    private struct State {
        var operatorToken: String
        /// The modification time of the file of tokens when it was last read.
        var seen: Date?
    }
    /// Locked while tokens are read, so that an older reading does not replace a newer one.
    private let state: Mutex<State>

    /// Reads the tokens, and creates the operator's if there is none.
    init(folder: DataFolder, publicURL: String?, logger: Logger) async throws {
        self.folder = folder
        state = Mutex(State(operatorToken: try Self.operatorToken(of: folder)))
        self.logger = logger
        let isFirstStart = !FileManager.default.fileExists(atPath: folder.keyPath)
        let key = try await folder.hubKey()
        signIn = SignIn(key: key, publicURL: publicURL, clock: Self.clock)
        verifier = TokenVerifier([key.issuer], clock: Self.clock)
        firstLink =
            isFirstStart
            ? try key.token(
                .link,
                for: Credential(party: .operator),
                seconds: SignIn.linkSeconds,
                at: Self.clock()
            ) : nil
        try state.withLock { try reload(&$0) }
    }

    var operatorToken: String { state.withLock { $0.operatorToken } }

    private static func operatorToken(of folder: DataFolder) throws -> String {
        var random = SystemRandomNumberGenerator()
        return try folder.operatorToken(&random)
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                guard (try? await Task.sleep(for: Self.interval)) != nil else { return }
                do {
                    try self.state.withLock { state in
                        if self.changedAt != state.seen { try self.reload(&state) }
                    }
                } catch {
                    self.logger.error("\(error)")
                }
            }
        }
    }

    private static let interval = Duration.seconds(1)

    /// Accepts tokens of the hub itself and of these issuers from now on, with their current keys.
    ///
    /// `fetch` gets the content of a URL. Throws `StartError` if the keys in a file are invalid.
    func trust(
        _ issuers: [IssuerSettings],
        fetch: @escaping @Sendable (String) async throws -> [UInt8]
    ) async throws {
        let key = try await folder.hubKey()
        var trusted = [key.issuer]
        for settings in issuers {
            var issuer = settings.issuer
            issuer.keys =
                settings.isRemote
                ? RemoteKeys(of: issuer.name, clock: Self.clock, logger: logger) {
                    try await fetch(settings.keys)
                } : try await FixedKeys(VerificationKeys(file: settings.keys))
            trusted.append(issuer)
        }
        verifier.replace(with: trusted)
        signIn.replace(key)
    }

    private static let clock = HubClock { Timestamp(Date()) }

    /// Reads all tokens again, with the operator's token.
    func reloadAll() throws {
        try state.withLock { state in
            state.operatorToken = try Self.operatorToken(of: folder)
            try reload(&state)
        }
    }

    /// Reads the tokens of parties again.
    private func reload(_ state: inout State) throws {
        let changed = changedAt
        let operatorHash = TokenHash(of: state.operatorToken)
        list.replace(with: [(operatorHash, .operator)] + (try PartyTokens(of: folder).list))
        state.seen = changed
    }

    private var changedAt: Date? {
        let attributes = try? FileManager.default.attributesOfItem(atPath: folder.tokensPath)
        return attributes?[.modificationDate] as? Date
    }
}

extension VerificationKeys {
    /// The keys of a file; throws `StartError` if it has no valid key set.
    fileprivate init(file path: String) async throws {
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw StartError(.usage, "The keys \(path) cannot be read.")
        }
        do { try await self.init(set: JSONReader.read(bytes)) } catch {
            throw StartError(.usage, "The keys \(path) cannot be used: \(error)")
        }
    }
}

/// Records the hub's figures at equal intervals, for the page *Health*.
struct HealthSampling: Service {
    let hub: Hub
    let log: HealthLog
    let folder: String

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await sample()
                guard (try? await Task.sleep(for: .seconds(HealthLog.sampleSeconds))) != nil else {
                    return
                }
            }
        }
    }

    private func sample() async {
        do {
            let (outbox, deadLetters) = try await hub.store.backlog()
            log.sample(
                at: hub.clock(),
                outbox: outbox,
                deadLetters: deadLetters,
                disk: DiskSpace(ofFolder: folder)
            )
        } catch {
            hub.logger.error("the outbox cannot be read: \(error)")
        }
    }
}

/// Runs the jobs of the city's services.
struct ServiceJobs: Service {
    let services: [HostedService]

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                for service in services {
                    group.addTask { await JobRunner(service.module, service.context).run() }
                }
            }
            // Waits, because the end of a service would stop the hub.
            try? await gracefulShutdown()
        }
    }
}
