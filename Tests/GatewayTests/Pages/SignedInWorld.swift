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

/// A whole hub with a clinic's visits, the pages about rights, and people who sign in.
struct SignedInWorld {
    static let ann = "urn:person:ann"
    static let bob = "urn:person:bob"

    private let store: SQLiteStore
    private let record: RecordWriter
    private let notifications: NotificationService
    private let gateway: Application<LiveRoutes>
    private let folder: String
    private let signIn: SignIn
    private let key: HubKey
    private let clock: HubClock

    init() async throws {
        folder = NSTemporaryDirectory() + "balai-rights-\(UUID().uuidString)"
        let clock = HubClock { Timestamp(microseconds: 1_795_395_600_000_000) }
        self.clock = clock
        store = try SQLiteStore(folder: folder, clock: clock.now)
        let signer = try #require(NoteSigner(name: "hub.example/record", purpose: .note))
        record = RecordWriter(
            SQLiteRecordStore.open(folder: folder, key: signer.key),
            signer: signer
        )
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let parts = try await HubParts.make(
            store: store,
            policy: Policy(permissions: []),
            record: record,
            settings: OutboundSettings(publicURL: "http://hub.example"),
            clock: clock,
            makeIdentifier: { UUID().uuidString.lowercased() },
            logger: logger
        )
        notifications = parts.notifications
        key = try await HubKey.make()
        signIn = SignIn(key: key, publicURL: nil, clock: clock)
        var routes = RouteTable()
        let assets = try PageAssets(leafletFolder: "/usr/share/javascript/leaflet")
        routes.addNGSILDRoutes(parts.hub, NGSILDSettings())
        let publisher = RecordPublisher(record)
        routes.addRecordRoutes(publisher, parts.hub)
        routes.addWitnessRoutes(FollowedRecord.desk(), clock: clock.now)
        try routes.addRightsPages(parts.hub, publisher, assets: assets, settings: PageSettings())
        try routes.addSignIn(signIn, assets: assets, settings: PageSettings()) {
            try await parts.hub.governing.purposes(of: $0)
        }
        try routes.addPages(
            HubPageData(
                hub: parts.hub,
                healthLog: HealthLog(registry: MetricRegistry(), version: "1", startedAt: clock())
            ),
            assets: assets,
            settings: PageSettings()
        )
        var settings = GatewaySettings()
        settings.port = 0
        gateway = makeGateway(
            settings,
            routes: routes,
            tokens: TokenList([
                (TokenHash(of: "operator"), .operator),
                (TokenHash(of: "clinic"), .named(PartyID("clinic"))),
            ]),
            signIn: signIn,
            registry: MetricRegistry(),
            logger: logger
        )
    }

    /// Runs the body with a client of the hub, which has the rules and visits of the clinic, then closes
    /// everything and removes what was stored.
    func test(
        _ setup: TestingSetup = .router,
        _ body: @escaping @Sendable (Visitor) async throws -> Void
    ) async throws {
        var cookies: [String: String] = [:]
        for person in [Self.ann, Self.bob] {
            let session = try await signIn.cookie(forLink: link(for: person))
            cookies[person] = String(session.prefix { $0 != ";" })
        }
        let all = cookies
        try await gateway.test(setup) { client in
            let visitor = Visitor(client: client, cookies: all)
            try await visitor.fill()
            try await body(visitor)
        }
        let service = Task { try await notifications.run() }
        service.cancel()
        try await service.value
        await record.close()
        await store.close()
        try FileManager.default.removeItem(atPath: folder)
    }

    /// A link that signs a person in.
    func link(for person: String) throws -> String {
        try link(
            for: Credential(party: .named(PartyID("residents")), subject: SubjectID(person))
        )
    }

    /// A link that signs somebody in who has these rights.
    func link(for credential: Credential) throws -> String {
        // Each link is another: it signs in once.
        try key.token(
            .link,
            for: credential,
            seconds: SignIn.linkSeconds,
            at: clock(),
            id: UUID().uuidString
        )
    }
}

/// Asks the hub of a `SignedInWorld`.
struct Visitor {
    let client: any TestClientProtocol
    let cookies: [String: String]

    private static let classification = """
        {"Visit": {"class": "personal", "subject": "patient"},
         "Diagnosis": {"class": "sensitive", "subject": "patient"}}
        """

    private static let policy = """
        {"@context": "http://www.w3.org/ns/odrl.jsonld", "@type": "Set",
         "uid": "urn:balai:policy:clinic", "permission": [
            {"action": "read", "assignee": "urn:balai:party:clinic",
             "target": ["Visit", "Diagnosis"],
             "constraint": [{"leftOperand": "purpose", "operator": "eq",
                             "rightOperand": "https://w3id.org/dpv#PublicHealth"}]}]}
        """

    fileprivate func fill() async throws {
        try await put("/governance/v1/classification", Self.classification)
        try await put("/governance/v1/policies/urn:balai:policy:clinic", Self.policy)
        for (person, type) in [
            (SignedInWorld.ann, "Visit"), (SignedInWorld.ann, "Diagnosis"),
            (SignedInWorld.bob, "Visit"),
        ] {
            let name = person.split(separator: ":").last ?? ""
            let answer = try await client.execute(
                uri: "/ngsi-ld/v1/entities",
                method: .post,
                headers: [.authorization: "Bearer operator", .contentType: "application/json"],
                body: ByteBuffer(
                    string: """
                        {"id": "urn:ngsi-ld:\(type):of-\(name)", "type": "\(type)",
                         "patient": {"type": "Relationship", "object": "\(person)"},
                         "ward": {"type": "Property", "value": "secret-\(name)"}}
                        """
                )
            )
            try #require(answer.status == .created)
        }
    }

    /// Classifies a type beside the others.
    func classify(_ type: String) async throws {
        let all = Self.classification.dropLast() + #", "\#(type)": {"class": "public"}}"#
        try await put("/governance/v1/classification", String(all))
    }

    private func put(_ path: String, _ body: String) async throws {
        let answer = try await client.execute(
            uri: path,
            method: .put,
            headers: [.authorization: "Bearer operator", .contentType: "application/json"],
            body: ByteBuffer(string: body)
        )
        try #require((200..<300).contains(answer.status.code), "\(String(buffer: answer.body))")
    }

    /// What the clinic finds of visits.
    func clinicReads() async throws -> String {
        let answer = try await client.execute(
            uri: "/ngsi-ld/v1/entities?type=Visit,Diagnosis",
            method: .get,
            headers: [.authorization: "Bearer clinic", .dataPurpose: "dpv:PublicHealth"]
        )
        return String(buffer: answer.body)
    }

    func page(
        _ path: String,
        as person: String? = nil,
        token: String? = nil,
        language: String = "en"
    ) async throws -> String {
        let answer = try await client.execute(
            uri: path,
            method: .get,
            headers: fields(person, token).with(.acceptLanguage, language)
        )
        #expect(answer.status == .ok)
        #expect(answer.headers[.referrerPolicy] == "same-origin")
        #expect(answer.headers[.contentSecurityPolicy]?.contains("unsafe") == false)
        return String(buffer: answer.body)
    }

    /// Sends a form; `site` is what the browser says of the page that has it.
    func send(
        _ path: String,
        _ form: String,
        as person: String? = nil,
        token: String? = nil,
        site: String = "same-origin"
    ) async throws -> TestResponse {
        try await client.execute(
            uri: path,
            method: .post,
            headers: fields(person, token).with(.secFetchSite, site)
                .with(.contentType, "application/x-www-form-urlencoded"),
            body: ByteBuffer(string: form)
        )
    }

    /// Signs in by a link, as a browser does; the cookies of the session.
    func cookies(ofLink link: String) async throws -> String {
        let answer = try await send("/sign-in", "link=\(link)")
        try #require(answer.status == .seeOther)
        return String(try #require(answer.headers[values: .setCookie].first).prefix { $0 != ";" })
    }

    /// Gets a page with these cookies, or sends a form.
    func ask(
        _ path: String,
        cookies: String,
        form: String? = nil,
        site: String = "same-origin"
    ) async throws -> TestResponse {
        var fields: HTTPFields = [.cookie: cookies, .secFetchSite: site]
        if form != nil { fields[.contentType] = "application/x-www-form-urlencoded" }
        return try await client.execute(
            uri: path,
            method: form == nil ? .get : .post,
            headers: fields,
            body: form.map(ByteBuffer.init(string:))
        )
    }

    private func fields(_ person: String?, _ token: String?) -> HTTPFields {
        var fields = HTTPFields()
        if let person { fields[.cookie] = cookies[person] }
        if let token { fields[.authorization] = "Bearer \(token)" }
        return fields
    }
}

extension HTTPFields {
    fileprivate func with(_ name: HTTPField.Name, _ value: String) -> HTTPFields {
        var fields = self
        fields[name] = value
        return fields
    }
}
