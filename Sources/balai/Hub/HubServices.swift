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
        /// The files of tokens, and of what was taken back, as they were when they were last read.
        var seen: [FileMark?] = []
        /// Why they could not be read again; nil when they could.
        var problem: String?
    }

    /// What tells a file from one that takes its place.
    private struct FileMark: Equatable {
        var changedAt: Date?
        var number: UInt64?
    }
    /// Locked while tokens are read, so that an older reading does not replace a newer one.
    private let state: Mutex<State>

    /// Reads the tokens, and creates the operator's if there is none.
    init(
        folder: DataFolder,
        publicURL: String?,
        hasTLS: Bool = false,
        logger: Logger
    ) async throws {
        self.folder = folder
        state = Mutex(State(operatorToken: try Self.operatorToken(of: folder)))
        self.logger = logger
        let isFirstStart = !FileManager.default.fileExists(atPath: folder.keyPath)
        let key = try await folder.hubKey()
        signIn = SignIn(key: key, publicURL: publicURL, hasTLS: hasTLS, clock: Self.clock) {
            let entry = RevocationFile.Entry($0, until: $1.date)
            try RevocationFile.add(entry, in: folder, at: Date())
        }
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
                self.state.withLock { state in
                    guard self.marks != state.seen else { return }
                    do {
                        try self.reload(&state)
                        state.problem = nil
                    } catch {
                        // It is read again and again, and told once.
                        if state.problem != "\(error)" { self.logger.error("\(error)") }
                        state.problem = "\(error)"
                    }
                }
            }
        }
    }

    /// What was taken back is to be in force within a second.
    private static let interval = Duration.milliseconds(250)

    /// Accepts tokens of the hub itself and of these issuers from now on, with their current keys, and
    /// signs people in at those that do so.
    ///
    /// Throws `StartError` if the keys or a secret in a file are invalid.
    func trust(_ issuers: [IssuerSettings], web: OpenIDWeb) async throws {
        let key = try await folder.hubKey()
        var trusted = [key.issuer]
        var providers: [OpenIDProvider] = []
        for settings in issuers {
            if let client = settings.client {
                let provider = OpenIDProvider(
                    try settings.openID(client),
                    web: web,
                    clock: Self.clock,
                    logger: logger
                )
                providers.append(provider)
            }
            guard let keys = settings.keys else { continue }
            var issuer = settings.issuer
            issuer.keys =
                settings.isRemote
                ? RemoteKeys(of: issuer.name, clock: Self.clock, logger: logger) {
                    try await web.get(keys)
                } : try await FixedKeys(VerificationKeys(file: keys))
            trusted.append(issuer)
        }
        verifier.replace(with: trusted)
        signIn.replace(key)
        signIn.replace(providers: providers)
    }

    static let clock = HubClock { Timestamp(Date()) }

    /// Reads all tokens again, with the operator's token.
    func reloadAll() throws {
        try state.withLock { state in
            state.operatorToken = try Self.operatorToken(of: folder)
            try reload(&state)
        }
    }

    /// Reads the tokens of parties again, and what was taken back.
    private func reload(_ state: inout State) throws {
        let marks = marks
        let taken = try RevocationFile(of: folder).revoked
        verifier.replace(revoked: taken)
        signIn.replace(revoked: taken)
        let operatorHash = TokenHash(of: state.operatorToken)
        list.replace(with: [(operatorHash, .operator)] + (try PartyTokens(of: folder).list))
        state.seen = marks
    }

    private var marks: [FileMark?] {
        [folder.tokensPath, folder.revokedPath].map { path in
            (try? FileManager.default.attributesOfItem(atPath: path)).map {
                FileMark(
                    changedAt: $0[.modificationDate] as? Date,
                    number: ($0[.systemFileNumber] as? NSNumber)?.uint64Value
                )
            }
        }
    }
}

extension Timestamp {
    fileprivate var date: Date { Date(timeIntervalSince1970: Double(microseconds) / 1_000_000) }
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

extension IssuerSettings {
    /// The provider as the Gateway needs it; throws `StartError` for a secret that cannot be had.
    fileprivate func openID(_ client: Client) throws -> OpenIDSettings {
        var issuer = issuer
        issuer.audiences = [client.id]
        return OpenIDSettings(
            name: client.name,
            label: client.label,
            issuer: issuer,
            clientID: client.id,
            clientSecret: try client.secret?.text,
            scopes: client.scopes
        )
    }
}

extension IssuerSettings.Secret {
    /// The secret, without the blanks and line breaks around it.
    ///
    /// Throws `StartError` when there is none, or everybody can read the file.
    fileprivate var text: String {
        get throws {
            let (text, place) = try found
            let secret = text?.trimmingCharacters(in: .whitespacesAndNewlines) ?? ""
            guard !secret.isEmpty else { throw StartError(.usage, "\(place) has no secret.") }
            return secret
        }
    }

    private var found: (text: String?, place: String) {
        get throws {
            switch self {
            case .variable(let name):
                return (ProcessInfo.processInfo.environment[name], "The variable \(name)")
            case .file(let path):
                let attributes = try? FileManager.default.attributesOfItem(
                    atPath: URL(filePath: path).resolvingSymlinksInPath().path
                )
                let mode = attributes?[.posixPermissions] as? NSNumber
                guard mode.map({ $0.intValue & 0o007 == 0 }) ?? true else {
                    throw StartError(
                        .permissions,
                        "\(path) can be read by everybody: chmod o= \(path)"
                    )
                }
                return (try? String(contentsOfFile: path, encoding: .utf8), path)
            }
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
