import Clauses
import ContextModel
import Governance
import Storage
import Testing

@testable import Broker

/// Notifications of a change that makes an entity visible to the driver, or hides it: the driver
/// may see buses, but not shops.
@Suite(.clause("5.8.6"), .timeLimit(.minutes(1))) struct ChangeMessagesTests {
    private static let driver = SubscriptionFixture.driver
    private static let id = EntityID("urn:x:thing")

    /// The driver may see everything but the secrets of shops.
    private static let partlyHidden = Policy(
        permissions: [
            Permission(
                assignee: .party(PartyID("driver")),
                actions: [.read, .subscribe],
                target: .everything
            )
        ],
        prohibitions: [
            Prohibition(
                assignee: .party(PartyID("driver")),
                target: SubscriptionFixture.type("Shop"),
                attributes: [SubscriptionFixture.iri("secret")]
            )
        ]
    )

    private func city() async throws -> SubscriptionFixture {
        let rule = Permission(
            assignee: .party(PartyID("driver")),
            actions: [.read, .subscribe],
            target: SubscriptionFixture.type("Bus")
        )
        return try await SubscriptionFixture(policy: Policy(permissions: [rule]))
    }

    private func replace(_ fixture: SubscriptionFixture, _ body: JSONValue) async throws {
        try await fixture.hub.writing.replaceEntity(
            Self.id,
            body,
            ld: .core,
            caller: SubscriptionFixture.boss
        )
    }

    private static let everything: JSONValue = [
        "entityCreated", "entityDeleted", "attributeCreated", "attributeUpdated",
        "attributeDeleted",
    ]

    /// The only notification that the driver gets of a change of the thing.
    private func told(
        before: JSONObject,
        after: JSONValue,
        showsChanges: Bool,
        watching: JSONValue? = nil,
        about types: [JSONValue] = ["Bus"],
        by policy: Policy? = nil
    ) async throws -> JSONObject {
        let fixture =
            if let policy { try await SubscriptionFixture(policy: policy) } else {
                try await city()
            }
        var body: JSONObject = [
            "entities": .array(types.map { ["type": $0] }),
            "notificationTrigger": Self.everything,
            "notification": [
                "showChanges": .bool(showsChanges),
                "endpoint": ["uri": "http://r.example/"],
            ],
        ]
        body["watchedAttributes"] = watching
        var thing = before
        thing["id"] = "urn:x:thing"
        try await fixture.make(.object(thing))
        try await fixture.subscribe(body, caller: Self.driver)
        var told: JSONObject = [:]
        try await fixture.delivering {
            try await replace(fixture, after)
            told = await fixture.recorder.next(1).first?.entities.first ?? [:]
        }
        return told
    }

    @Test(arguments: [true, false], [nil, 72, 1] as [JSONValue?])
    func `an attribute that becomes visible is notified as new`(
        showsChanges: Bool,
        secret: JSONValue?
    ) async throws {
        var shop: JSONObject = ["type": "Shop", "speed": 71]
        if let secret { shop["secret"] = secret }
        let shown = try await told(
            before: shop,
            after: ["type": "Bus", "speed": 71, "secret": 1],
            showsChanges: showsChanges,
            by: Self.partlyHidden
        )
        #expect(shown["secret"]?.objectValue?["value"] == 1)
        #expect(shown["secret"]?.objectValue?["previousValue"] == nil)
        let gone = try await told(
            before: shop,
            after: ["type": "Bus", "speed": 1],
            showsChanges: showsChanges,
            by: Self.partlyHidden
        )
        #expect(gone["speed"]?.objectValue?["value"] == 1)
        #expect(gone["secret"] == nil, "\(gone)")
    }

    @Test(arguments: [true, false])
    func `an attribute that becomes hidden is not notified`(showsChanges: Bool) async throws {
        let told = try await told(
            before: ["type": "Bus", "speed": 71, "secret": 72],
            after: ["type": "Shop", "speed": 1, "secret": 73],
            showsChanges: showsChanges,
            about: ["Bus", "Shop"],
            by: Self.partlyHidden
        )
        #expect(told["speed"]?.objectValue?["value"] == 1)
        #expect(told["secret"] == nil)
    }

    @Test(arguments: [true, false])
    func `an entity that becomes visible is notified as new, without its past`(
        showsChanges: Bool
    ) async throws {
        let told = try await told(
            before: ["type": "Shop", "speed": 71, "secret": 72],
            after: ["type": "Bus", "speed": 1],
            showsChanges: showsChanges
        )
        let text = String(decoding: JSONValue.object(told).serialized, as: UTF8.self)
        #expect(told["speed"]?.objectValue?["value"] == 1)
        #expect(!text.contains("71") && !text.contains("72") && !text.contains("secret"), "\(text)")
        #expect(told["speed"]?.objectValue?["previousValue"] == nil)
    }

    @Test func `an entity that becomes visible notifies watchers of its unchanged attributes`()
        async throws
    {
        let told = try await told(
            before: ["type": "Shop", "speed": 1, "doors": 2],
            after: ["type": "Bus", "speed": 1, "doors": 3],
            showsChanges: true,
            watching: ["speed"]
        )
        #expect(told["speed"]?.objectValue?["previousValue"] == nil)
        #expect(told["type"] == "Bus")
    }

    @Test func `an entity visible throughout is notified with previous values`() async throws {
        let told = try await told(
            before: ["type": "Bus", "speed": 71, "doors": 2],
            after: ["type": "Bus", "speed": 1],
            showsChanges: true,
            watching: ["speed"]
        )
        #expect(told["speed"]?.objectValue?["previousValue"] == 71)
        #expect(told["doors"]?.objectValue?["previousValue"] == 2)
    }

    @Test func `an entity that becomes hidden is not notified`() async throws {
        let fixture = try await city()
        try await fixture.subscribe(
            ["notificationTrigger": Self.everything],
            caller: Self.driver
        )
        try await replaceAway(fixture)
        #expect(try await fixture.depth == 1, "Of its creation, and of nothing else.")
    }

    private func replaceAway(_ fixture: SubscriptionFixture) async throws {
        try await fixture.make(["id": "urn:x:thing", "type": "Bus", "speed": 1])
        try await replace(fixture, ["type": "Shop", "speed": 2])
    }
}
