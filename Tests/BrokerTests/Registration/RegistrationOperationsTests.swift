import Clauses
import ContextModel
import Federation
import Governance
import Testing

@testable import Broker

@Suite(.timeLimit(.minutes(1)), .clause("5.9.2", "5.9.3", "5.9.4", "5.10.1"))
struct RegistrationOperationsTests {
    private func context() throws -> LDContext {
        var definitions = LDContextDefinitions()
        try definitions.add(["Bus": "http://v.example/Bus", "level": "http://v.example/level"])
        return LDContext(reference: "http://v.example/context.jsonld", definitions: definitions)
    }

    private func found(
        _ fixture: SubscriptionFixture,
        _ query: RegistrationQuery = RegistrationQuery()
    ) async throws -> [String] {
        let page = try await fixture.hub.registering.queryContextSourceRegistrations(
            query,
            limit: 100,
            ld: .core,
            caller: SubscriptionFixture.boss
        )
        return page.registrations.compactMap { $0.objectValue?["id"]?.stringValue }
    }

    // MARK: Register and retrieve

    @Test func `a registration is returned as it was written`() async throws {
        let fixture = try await SubscriptionFixture()
        let id = try await fixture.register(["id": "urn:r:1", "status": "failed", "level": 4])
        #expect(id == "urn:r:1")
        var expected = Sample.registration(["id": "urn:r:1", "level": 4])
        #expect(try await fixture.retrieve(id) == expected)
        let shown = try await fixture.retrieve(id, sysAttrs: true)
        expected["createdAt"] = shown["createdAt"]
        expected["modifiedAt"] = shown["createdAt"]
        #expect(shown["createdAt"] != nil)
        #expect(shown == expected)
    }

    @Test func `names are stored expanded and shown in the reader's terms`() async throws {
        let fixture = try await SubscriptionFixture()
        let ld = try context()
        let id = try await fixture.register(["level": 4], ld: ld)
        let own = try await fixture.retrieve(id, ld: ld)
        #expect(own["information"] == [["entities": [["type": "Bus"]]]])
        #expect(own["level"] == 4)
        let others = try await fixture.retrieve(id)
        #expect(others["information"] == [["entities": [["type": "http://v.example/Bus"]]]])
        #expect(others["http://v.example/level"] == 4)
    }

    @Test func `an identifier is created if none is given, and none is used twice`() async throws {
        let fixture = try await SubscriptionFixture()
        let id = try await fixture.register()
        #expect(id.hasPrefix("urn:ngsi-ld:ContextSourceRegistration:"))
        await #expect(throws: BrokerError(.alreadyExists, "")) {
            try await fixture.register(["id": .string(id)])
        }
    }

    @Test(
        arguments: [
            ["id": "here"], ["type": nil], ["type": "Subscription"],
            ["expiresAt": "2018-11-29T14:53:15Z"], ["information": .null],
        ] as [[String: JSONValue?]]
    )
    func `an invalid registration is refused`(_ members: [String: JSONValue?]) async throws {
        let fixture = try await SubscriptionFixture()
        await #expect(throws: BrokerError(.badRequestData, "")) {
            try await fixture.register(members)
        }
        #expect(try await found(fixture).isEmpty)
    }

    @Test func `a missing registration is reported as such`() async throws {
        let fixture = try await SubscriptionFixture()
        let (hub, boss) = (fixture.hub, SubscriptionFixture.boss)
        await #expect(throws: BrokerError(.resourceNotFound, "")) {
            try await fixture.retrieve("urn:r:1")
        }
        await #expect(throws: BrokerError(.resourceNotFound, "")) {
            try await fixture.update("urn:r:1", ["endpoint": "http://b.example/"])
        }
        await #expect(throws: BrokerError(.resourceNotFound, "")) {
            try await hub.registering.deleteContextSourceRegistration("urn:r:1", caller: boss)
        }
        await #expect(throws: BrokerError(.badRequestData, "")) {
            try await fixture.retrieve("here")
        }
    }

    @Test func `only the operator sees and changes registrations`() async throws {
        let fixture = try await SubscriptionFixture(policy: Policy(permissions: []))
        let id = try await fixture.register()
        let hub = fixture.hub
        let friend = Caller(party: .named(PartyID("friend")))
        await #expect(throws: BrokerError(.forbidden, "")) {
            try await fixture.register(caller: friend)
        }
        await #expect(throws: BrokerError(.unauthenticated, "")) {
            _ = try await hub.registering.retrieveContextSourceRegistration(
                id,
                ld: .core,
                caller: Caller(party: .anonymous)
            )
        }
        await #expect(throws: BrokerError(.forbidden, "")) {
            _ = try await hub.registering.queryContextSourceRegistrations(
                RegistrationQuery(),
                limit: 10,
                ld: .core,
                caller: friend
            )
        }
        await #expect(throws: BrokerError(.forbidden, "")) {
            _ = try await hub.subscribing.createContextSourceRegistrationSubscription(
                [
                    "type": "Subscription", "entities": [["type": "Bus"]],
                    "notification": ["endpoint": ["uri": "http://r.example/"]],
                ],
                ld: .core,
                caller: friend
            )
        }
    }

    // MARK: Update and delete

    @Test func `an update replaces members, and null removes`() async throws {
        let fixture = try await SubscriptionFixture()
        let id = try await fixture.register([
            "expiresAt": "2100-01-01T00:00:00Z", "description": "Buses",
        ])
        try await fixture.update(
            id,
            [
                "endpoint": "http://b.example/", "expiresAt": .null,
                "description": "urn:ngsi-ld:null",
            ]
        )
        let shown = try await fixture.retrieve(id)
        #expect(
            shown == Sample.registration(["id": .string(id), "endpoint": "http://b.example/"])
        )
    }

    @Test(
        arguments: [
            ["information": .null], ["endpoint": "urn:ngsi-ld:null"], ["type": "Building"],
            ["id": "urn:r:2"], ["expiresAt": "2018-11-29T14:53:15Z"], ["mode": "exclusive"], [:],
            [],
        ] as [JSONValue]
    )
    func `a wrong update is refused and changes nothing`(_ fragment: JSONValue) async throws {
        let fixture = try await SubscriptionFixture()
        let id = try await fixture.register()
        await #expect(throws: BrokerError(.badRequestData, "")) {
            try await fixture.update(id, fragment)
        }
        #expect(try await fixture.retrieve(id) == Sample.registration(["id": .string(id)]))
    }

    @Test func `a deleted document is not found`() async throws {
        let fixture = try await SubscriptionFixture()
        let id = try await fixture.register()
        try await fixture.hub.registering.deleteContextSourceRegistration(
            id,
            caller: SubscriptionFixture.boss
        )
        #expect(try await found(fixture).isEmpty)
    }

    // MARK: Query

    @Test func `a query finds those that match and are valid`() async throws {
        let fixture = try await SubscriptionFixture()
        try await fixture.register(["id": "urn:r:1"])
        try await fixture.register([
            "id": "urn:r:2", "information": Sample.information(["type": "Tram"]),
        ])
        let trams = try TypeSelection.parse("Tram", expansion: LDContext.core)
        let query = RegistrationQuery(entities: [EntitySpecification(types: trams)])
        #expect(try await found(fixture, query) == ["urn:r:2"])
        #expect(try await found(fixture) == ["urn:r:1", "urn:r:2"])
    }

    @Test func `pages have no gaps, and the count is of all`() async throws {
        let fixture = try await SubscriptionFixture()
        for number in 0..<5 { try await fixture.register(["id": .string("urn:r:\(number)")]) }
        var ids: [String] = []
        for offset in [0, 2, 4] {
            let page = try await fixture.hub.registering.queryContextSourceRegistrations(
                RegistrationQuery(),
                offset: offset,
                limit: 2,
                wantsCount: true,
                ld: .core,
                caller: SubscriptionFixture.boss
            )
            #expect(page.count == 5)
            #expect(page.hasMore == (offset < 4))
            ids += page.registrations.compactMap { $0.objectValue?["id"]?.stringValue }
        }
        #expect(ids == (0..<5).map { "urn:r:\($0)" })
    }

    // MARK: Exclusive sources (clause 4.3.6.3)

    private static let oneBus = Sample.information(["type": "Bus", "id": "urn:bus:1"], ["speed"])

    @Test func `an exclusive source allows no other, redirects allow each other`()
        async throws
    {
        let fixture = try await SubscriptionFixture()
        let first = try await fixture.register([
            "mode": "exclusive", "information": Self.oneBus,
        ])
        for mode: JSONValue in ["exclusive", "redirect"] {
            await #expect(throws: BrokerError(.conflict, "")) {
                try await fixture.register(["mode": mode, "information": Self.oneBus])
            }
        }
        try await fixture.register(["mode": "inclusive", "information": Self.oneBus])
        try await fixture.register([
            "mode": "exclusive",
            "information": Sample.information(["type": "Bus", "id": "urn:bus:1"], ["line"]),
        ])
        try await fixture.update(first, ["mode": "redirect"])
        try await fixture.register(["mode": "redirect", "information": Self.oneBus])
    }

    @Test func `data of the hub cannot be registered exclusively`() async throws {
        let fixture = try await SubscriptionFixture()
        try await fixture.create("urn:bus:1", speed: 7)
        await #expect(throws: BrokerError(.conflict, "")) {
            try await fixture.register(["mode": "exclusive", "information": Self.oneBus])
        }
        await #expect(throws: BrokerError(.conflict, "")) {
            try await fixture.register(["mode": "redirect"])
        }
        try await fixture.register([
            "mode": "exclusive",
            "information": Sample.information(["type": "Bus", "id": "urn:bus:1"], ["line"]),
        ])
        let id = try await fixture.register()
        await #expect(throws: BrokerError(.conflict, "")) {
            try await fixture.update(id, ["mode": "redirect"])
        }
    }

    /// So the order of the two does not matter.
    @Test func `exclusively registered data may be created here afterwards`() async throws {
        let fixture = try await SubscriptionFixture()
        try await fixture.register(["mode": "exclusive", "information": Self.oneBus])
        try await fixture.create("urn:bus:1", speed: 7)
    }

    /// The number of these simultaneous registrations that are accepted; the others fail as they
    /// should.
    private func taken(
        of count: Int,
        refusal: BrokerError,
        _ register: @escaping @Sendable (Int) async throws -> Void
    ) async throws -> Int {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<count {
                group.addTask {
                    do {
                        try await register(number)
                        return true
                    } catch let error as BrokerError where error == refusal {
                        return false
                    }
                }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
    }

    @Test func `of two simultaneous exclusive sources one is accepted`() async throws {
        let fixture = try await SubscriptionFixture()
        let conflict = BrokerError(.conflict, "")
        let registered = try await taken(of: 16, refusal: conflict) { _ in
            try await fixture.register(["mode": "exclusive", "information": Self.oneBus])
        }
        #expect(registered == 1)
        for number in 0..<16 { try await fixture.register(["id": .string("urn:r:\(number)")]) }
        let other = Sample.information(["type": "Bus", "id": "urn:bus:2"], ["speed"])
        let updated = try await taken(of: 16, refusal: conflict) { number in
            try await fixture.update(
                "urn:r:\(number)",
                ["mode": "exclusive", "information": other]
            )
        }
        #expect(updated == 1)
    }

    @Test func `simultaneous registrations stay within the limit`() async throws {
        var limits = HubLimits()
        limits.maximumRegistrations = 3
        let fixture = try await SubscriptionFixture(hubLimits: limits)
        let registered = try await taken(of: 16, refusal: BrokerError(.overloaded, "")) { _ in
            try await fixture.register()
        }
        #expect(registered == 3)
    }
}
