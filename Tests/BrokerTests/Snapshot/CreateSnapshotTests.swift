import Clauses
import ContextModel
import Governance
import Storage
import Testing

@testable import Broker

@Suite(.clause("4.3.7", "5.16.1")) struct CreateSnapshotTests {
    private typealias Fixture = SubscriptionFixture

    @Test func `a snapshot has the data of its time, and the city changes`() async throws {
        let fixture = try await Fixture.mapped()
        try await fixture.snapshot()
        #expect(try await fixture.status()["snapshotStatus"] == "success")
        try await fixture.set(speed: 90, of: "urn:x:1")
        try await fixture.delete("urn:x:2")
        try await fixture.create("urn:x:new", speed: 9)
        let inside = try fixture.on()
        #expect(try await fixture.ids(inside) == (1...5).map { "urn:x:\($0)" })
        #expect(try await fixture.speed(of: "urn:x:1", inside) == 1)
        #expect(try await fixture.speed(of: "urn:x:1", Fixture.boss) == 90)
    }

    @Test func `changes in a snapshot stay in it`() async throws {
        let fixture = try await Fixture.mapped()
        try await fixture.snapshot()
        let inside = try fixture.on()
        try await fixture.set(speed: 70, of: "urn:x:1", inside)
        try await fixture.make(["id": "urn:x:what-if", "type": "Bus"], caller: inside)
        try await fixture.hub.writing.deleteEntity(EntityID("urn:x:5"), caller: inside)
        #expect(try await fixture.ids(inside).count == 5)
        #expect(try await fixture.speed(of: "urn:x:1", inside) == 70)
        #expect(try await fixture.speed(of: "urn:x:1", Fixture.boss) == 1)
        #expect(try await fixture.ids(Fixture.boss).contains("urn:x:5"))
    }

    @Test func `until it is filled a snapshot has a status and cannot be read`() async throws {
        let fixture = try await Fixture.mapped()
        try await fixture.snapshot(isMade: false)
        let status = try await fixture.status()
        #expect(status["snapshotStatus"] == "preparing" && status["snapshotPriority"] == 5)
        #expect(status["lastUsedAt"] != nil && status["snapshotQueriesDetails"] == nil)
        #expect(throws: BrokerError(.overloaded, "")) { try fixture.on() }
    }

    @Test(.clause("5.16.3")) func `the status has the outcome of each query`() async throws {
        let fixture = try await Fixture.mapped()
        func query(_ type: String) -> SnapshotQuery {
            let query = EntityQuery(condition: Fixture.type(type), limit: 1)
            return SnapshotQuery(query, shownAs: Representation())
        }
        try await fixture.snapshot("urn:x:some", [:], [query("Bus"), query("Tram")])
        let some = try await fixture.status("urn:x:some")
        #expect(some["snapshotStatus"] == "partial")
        #expect(
            some["snapshotQueriesDetails"]
                == [["resultStatus": "success"], ["resultStatus": "empty"]]
        )
        try await fixture.snapshot("urn:x:none", [:], [query("Tram")])
        #expect(try await fixture.status("urn:x:none")["snapshotStatus"] == "empty")
        #expect(try await fixture.ids(fixture.on("urn:x:none")).isEmpty)
    }

    @Test func `a query that is too large for a snapshot fails, with a reason`() async throws {
        var limits = HubLimits()
        limits.maximumSnapshotEntities = 4
        let fixture = try await Fixture.mapped(Fixture.open, limits)
        try await fixture.snapshot(temporal: [Fixture.allMoments])
        let status = try await fixture.status()
        #expect(status["snapshotStatus"] == "failure")
        for member in ["snapshotQueriesDetails", "snapshotTemporalQueriesDetails"] {
            let details = try #require(status[member]?.arrayValue?.first?.objectValue)
            #expect(details["resultStatus"] == "failure")
            let problem = try #require(details["problemDetails"]?.objectValue)
            #expect(problem["type"]?.stringValue?.hasSuffix("/TooManyResults") == true)
        }
        #expect(try await fixture.ids(fixture.on()).isEmpty)
    }

    @Test func `temporal queries copy history, and other queries do not`() async throws {
        let fixture = try await Fixture.mapped()
        for speed in [20, 30] { try await fixture.set(speed: speed, of: "urn:x:1") }
        try await fixture.snapshot("urn:x:past", [:], [], temporal: [Fixture.allMoments])
        try await fixture.set(speed: 40, of: "urn:x:1")
        let inside = try fixture.on("urn:x:past")
        let page = try await fixture.hub.reading.retrieveEvolution(
            of: EntityID("urn:x:1"),
            Fixture.allMoments,
            caller: inside
        )
        let values = page.evolutions[0].attributes[0].instances.map(\.value)
        #expect(values == [1, 20, 30])
        #expect(try await fixture.ids(inside).isEmpty)
        let status = try await fixture.status("urn:x:past")
        #expect(status["snapshotTemporalQueriesDetails"] == [["resultStatus": "success"]])
    }

    @Test func `an entity that two queries find has the attributes of both`() async throws {
        let fixture = try await Fixture.mapped()
        try await fixture.make([
            "id": "urn:x:6", "type": "Bus", "speed": 6, "colour": "red", "age": 2,
        ])
        let one = EntityQuery(condition: .ids([EntityID("urn:x:6")]), limit: 1)
        func showing(_ name: String) -> SnapshotQuery {
            let projection = Projection(attributes: [Fixture.iri(name)])
            return SnapshotQuery(one, shownAs: Representation(projection: projection))
        }
        try await fixture.snapshot("urn:x:both", [:], [showing("speed"), showing("colour")])
        let entity = try await fixture.hub.reading.retrieveEntity(
            EntityID("urn:x:6"),
            caller: fixture.on("urn:x:both")
        ).entity.decoded()
        #expect(entity.attributes.map(\.name) == ["speed", "colour"].map(Fixture.iri))
    }

    @Test func `a snapshot has what its maker could see, and shows what it may see now`()
        async throws
    {
        let fixture = try await Fixture.mapped(Fixture.sharedPolicy)
        try await fixture.make(["id": "urn:x:6", "type": "Bus", "speed": 6, "colour": "red"])
        try await fixture.snapshot(caller: Fixture.office)
        let inside = try fixture.on("urn:x:snapshot", Fixture.office)
        let store = try #require(try await fixture.store.tenant(inside.tenant))
        guard case .grant(let all) = fixture.hub.access.policy.decideRead(Fixture.boss) else {
            Issue.record("The operator may read.")
            return
        }
        let kept = try await store.entities(
            EntityQuery(condition: .everything, limit: 100),
            grant: all
        ).entities
        #expect(kept.map(\.id.uri) == (3...6).map { "urn:x:\($0)" })
        #expect(kept.allSatisfy { $0[Fixture.iri("colour")].isEmpty })
        // The copy of a bus that was made slow meanwhile is hidden as well.
        try await store.restore(InternalGrant(.copying), for: nil) { transaction in
            var slow = kept[0]
            slow.attributes[0].instances[0].value = 1
            try transaction.put(slow)
        }
        #expect(try await fixture.ids(inside) == (4...6).map { "urn:x:\($0)" })
    }

    @Test(
        arguments: [
            ["snapshotPriority": 11], ["snapshotPriority": "high"], ["snapshotLifetime": "1 day"],
            ["endpoint": "mailto:me@city.example"], ["speed": 1], ["type": "Bus"], ["id": "no uri"],
            ["receiverInfo": [["key": "Host", "value": "x"]]],
        ] as [JSONObject]
    )
    func `members that clause 5-2-41 does not allow are refused`(members: JSONObject) async throws {
        let fixture = try await Fixture.mapped(onDisk: true)
        var body: JSONObject = ["type": "Snapshot", "snapshotQueries": [["type": "Query"]]]
        for (key, value) in members.members { body[key] = value }
        await #expect(throws: BrokerError(.badRequestData, "")) {
            try await fixture.hub.snapshotting.createSnapshot(
                .object(body),
                [Fixture.busQuery],
                temporal: [],
                ld: .core,
                caller: Fixture.boss
            )
        }
        #expect(try await fixture.snapshotFiles == 0)
    }

    @Test func `the anonymous party has no snapshots, and others have a limit`() async throws {
        var limits = HubLimits()
        limits.maximumSnapshots = 2
        let fixture = try await Fixture.mapped(Fixture.sharedPolicy, limits, onDisk: true)
        await #expect(throws: BrokerError(.unauthenticated, "")) {
            try await fixture.snapshot(caller: Caller(party: .anonymous))
        }
        for number in 1...2 { try await fixture.snapshot("urn:x:\(number)") }
        await #expect(throws: BrokerError(.overloaded, "")) {
            try await fixture.snapshot("urn:x:3")
        }
        try await fixture.snapshot("urn:x:3", caller: Fixture.office)
        #expect(try await fixture.snapshotFiles == 3)
    }

    @Test func `a party has a limit of snapshots over all tenants`() async throws {
        var limits = HubLimits()
        limits.maximumSnapshotsOfParty = 2
        let fixture = try await Fixture.mapped(Fixture.sharedPolicy, limits)
        func snapshot(_ tenant: String, _ caller: Caller = Fixture.boss) async throws {
            var caller = caller
            let name = try #require(TenantName(tenant))
            caller.tenant = name
            _ = try await fixture.store.makeTenant(caller.tenant)
            try await fixture.snapshot(isMade: false, caller: caller)
        }
        for tenant in ["north", "south"] { try await snapshot(tenant) }
        await #expect(throws: BrokerError(.overloaded, "")) { try await snapshot("west") }
        try await snapshot("west", Fixture.office)
    }

    @Test func `parties share the hub's limit of snapshots`() async throws {
        var limits = HubLimits()
        limits.maximumSnapshotsInAll = 3
        let fixture = try await Fixture.mapped(Fixture.sharedPolicy, limits, onDisk: true)
        try await fixture.snapshot()
        try await fixture.snapshot("urn:x:2")
        await #expect(throws: BrokerError(.overloaded, "")) {
            try await fixture.snapshot("urn:x:3")
        }
        try await fixture.snapshot(caller: Fixture.office)
        #expect(try await fixture.snapshotFiles == 3)
    }

    @Test func `names of snapshots are the party's own, so none reveals another's`() async throws {
        let fixture = try await Fixture.mapped(Fixture.sharedPolicy)
        try await fixture.snapshot()
        await #expect(throws: BrokerError(.alreadyExists, "")) { try await fixture.snapshot() }
        try await fixture.snapshot(caller: Fixture.office)
        #expect(try await fixture.ids(fixture.on()).count == 5)
        let office = try fixture.on("urn:x:snapshot", Fixture.office)
        #expect(try await fixture.ids(office).count == 3)
    }

    @Test func `snapshots created and deleted at once leave nothing behind`() async throws {
        let fixture = try await Fixture.mapped(onDisk: true)
        let unexpected = try await withThrowingTaskGroup(of: [String].self) { group in
            for number in 0..<40 {
                let id = "urn:x:\(number % 4)"
                group.addTask { try await Self.fault { try await fixture.snapshot(id) } }
                group.addTask {
                    try await Self.fault {
                        try await fixture.hub.snapshotting.deleteSnapshot(id, caller: Fixture.boss)
                    }
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(unexpected.isEmpty)
        for snapshot in fixture.hub.snapshotting.snapshots.all {
            try await fixture.hub.snapshotting.remove(snapshot)
        }
        await fixture.maker.turn()
        #expect(try await fixture.snapshotFiles == 0)
    }

    /// An error that an operation should not give to a caller that creates and deletes at once.
    private static func fault(_ operation: () async throws -> Void) async throws -> [String] {
        do {
            try await operation()
            return []
        } catch let error as BrokerError {
            let isExpected = [.alreadyExists, .resourceNotFound].contains(error.code)
            return isExpected ? [] : ["\(error.code): \(error.detail)"]
        } catch let error as StorageError {
            return ["\(error)"]
        }
    }
}
