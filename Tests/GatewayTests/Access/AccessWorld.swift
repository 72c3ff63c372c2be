import Broker
import ContextModel
import Foundation
import Governance
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore
import Outbound
import Record
import Storage
import StorageSQLite
import Testing

@testable import Gateway

/// The callers of the matrix: one of each kind of party.
enum AccessParty: String, CaseIterable {
    case anonymous, reader, writer, `operator`

    var token: String? { self == .anonymous ? nil : "token of the \(rawValue)" }

    var party: Party {
        switch self {
        case .anonymous: .anonymous
        case .reader, .writer: .named(PartyID(rawValue))
        case .operator: .operator
        }
    }

    var headers: HTTPFields {
        token.map { [.authorization: "Bearer \($0)"] } ?? [:]
    }
}

/// The target of a request: covered by the rules of the world, or by none.
enum AccessTarget: String, CaseIterable {
    case covered = "Tree"
    case beyond = "Safe"

    var type: String { rawValue }
    var entity: String { "urn:ngsi-ld:\(rawValue):1" }
    /// An attribute that only entities of this type have.
    var attribute: String { "shown\(rawValue)" }
}

/// A hub with a tree that anyone may see, except for its note, and a safe that only the operator
/// may see.
struct AccessWorld {
    /// A text that only the operator may see anywhere.
    static let canary = "canary7f3a"

    let store: SQLiteStore
    let record: RecordWriter
    let routes: RouteTable
    private let folder: String
    private let registry = MetricRegistry()
    private let notifications: NotificationService

    init() async throws {
        folder = NSTemporaryDirectory() + "balai-access-\(UUID().uuidString)"
        let clock = HubClock { Timestamp(microseconds: 1_795_395_600_000_000) }
        store = try SQLiteStore(folder: folder, clock: clock.now)
        let signer = try #require(NoteSigner(name: "hub.example/record", purpose: .note))
        record = RecordWriter(
            SQLiteRecordStore.open(folder: folder, key: signer.key),
            signer: signer
        )
        let parts = try await HubParts.make(
            store: store,
            policy: Self.policy,
            record: record,
            settings: OutboundSettings(publicURL: "http://hub.example"),
            clock: clock,
            makeIdentifier: { UUID().uuidString.lowercased() },
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        routes = try await .ofWholeHub(
            parts,
            record,
            key: try await HubKey.make(),
            policy: Self.policy,
            registry: registry,
            clock: clock
        )
        notifications = parts.notifications
    }

    private static var policy: Policy {
        let tree = Condition.type(IRI(CoreContext.defaultVocabulary + AccessTarget.covered.type))
        let note: Set<IRI> = [IRI(CoreContext.defaultVocabulary + "note")]
        func permission(_ assignee: Permission.Assignee, _ actions: Set<Action>) -> Permission {
            Permission(assignee: assignee, actions: actions, target: tree, hiddenAttributes: note)
        }
        return Policy(permissions: [
            permission(.anyone, [.read]),
            permission(.party(PartyID("reader")), [.read]),
            permission(.party(PartyID("writer")), [.read, .write, .subscribe]),
        ])
    }

    /// Runs the body with a client, then closes everything and removes what was stored.
    func test(_ body: @escaping @Sendable (AccessClient) async throws -> Void) async throws {
        let gateway = makeGateway(
            GatewaySettings(),
            routes: routes,
            tokens: TokenList(
                AccessParty.allCases.compactMap { party in
                    party.token.map { (TokenHash(of: $0), party.party) }
                }
            ),
            registry: registry,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        try await gateway.test(.router) { client in
            try await body(AccessClient(client: client))
        }
        let service = Task { try await notifications.run() }
        service.cancel()
        try await service.value
        await record.close()
        await store.close()
        try FileManager.default.removeItem(atPath: folder)
    }
}
