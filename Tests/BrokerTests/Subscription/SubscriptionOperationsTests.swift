import Clauses
import ContextModel
import Governance
import Storage
import Testing

@testable import Broker

@Suite(.clause("5.8.1", "5.8.2", "5.8.3", "5.8.4", "5.8.5")) struct SubscriptionOperationsTests {
    private let boss = SubscriptionFixture.boss

    private func shown(_ fixture: SubscriptionFixture, _ id: String) async throws -> JSONObject {
        let json = try await fixture.hub.subscribing.retrieveSubscription(
            id,
            ld: .core,
            caller: boss
        )
        return try #require(json.objectValue)
    }

    private func create(type: String?, in fixture: SubscriptionFixture) async throws -> String {
        var body: JSONObject = [
            "entities": [["type": "Bus"]],
            "notification": ["endpoint": ["uri": "http://r.example/"]],
        ]
        if let type { body["type"] = .string(type) }
        return try await fixture.hub.subscribing.createSubscription(
            .object(body),
            ld: .core,
            caller: boss
        )
    }

    @Test(.clause("5.2.12")) func `a subscription has its type`() async throws {
        let fixture = try await SubscriptionFixture()
        for type in [nil, "Subscriptions", "@type"] as [String?] {
            await #expect(throws: BrokerError(.badRequestData, "")) {
                try await create(type: type, in: fixture)
            }
        }
    }

    @Test func `a subscription is returned as it was written`() async throws {
        let fixture = try await SubscriptionFixture()
        let id = try await fixture.subscribe([
            "id": "urn:s:1", "entities": [["type": "Bus"]], "q": "speed>1",
            "watchedAttributes": ["speed"], "subscriptionName": "Fast", "status": "expired",
        ])
        #expect(id == "urn:s:1")
        let json = try await shown(fixture, id)
        #expect(json["q"] == "speed>1")
        #expect(json["watchedAttributes"] == ["speed"])
        #expect(json["status"] == "active")
        #expect(json["isActive"] == nil)
        #expect(json["notificationTrigger"] == ["attributeCreated", "attributeUpdated"])
        #expect(json["jsonldContext"] == .string(CoreContext.url))
        #expect(json["createdAt"] == nil)
        await #expect(throws: BrokerError(.alreadyExists, "")) {
            try await fixture.subscribe(["id": "urn:s:1"])
        }
    }

    @Test func `names are shown in the reader's terms`() async throws {
        let fixture = try await SubscriptionFixture()
        var definitions = LDContextDefinitions()
        try definitions.add(["Bus": "https://city.example/Bus", "v": "https://city.example/v"])
        let own = LDContext(reference: "https://city.example/c", definitions: definitions)
        let record = SubscriptionRecord(
            id: "urn:s",
            owner: .operator,
            purpose: nil,
            context: own.reference,
            body: ["entities": [["type": "(Bus|v);Car"]], "watchedAttributes": ["v"]],
            createdAt: fixture.hub.clock()
        )
        let json = record.shown(
            original: own,
            ld: .core,
            sysAttrs: true,
            now: fixture.hub.clock()
        )
        #expect(json["watchedAttributes"] == ["https://city.example/v"])
        #expect(
            json["entities"] == [["type": "(https://city.example/Bus|https://city.example/v);Car"]]
        )
        #expect(json["createdAt"] == .string(record.createdAt.text))
    }

    @Test func `an update replaces members and removes with NGSI-LD Null`() async throws {
        let fixture = try await SubscriptionFixture()
        let id = try await fixture.subscribe(["description": "old", "subscriptionName": "name"])
        try await fixture.hub.subscribing.updateSubscription(
            id,
            [
                "description": "urn:ngsi-ld:null", "isActive": false,
                "notification": [
                    "format": "concise", "endpoint": ["uri": "http://new.example/"],
                ],
            ],
            ld: .core,
            caller: boss
        )
        let json = try await shown(fixture, id)
        #expect(json["description"] == nil)
        #expect(json["subscriptionName"] == "name")
        #expect(json["status"] == "paused")
        let notification = json["notification"]?.objectValue
        #expect(notification?["format"] == "concise")
        #expect(notification?["endpoint"] == ["uri": "http://new.example/"])
    }

    @Test(
        arguments: [
            ["id": "urn:other"], ["throttling": -1], [:], ["entities": "urn:ngsi-ld:null"],
            ["expiresAt": "2001-01-01T00:00:00Z"], ["notification": ["format": "concise"]],
        ] as [JSONValue]
    )
    func `a wrong update is refused and changes nothing`(fragment: JSONValue) async throws {
        let fixture = try await SubscriptionFixture()
        let id = try await fixture.subscribe()
        let before = try await shown(fixture, id)
        await #expect(throws: BrokerError(.badRequestData, "")) {
            try await fixture.hub.subscribing.updateSubscription(
                id,
                fragment,
                ld: .core,
                caller: boss
            )
        }
        #expect(try await shown(fixture, id) == before)
    }

    @Test func `pages have no gaps, and the count is of all`() async throws {
        let fixture = try await SubscriptionFixture()
        for number in 0..<5 { try await fixture.subscribe(["id": .string("urn:s:\(number)")]) }
        var seen: [String?] = []
        for offset in stride(from: 0, to: 5, by: 2) {
            let page = try await fixture.hub.subscribing.querySubscriptions(
                offset: offset,
                limit: 2,
                wantsCount: true,
                ld: .core,
                caller: boss
            )
            #expect(page.count == 5)
            #expect(page.hasMore == (offset < 4))
            seen += page.subscriptions.map { $0.objectValue?["id"]?.stringValue }
        }
        #expect(seen == (0..<5).map { "urn:s:\($0)" })
    }

    @Test func `subscriptions of an earlier version are listed by owner too`() async throws {
        let office = Caller(party: .named(PartyID("office")))
        let rule = Permission(
            assignee: .anyone,
            actions: [.read, .subscribe],
            target: .everything
        )
        let fixture = try await SubscriptionFixture(policy: Policy(permissions: [rule]))
        let id = try await fixture.subscribe(caller: office)
        let store = try await fixture.store.makeTenant(nil)
        try await store.bookkeep { transaction in
            for var document in try transaction.documents(.subscription) {
                document.owner = nil
                try transaction.put(document)
            }
        }
        func ids() async throws -> [JSONValue?] {
            let page = try await fixture.hub.subscribing.querySubscriptions(
                limit: 10,
                ld: .core,
                caller: office
            )
            return page.subscriptions.map { $0.objectValue?["id"] }
        }
        #expect(try await ids() == [])
        try await fixture.hub.following.loadSubscriptions()
        #expect(try await ids() == [.string(id)])
    }

    @Test func `another owner's subscription does not exist`() async throws {
        let names = ["a", "b"].map { PartyID($0) }
        let policy = Policy(
            permissions: names.map {
                Permission(
                    assignee: .party($0),
                    actions: [.read, .subscribe],
                    target: .everything
                )
            }
        )
        let fixture = try await SubscriptionFixture(policy: policy)
        let id = try await fixture.subscribe(caller: Caller(party: .named(names[0])))
        let other = Caller(party: .named(names[1]))
        await #expect(throws: BrokerError(.resourceNotFound, "")) {
            try await fixture.hub.subscribing.retrieveSubscription(id, ld: .core, caller: other)
        }
        await #expect(throws: BrokerError(.resourceNotFound, "")) {
            try await fixture.hub.subscribing.deleteSubscription(id, caller: other)
        }
        let page = try await fixture.hub.subscribing.querySubscriptions(
            limit: 10,
            wantsCount: true,
            ld: .core,
            caller: other
        )
        #expect(page == SubscriptionPage(subscriptions: [], count: 0, hasMore: false))
    }

    @Test func `each owner has its own identifiers`() async throws {
        let owners = ["a", "b\nurn:s:1", "b%0Aurn:s:1", "\u{301}e\r"].map {
            Caller(party: .named(PartyID($0)))
        }
        let rule = Permission(
            assignee: .anyone,
            actions: [.read, .subscribe],
            target: .everything
        )
        let fixture = try await SubscriptionFixture(policy: Policy(permissions: [rule]))
        let callers = owners + [Caller(party: .anonymous), SubscriptionFixture.boss]
        for (number, caller) in callers.enumerated() {
            let members: JSONObject = ["id": "urn:s:1", "description": .string("of \(number)")]
            let id = try await fixture.subscribe(
                members,
                to: "http://r.example/\(number)",
                caller: caller
            )
            #expect(id == "urn:s:1")
            await #expect(throws: BrokerError(.alreadyExists, "")) {
                try await fixture.subscribe(members, caller: caller)
            }
        }
        // Before anybody delivers: the store has to bring it back.
        try await fixture.create("urn:x:1", speed: 1)
        try await fixture.delivering {
            let told = await fixture.recorder.next(callers.count)
            #expect(Set(told.map(\.url)).count == callers.count)
            #expect(told.allSatisfy { $0.json?["subscriptionId"] == "urn:s:1" })
        }
        try await fixture.hub.subscribing.deleteSubscription("urn:s:1", caller: owners[0])
        await #expect(throws: BrokerError(.resourceNotFound, "")) {
            try await fixture.hub.subscribing.deleteSubscription("urn:s:1", caller: owners[0])
        }
        for (number, caller) in callers.enumerated().dropFirst() {
            let shown = try await fixture.hub.subscribing.retrieveSubscription(
                "urn:s:1",
                ld: .core,
                caller: caller
            )
            #expect(shown.objectValue?["description"] == .string("of \(number)"))
        }
    }

    @Test func `the operator can manage others' subscriptions, its own first`()
        async throws
    {
        let rule = Permission(
            assignee: .anyone,
            actions: [.read, .subscribe],
            target: .everything
        )
        let fixture = try await SubscriptionFixture(policy: Policy(permissions: [rule]))
        let boss = SubscriptionFixture.boss
        let other = Caller(party: .named(PartyID("a")))
        for caller in [other, boss] {
            try await fixture.subscribe(["id": "urn:s:1"], caller: caller)
        }
        let page = try await fixture.hub.subscribing.querySubscriptions(
            limit: 10,
            ld: .core,
            caller: boss
        )
        let named = page.subscriptions.map { $0.objectValue?["owner"] }
        #expect(named.count == 2)
        #expect(Set(named) == [nil, "a"])
        try await fixture.hub.subscribing.deleteSubscription("urn:s:1", caller: boss)
        _ = try await fixture.hub.subscribing.retrieveSubscription(
            "urn:s:1",
            ld: .core,
            caller: other
        )
        try await fixture.hub.subscribing.updateSubscription(
            "urn:s:1",
            ["description": "seen"],
            ld: .core,
            caller: boss
        )
        let shown = try await fixture.hub.subscribing.retrieveSubscription(
            "urn:s:1",
            ld: .core,
            caller: other
        )
        #expect(shown.objectValue?["description"] == "seen")
        #expect(shown.objectValue?["owner"] == nil)
        try await fixture.hub.subscribing.deleteSubscription("urn:s:1", caller: boss)
        await #expect(throws: BrokerError(.resourceNotFound, "")) {
            try await fixture.hub.subscribing.retrieveSubscription(
                "urn:s:1",
                ld: .core,
                caller: other
            )
        }
    }

    @Test func `a deleted document is not found`() async throws {
        let fixture = try await SubscriptionFixture()
        let id = try await fixture.subscribe()
        try await fixture.hub.subscribing.deleteSubscription(id, caller: boss)
        await #expect(throws: BrokerError(.resourceNotFound, "")) {
            try await fixture.hub.subscribing.deleteSubscription(id, caller: boss)
        }
        #expect(fixture.hub.subscriptions.keys.isEmpty)
    }
}
