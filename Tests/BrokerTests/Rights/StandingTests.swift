import ContextModel
import Governance
import Storage
import StorageMemory
import Testing

@testable import Broker

/// What the hub goes on to do for somebody is decided by the roles and the person of its maker.
@Suite struct StandingTests {
    private static func clinic(_ role: String? = nil, subject: SubjectID? = nil) -> Caller {
        var caller = Ward.clinic
        caller.otherRoles = role.map { [$0] } ?? []
        caller.subject = subject
        return caller
    }

    private static func isRole(_ name: String) -> JSONValue {
        ["leftOperand": "role", "operator": "eq", "rightOperand": .string(name)]
    }

    /// A ward whose visits only the clinic's doctors may read, and whose tests its nurses may.
    private func ward(_ memory: SharedMemory = SharedMemory()) async throws -> Ward {
        let ward = try await Ward(memory: memory)
        try await ward.classify()
        try await ward.put(Ward.policy(["Visit"], constraints: [Self.isRole("doctor")]))
        try await ward.put(
            Ward.policy(
                ["Bike"],
                uid: "urn:policy:nurses",
                constraints: [Self.isRole("nurse")]
            )
        )
        return ward
    }

    private func subscribe(_ ward: Ward) async throws -> String {
        try await ward.fixture.subscribe(
            ["entities": [["type": "Visit"], ["type": "Bike"]]],
            caller: Self.clinic("doctor", subject: Ward.budi)
        )
    }

    @Test func `a subscriber with a role is told what the role may see, also by the next process`()
        async throws
    {
        let memory = SharedMemory()
        let first = try await ward(memory)
        _ = try await subscribe(first)
        try await first.make(first.visit("1", of: Ward.siti))
        let next = try await Ward(memory: memory, process: "next")
        try await next.hub.following.loadSubscriptions()
        try await next.fixture.delivering {
            let told = await next.fixture.recorder.next(1).flatMap(\.entities)
            #expect(told.map { $0["id"]?.stringValue } == ["urn:visit:1"])
        }
    }

    @Test func `whoever subscribes without the role is refused`() async throws {
        let ward = try await ward()
        await #expect(throws: BrokerError(.forbidden, "")) {
            try await ward.fixture.subscribe(
                ["entities": [["type": "Visit"]]],
                caller: Self.clinic()
            )
        }
    }

    @Test func `a token of the same party gets nothing by the role of another`() async throws {
        let ward = try await ward()
        let id = try await subscribe(ward)
        func move(_ caller: Caller, _ fragment: JSONValue) async throws {
            try await ward.hub.subscribing.updateSubscription(
                id,
                fragment,
                ld: .core,
                caller: caller
            )
        }
        func record() async throws -> SubscriptionRecord {
            try await ward.hub.subscribing.subscriptionRecord(id, .entities, Self.clinic())
        }
        let elsewhere: JSONValue = [
            "notification": ["endpoint": ["uri": "http://elsewhere.example/"]]
        ]
        // Without any role it may subscribe to nothing.
        await #expect(throws: BrokerError(.forbidden, "")) {
            try await move(Self.clinic(), elsewhere)
        }
        let before = try await record()
        #expect(before.standing == Standing(otherRoles: ["doctor"], subject: Ward.budi))
        #expect(before.body["notification"] != elsewhere.objectValue?["notification"])
        try await move(Self.clinic("nurse"), elsewhere)
        let after = try await record()
        #expect(after.standing == Standing(otherRoles: ["nurse"]))
        // What is sent is decided by that, too.
        try await ward.make(ward.visit("1", of: Ward.siti))
        try await ward.make(["id": "urn:bike:1", "type": "Bike", "gears": 3])
        try await ward.fixture.delivering {
            let told = await ward.fixture.recorder.next(1).flatMap(\.entities)
            #expect(told.map { $0["id"]?.stringValue } == ["urn:bike:1"])
        }
    }

    @Test func `who runs the hub does not lead another's notifications elsewhere`() async throws {
        let ward = try await ward()
        let id = try await subscribe(ward)
        func update(_ fragment: JSONValue) async throws {
            try await ward.hub.subscribing.updateSubscription(
                id,
                fragment,
                ld: .core,
                caller: Ward.boss
            )
        }
        await #expect(throws: BrokerError(.forbidden, "")) {
            try await update(["notification": ["endpoint": ["uri": "http://boss.example/"]]])
        }
        try await update(["isActive": false])
        let record = try await ward.hub.subscribing.subscriptionRecord(
            id,
            .entities,
            Self.clinic()
        )
        #expect(record.standing == Standing(otherRoles: ["doctor"], subject: Ward.budi))
        #expect(record.body["isActive"] == false)
    }

    @Test func `a snapshot holds what its maker's role may see`() async throws {
        let ward = try await ward()
        try await ward.make(ward.visit("1", of: Ward.siti))
        let query = SnapshotQuery(
            EntityQuery(condition: .type(LDContext.core.expand("Visit")), limit: 100),
            shownAs: Representation()
        )
        let doctor = Self.clinic("doctor")
        try await ward.fixture.snapshot("urn:x:doctors", [:], [query], caller: doctor)
        let onDoctors = try ward.fixture.on("urn:x:doctors", doctor)
        #expect(try await ward.fixture.ids(onDoctors) == ["urn:visit:1"])
        // The same snapshot shows less to a token of the party without the role.
        let plain = try ward.fixture.on("urn:x:doctors", Self.clinic())
        #expect(try await ward.fixture.ids(plain) == [])
    }

    @Test func `an EntityMap gives no rights to a token without the role of its maker`()
        async throws
    {
        let ward = try await ward()
        try await ward.make(ward.visit("1", of: Ward.siti))
        let query = EntityQuery(condition: .type(LDContext.core.expand("Visit")), limit: 100)
        let map = try await ward.hub.reading.createEntityMap(
            of: query,
            EntityMapRequest(selection: "visits"),
            caller: Self.clinic("doctor")
        )
        #expect(map.ids.map(\.uri) == ["urn:visit:1"])
        let id = try #require(map.json["id"]?.stringValue)
        let plain = try await ward.hub.reading.retrieveEntityMap(id, caller: Self.clinic())
        #expect(plain.ids.isEmpty)
    }
}
