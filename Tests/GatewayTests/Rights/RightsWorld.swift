import Broker
import ContextModel
import Foundation
import Governance
import HTTPTypes
import HummingbirdTesting
import Logging
import NIOCore
import Outbound
import Record
import Storage
import StorageSQLite
import Synchronization
import Testing

@testable import Gateway

/// A whole hub with data of every class, the choices of a person, and a record on disk.
final class RightsWorld: Sendable {
    static let purpose = "dpv:PublicHealth"
    static let person = "urn:x:person:siti"

    let store: SQLiteStore
    let record: RecordWriter
    let parts: HubParts
    let key: HubKey
    let routes: RouteTable
    let receivers = RightsReceivers()
    private let folder: String
    private let registry = MetricRegistry()
    /// The hub's clock is set forward by this.
    let ahead = Shift()
    private let clock: HubClock

    /// Microseconds that a test sets.
    final class Shift: Sendable {
        private let microseconds = Mutex<Int64>(0)

        func set(_ new: Int64) { microseconds.withLock { $0 = new } }

        func now() -> Timestamp {
            let now = Int64(Date().timeIntervalSince1970 * 1_000_000)
            return Timestamp(microseconds: now + microseconds.withLock { $0 })
        }
    }

    init(_ limits: HubLimits = HubLimits()) async throws {
        folder = NSTemporaryDirectory() + "balai-rights-\(UUID().uuidString)"
        let clock = HubClock(ahead.now)
        self.clock = clock
        store = try SQLiteStore(folder: folder, clock: clock.now)
        let signer = try #require(NoteSigner(name: "hub.example/record", purpose: .note))
        record = RecordWriter(
            SQLiteRecordStore.open(folder: folder, key: signer.key),
            signer: signer
        )
        key = try await HubKey.make()
        parts = try await HubParts.make(
            store: store,
            policy: Self.policy,
            record: record,
            settings: OutboundSettings(publicURL: "http://hub.example"),
            limits: limits,
            clock: clock,
            makeIdentifier: { UUID().uuidString.lowercased() },
            logger: Self.silent
        )
        routes = try await .ofWholeHub(
            parts,
            record,
            key: key,
            policy: Self.policy,
            registry: registry,
            clock: clock
        )
    }

    private static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// What the operator lets everybody do, besides what the policies of the tenant say.
    private static var policy: Policy {
        func type(_ name: String) -> Condition {
            .type(IRI(CoreContext.defaultVocabulary + name))
        }
        let link = type(RightsClass.linkType)
        let open = [RightsClass.public, .attribute].reduce(link) { $0.or(type($1.type)) }
        return Policy(permissions: [
            Permission(assignee: .anyone, actions: [.read], target: open),
            Permission(
                assignee: .party(PartyID("clinic")),
                actions: [.read, .subscribe],
                target: type(RightsClass.internal.type)
            ),
            // Who writes about people need not read about them.
            Permission(
                assignee: .party(PartyID("writer")),
                actions: [.write],
                target: RightsClass.allCases.reduce(link) { $0.or(type($1.type)) }
            ),
        ])
    }

    /// Runs the body with a hub that sends notifications and makes snapshots, then closes everything and
    /// removes what was stored.
    func test(_ body: @escaping @Sendable (RightsClient) async throws -> Void) async throws {
        let gateway = makeGateway(
            GatewaySettings(),
            routes: routes,
            tokens: TokenList([]),
            verifier: TokenVerifier([key.issuer], clock: clock),
            registry: registry,
            logger: Self.silent
        )
        let clock = clock
        let dispatcher = NotificationDispatcher(
            store: store,
            access: parts.hub.access,
            subscriptions: parts.hub.subscriptions,
            feed: parts.hub.outboxFeed,
            sender: receivers,
            identity: parts.hub.identity,
            clock: clock,
            chance: { 0 },
            logger: Self.silent
        )
        let maker = SnapshotMaker(parts.hub.snapshotting, sender: receivers)
        let running = [Task { await dispatcher.run() }, Task { await maker.run() }]
        let isTold: Result<Void, any Error>
        do {
            isTold = .success(
                try await gateway.test(.router) { client in
                    try await body(RightsClient(client: client, world: self))
                }
            )
        } catch { isTold = .failure(error) }
        for task in running { task.cancel() }
        for task in running { await task.value }
        let notifications = parts.notifications
        let service = Task { try await notifications.run() }
        service.cancel()
        try await service.value
        await record.close()
        await store.close()
        try FileManager.default.removeItem(atPath: folder)
        try isTold.get()
    }

    /// A token of the party as the hub itself issues it.
    func token(of party: RightsParty) throws -> String? {
        guard let credential = party.credential else { return nil }
        return try key.token(for: credential, seconds: 3_600, at: clock())
    }
}

/// Data of each class, and a type that is open but for an attribute.
enum RightsClass: String, CaseIterable {
    case `public` = "Bench"
    case `internal` = "Desk"
    case personal = "Visit"
    case sensitive = "Diagnosis"
    case attribute = "Bike"

    /// A public type whose entities link to the others.
    static let linkType = "Signpost"

    var type: String { rawValue }
    var entity: String { "urn:x:\(type):1" }
    /// The name of an attribute that it alone has, and the beginning of the value: in an answer it tells
    /// of the entity.
    var marker: String { "canary\(type)" }
    var isAboutPeople: Bool { self != .public && self != .internal }

    var title: String {
        switch self {
        case .public: "Public"
        case .internal: "Internal (not classified)"
        case .personal: "Personal"
        case .sensitive: "Sensitive"
        case .attribute: "A personal attribute of a public entity"
        }
    }

    static let classification = """
        {"Bench": {"class": "public"}, "Signpost": {"class": "public"},
         "Visit": {"class": "personal", "subject": "patient"},
         "Diagnosis": {"class": "sensitive", "subject": "patient"},
         "Bike": {"class": "public", "subject": "patient",
          "attributes": {"canaryBike": "personal"}}}
        """

    static let clinicPolicy = policy(of: "clinic")

    /// What lets a party read what is about people.
    static func policy(of party: String) -> String {
        """
        {"@context": "http://www.w3.org/ns/odrl.jsonld", "@type": "Set", "uid": "urn:policy:\(party)",
         "permission": [{"action": "read", "assignee": "urn:balai:party:\(party)",
          "target": ["Visit", "Diagnosis", "Bike"],
          "constraint": [{"leftOperand": "purpose", "operator": "eq",
           "rightOperand": "https://w3id.org/dpv#PublicHealth"}]}]}
        """
    }

    /// The body of an entity about the person.
    func body(value: String = "value", about person: String = RightsWorld.person) -> String {
        """
        {"id": "\(entity)", "type": "\(type)", \(Self.patient(person)),
         "\(marker)": {"type": "Property", "value": "\(marker) \(value)"},
         "size": {"type": "Property", "value": 7},
         "location": {"type": "GeoProperty", "value":
          {"type": "Point", "coordinates": [\(number), 1]}}}
        """
    }

    static func patient(_ person: String) -> String {
        #""patient": {"type": "Relationship", "object": "\#(person)"}"#
    }

    /// The public entity that links to it.
    var link: String {
        """
        {"id": "urn:x:link:\(type)", "type": "\(Self.linkType)",
         "next": {"type": "Relationship", "object": "\(entity)"}}
        """
    }

    private var number: Int { (Self.allCases.firstIndex(of: self) ?? 0) + 10 }
    /// A place at which it alone is.
    var place: String { "[\(number),1]" }
}

/// Who asks.
enum RightsParty: String, CaseIterable {
    case anonymous, stranger, clinic, admin, person, writer

    var credential: Credential? {
        switch self {
        case .anonymous: nil
        case .stranger, .clinic, .writer: Credential(party: .named(PartyID(rawValue)))
        case .admin: Credential(party: .named(PartyID(rawValue)), roles: .admin)
        case .person:
            Credential(party: .named(PartyID(rawValue)), subject: SubjectID(RightsWorld.person))
        }
    }
}

/// Who asks, and what for.
struct RightsAsker: Sendable, Hashable {
    var party: RightsParty
    var purpose: String?

    init(_ party: RightsParty, _ purpose: String? = RightsWorld.purpose) {
        self.party = party
        self.purpose = purpose
    }

    var title: String {
        "\(party.rawValue)\(purpose.map { ", " + $0.replacing("dpv:", with: "") } ?? "")"
    }

    static let all = [
        RightsAsker(.anonymous, nil), RightsAsker(.stranger), RightsAsker(.clinic, nil),
        RightsAsker(.clinic, "dpv:Marketing"), RightsAsker(.clinic, "dpv:Telepathy"),
        RightsAsker(.clinic), RightsAsker(.admin), RightsAsker(.person),
    ]
}

/// All that left the hub in answer to a request.
struct RightsAnswer: Sendable, CustomStringConvertible {
    var status: Int
    var location: String?
    /// Header fields and body.
    var text: String
    var body: String

    var description: String { "\(status) \(text)" }
}

/// Asks the hub of a world.
struct RightsClient: Sendable {
    let client: any TestClientProtocol
    let world: RightsWorld

    @discardableResult
    func send(_ request: WorldRequest, as asker: RightsAsker) async throws -> RightsAnswer {
        var headers: HTTPFields = [:]
        if let token = try world.token(of: asker.party) {
            headers[.authorization] = "Bearer \(token)"
        }
        headers[.dataPurpose] = asker.purpose
        if request.body != nil { headers[.contentType] = "application/json" }
        for (name, value) in request.headers { headers[try #require(HTTPField.Name(name))] = value }
        let answer = try await client.execute(
            uri: request.uri,
            method: request.method,
            headers: headers,
            body: request.body.map(ByteBuffer.init(string:))
        )
        let fields = answer.headers.map { "\($0.name): \($0.value)" }.joined(separator: "\n")
        let body = String(buffer: answer.body)
        return RightsAnswer(
            status: answer.status.code,
            location: answer.headers[.location],
            text: fields + "\n" + body,
            body: body
        )
    }

    /// Sends what must succeed.
    @discardableResult
    func make(
        _ uri: String,
        _ body: String,
        as party: RightsParty = .admin
    ) async throws -> RightsAnswer {
        try await make(.post, uri, body, as: party)
    }

    /// Sends what must succeed.
    @discardableResult
    func make(
        _ method: HTTPRequest.Method,
        _ uri: String,
        _ body: String,
        as party: RightsParty = .admin
    ) async throws -> RightsAnswer {
        let request = WorldRequest(method: method, uri: uri, body: body.isEmpty ? nil : body)
        let answer = try await send(
            request,
            as: RightsAsker(party, party == .clinic ? RightsWorld.purpose : nil)
        )
        try #require((200..<300).contains(answer.status), "\(request): \(answer)")
        return answer
    }

    /// Makes the rules, and an entity of each class, whose person consents.
    func prepare() async throws {
        try await make(.put, "/governance/v1/classification", RightsClass.classification)
        try await make(.put, "/governance/v1/policies/urn:policy:clinic", RightsClass.clinicPolicy)
        for one in RightsClass.allCases {
            try await make("/ngsi-ld/v1/entities", one.body())
            try await make("/ngsi-ld/v1/entities", one.link)
        }
        try await choose("consent")
    }

    /// What each path needs, made for the asker.
    func prepare(_ data: RightsClass, _ asker: RightsAsker) async throws -> [String?] {
        var made: [String?] = []
        for (index, path) in RightsPath.all.enumerated() {
            let same = RightsPath.all[..<index].firstIndex(where: path.needsSame)
            if let same {
                made.append(made[same])
            } else {
                made.append(try await path.prepare(self, data, asker))
            }
        }
        return made
    }

    func choose(_ choice: String, recipient: String? = nil) async throws {
        let recipient = recipient.map { #""\#($0)""# } ?? "null"
        try await make(
            "/governance/v1/choices",
            """
            {"subject": "\(RightsWorld.person)", "purpose": "\(RightsWorld.purpose)",
             "recipient": \(recipient), "choice": "\(choice)"}
            """,
            as: .person
        )
    }
}
