import Clauses
import ContextModel
import Governance
import Storage
import Testing

@testable import Broker

@Suite(.timeLimit(.minutes(1)), .clause("5.11.2", "5.11.3", "5.11.4", "5.11.5", "5.11.6", "5.11.7"))
struct RegistrationSubscriptionTests {
    private let boss = SubscriptionFixture.boss

    private func subscribe(
        _ fixture: SubscriptionFixture,
        _ members: JSONObject = [:]
    ) async throws -> String {
        var body: JSONObject = [
            "type": "Subscription", "entities": [["type": "Bus"]],
            "notification": ["endpoint": ["uri": "http://r.example/"]],
        ]
        for (key, value) in members.members { body[key] = value }
        return try await fixture.hub.subscribing.createContextSourceRegistrationSubscription(
            .object(body),
            ld: .core,
            caller: boss
        )
    }

    private func shown(_ fixture: SubscriptionFixture, _ id: String) async throws -> JSONObject {
        let shown = try await fixture.hub.subscribing.retrieveContextSourceRegistrationSubscription(
            id,
            ld: .core,
            caller: boss
        )
        return shown.objectValue ?? [:]
    }

    private func ids(_ request: NotificationRequest?) -> [String] {
        request?.entities.compactMap { $0["id"]?.stringValue } ?? []
    }

    // MARK: Operations

    @Test func `it is returned as it was written, and separate from subscriptions to entities`()
        async throws
    {
        let fixture = try await SubscriptionFixture()
        let time: JSONValue = ["timerel": "before", "timeAt": "2021-01-01T00:00:00Z"]
        let id = try await subscribe(fixture, ["id": "urn:s:1", "temporalQ": time])
        // The same identifier may name a subscription to entities.
        try await fixture.subscribe(["id": "urn:s:1"])
        let expected: JSONObject = [
            "id": "urn:s:1", "type": "Subscription", "entities": [["type": "Bus"]],
            "notification": ["endpoint": ["uri": "http://r.example/"]], "temporalQ": time,
            "status": "active",
        ]
        #expect(try await shown(fixture, id) == expected)
        await #expect(throws: BrokerError(.alreadyExists, "")) {
            _ = try await subscribe(fixture, ["id": "urn:s:1"])
        }
        try await fixture.hub.subscribing.deleteContextSourceRegistrationSubscription(
            id,
            caller: boss
        )
        await #expect(throws: BrokerError(.resourceNotFound, "")) {
            _ = try await shown(fixture, id)
        }
        let page = try await fixture.hub.subscribing.querySubscriptions(
            limit: 10,
            ld: .core,
            caller: boss
        )
        #expect(page.subscriptions.count == 1)
        let none = try await fixture.hub.subscribing.queryContextSourceRegistrationSubscriptions(
            limit: 10,
            ld: .core,
            caller: boss
        )
        #expect(none.subscriptions.isEmpty)
    }

    @Test(
        arguments: [
            ("temporalQ", "now"), ("temporalQ", ["timeAt": "2021-01-01T00:00:00Z"]),
            ("temporalQ", ["timerel": "before"]), ("temporalQ", ["timerel": 5, "timeAt": "x"]),
            (
                "temporalQ",
                ["timerel": "before", "timeAt": "2021-01-01T00:00:00Z", "timeproperty": "seenAt"]
            ),
            ("csf", "endpoint=="), ("scopeQ", "/a//b"), ("geoQ", ["georel": "near"]),
            (
                "notification",
                ["endpoint": ["uri": "http://r.example/", "accept": "application/geo+json"]]
            ),
        ] as [(String, JSONValue)]
    )
    func `a wrong member is refused`(_ member: String, _ value: JSONValue) async throws {
        let fixture = try await SubscriptionFixture()
        await #expect(throws: BrokerError(.badRequestData, "")) {
            _ = try await subscribe(fixture, JSONObject([(member, value)]))
        }
    }

    // MARK: Notifications (clause 5.11.7)

    @Test func `a subscriber is notified of new, changed and deleted registrations`() async throws {
        let fixture = try await SubscriptionFixture()
        let id = try await subscribe(fixture)
        try await fixture.delivering {
            let tram = Sample.information(["type": "Tram"])
            try await fixture.register(["id": "urn:r:1"])
            try await fixture.update("urn:r:1", ["endpoint": "http://b.example/"])
            try await fixture.update("urn:r:1", ["information": tram])
            try await fixture.update("urn:r:1", ["endpoint": "http://c.example/"])
            try await fixture.update("urn:r:1", ["information": [["propertyNames": ["speed"]]]])
            try await fixture.hub.registering.deleteContextSourceRegistration(
                "urn:r:1",
                caller: boss
            )
            let requests = await fixture.recorder.next(5)
            #expect(
                requests.map { $0.json?["triggerReason"] } == [
                    "newlyMatching", "updated", "noLongerMatching", "newlyMatching",
                    "noLongerMatching",
                ]
            )
            #expect(requests.allSatisfy { ids($0) == ["urn:r:1"] })
            #expect(requests.allSatisfy { $0.json?["type"] == "ContextSourceNotification" })
            #expect(requests.allSatisfy { $0.json?["subscriptionId"] == .string(id) })
            // One that does not match any more is shown as it last matched.
            #expect(requests[2].entities.first?["endpoint"] == "http://b.example/")
        }
        let notification = try await shown(fixture, id)["notification"]?.objectValue
        #expect(notification?["timesSent"] == 5)
        #expect(notification?["status"] == "ok")
    }

    @Test(.clause("5.9.2")) func `an expired registration is removed, with a notification`()
        async throws
    {
        let fixture = try await SubscriptionFixture()
        try await fixture.register(["id": "urn:r:1"])
        var body = Sample.registration()
        (body["type"], body["expiresAt"]) = (nil, "2020-01-01T00:00:00Z")
        let moment = Timestamp(microseconds: 0)
        let old = RegistrationRecord(
            id: "urn:r:2",
            body: body.registrationBody(.core),
            createdAt: moment
        )
        try await fixture.hub.access.existingStore(nil).bookkeep { try $0.put(old.document) }
        await #expect(throws: BrokerError(.resourceNotFound, "")) {
            try await fixture.retrieve("urn:r:2")
        }
        _ = try await subscribe(fixture)
        try await fixture.delivering {
            #expect(ids(await fixture.recorder.next(1).first) == ["urn:r:1"])
            #expect(try await fixture.hub.registering.removeExpiredRegistrations(of: nil) == 1)
            let told = try #require(await fixture.recorder.next(1).first)
            #expect(told.json?["triggerReason"] == "noLongerMatching")
            #expect(ids(told) == ["urn:r:2"])
        }
        #expect(try await fixture.hub.registering.removeExpiredRegistrations(of: nil) == 0)
        try await fixture.hub.access.existingStore(nil).bookkeep { try $0.put(old.document) }
        try await fixture.register(["id": "urn:r:2"])
        _ = try await fixture.retrieve("urn:r:2")
    }

    @Test func `matching registrations are notified at once, and others are left out`()
        async throws
    {
        let fixture = try await SubscriptionFixture()
        try await fixture.register([
            "id": "urn:r:1",
            "information": [["entities": [["type": "Bus"]]], ["entities": [["type": "Tram"]]]],
        ])
        try await fixture.register(["id": "urn:r:2"])
        let tram = Sample.information(["type": "Tram"])
        try await fixture.register(["id": "urn:r:3", "information": tram])
        let id = try await subscribe(fixture)
        try await fixture.delivering {
            let first = try #require(await fixture.recorder.next(1).first)
            #expect(ids(first) == ["urn:r:1", "urn:r:2"])
            #expect(first.json?["triggerReason"] == "newlyMatching")
            #expect(
                first.entities.first?["information"] == [["entities": [["type": ["Bus"]]]]]
            )
            try await fixture.hub.subscribing.updateContextSourceRegistrationSubscription(
                id,
                ["entities": [["type": "Tram"]]],
                ld: .core,
                caller: boss
            )
            let second = await fixture.recorder.next(1).first
            #expect(ids(second) == ["urn:r:1", "urn:r:3"])
        }
    }

    @Test func `watched and notified attributes restrict only together`() async throws {
        let fixture = try await SubscriptionFixture()
        _ = try await subscribe(fixture, ["watchedAttributes": ["speed"]])
        _ = try await subscribe(
            fixture,
            [
                "watchedAttributes": ["speed"],
                "notification": [
                    "attributes": ["line"], "endpoint": ["uri": "http://narrow.example/"],
                ],
            ]
        )
        try await fixture.delivering {
            for (id, attribute) in [("urn:r:1", "name"), ("urn:r:2", "line")] {
                try await fixture.register([
                    "id": .string(id),
                    "information": Sample.information(["type": "Bus"], [.string(attribute)]),
                ])
            }
            let told = await fixture.recorder.next(3).map { "\($0.url) \(ids($0))" }
            #expect(
                Set(told) == [
                    "http://r.example/ [\"urn:r:1\"]", "http://r.example/ [\"urn:r:2\"]",
                    "http://narrow.example/ [\"urn:r:2\"]",
                ]
            )
        }
    }

    @Test func `with throttling, notifications with one reason are joined`() async throws {
        let fixture = try await SubscriptionFixture()
        _ = try await subscribe(fixture, ["throttling": 0.2])
        for number in 1...3 { try await fixture.register(["id": .string("urn:r:\(number)")]) }
        try await fixture.update("urn:r:1", ["endpoint": "http://b.example/"])
        try await fixture.delivering {
            let requests = await fixture.recorder.next(2)
            #expect(requests.map { $0.json?["triggerReason"] } == ["newlyMatching", "updated"])
            #expect(requests.map(ids) == [["urn:r:1", "urn:r:2", "urn:r:3"], ["urn:r:1"]])
        }
    }

    @Test func `a paused subscription is not notified`() async throws {
        let fixture = try await SubscriptionFixture()
        try await fixture.register(["id": "urn:r:1"])
        let id = try await subscribe(fixture, ["isActive": false])
        try await fixture.register(["id": "urn:r:2"])
        let store = try #require(try await fixture.store.tenant(nil))
        #expect(try await store.outboxDepth().count == 0)
        try await fixture.hub.subscribing.updateContextSourceRegistrationSubscription(
            id,
            ["isActive": true],
            ld: .core,
            caller: boss
        )
        #expect(try await store.outboxDepth().count == 1)
    }

    @Test func `messages that waited at a stop are sent after the start`() async throws {
        let fixture = try await SubscriptionFixture()
        _ = try await subscribe(fixture, ["id": "urn:s:1"])
        try await fixture.register(["id": "urn:r:1"])
        fixture.hub.subscriptions.replace([], .registrations, tenant: nil)
        try await fixture.hub.following.loadSubscriptions()
        try await fixture.delivering {
            #expect(ids(await fixture.recorder.next(1).first) == ["urn:r:1"])
        }
    }

    @Test func `messages decode to themselves`() throws {
        let record = RegistrationRecord(
            id: "urn:r:1",
            body: Sample.registration().registrationBody(.core),
            createdAt: Timestamp(microseconds: 1_000_000)
        )
        let message = RegistrationMessage(.updated, [.init(record: record, information: [0])])
        #expect(RegistrationMessage(bytes: message.bytes) == message)
        #expect(RegistrationMessage(bytes: Array(message.bytes.dropLast())) == nil)
    }

    @Test func `the outbox distinguishes the two kinds of subscriptions`() {
        for kind in SubscriptionKind.allCases {
            let key = SubscriptionKey(tenant: nil, kind: kind, id: "urn:s:1")
            #expect(SubscriptionKey(tenant: nil, outbox: key.outbox) == key)
        }
    }
}
