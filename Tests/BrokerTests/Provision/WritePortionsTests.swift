import ContextModel
import Governance
import Storage
import StorageSQLite
import Testing

@testable import Broker

@Suite struct WritePortionsTests {
    /// The buses of a long batch.
    private static func buses(_ count: Int) -> [(json: JSONValue, ld: LDContext)] {
        (0..<count).map { number in
            (["id": .string("urn:x:\(number)"), "type": "Bus", "n": 1], LDContext.core)
        }
    }

    @Test func `a long batch is written in portions, with others' writes in between`()
        async throws
    {
        let fixture = try await SubscriptionFixture()
        let batch = Task {
            try await fixture.hub.writing.batch(
                .create,
                Self.buses(9_000),
                caller: SubscriptionFixture.boss
            )
        }
        // The first of the batch is there, and the last is not: another write runs meanwhile.
        let (first, last) = (EntityID("urn:x:0"), EntityID("urn:x:8999"))
        while try await !fixture.has(first) { await Task.yield() }
        try await fixture.make(["id": "urn:x:other", "type": "Bus"])
        let isWhole = try await fixture.has(last)
        let result = try await batch.value
        #expect(!isWhole)
        #expect(result.created.count == 9_000 && result.errors.isEmpty)
        #expect(try await fixture.has(last))
    }

    @Test func `a long evolution is written in portions, completely and once`() async throws {
        let fixture = try await SubscriptionFixture()
        let instances = (0..<4_500).map { number -> JSONValue in
            let moment = Timestamp(microseconds: Int64(number) * 1_000_000)
            return [
                "type": "Property", "value": .number(JSONNumber(number)),
                "observedAt": .string(moment.text),
            ]
        }
        let body: JSONValue = ["id": "urn:x:bus", "type": "Bus", "n": .array(instances)]
        for isNew in [true, false] {
            let told = try await fixture.hub.writing.upsertEvolution(
                body,
                ld: .core,
                caller: SubscriptionFixture.boss
            )
            #expect(told.isNew == isNew)
        }
        let query = TemporalQuery(
            condition: .everything,
            timeProperty: .observedAt,
            instanceLimit: 10_000,
            limit: 1
        )
        let page = try await fixture.hub.reading.retrieveEvolution(
            of: EntityID("urn:x:bus"),
            query,
            caller: SubscriptionFixture.boss
        )
        #expect(page.evolutions.first?.attributes.first?.instances.count == 4_500)
    }

    @Test func `one attribute of a long evolution is deleted in portions`() async throws {
        let fixture = try await SubscriptionFixture(onDisk: true)
        let instances = (0..<6_000).map { number -> JSONValue in
            let moment = Timestamp(microseconds: Int64(number) * 1_000_000)
            return ["type": "Property", "value": 1, "observedAt": .string(moment.text)]
        }
        let id = EntityID("urn:x:bus")
        let body: JSONValue = [
            "id": .string(id.uri), "type": "Bus", "n": .array(instances), "m": [["value": 2]],
        ]
        let boss = SubscriptionFixture.boss
        _ = try await fixture.hub.writing.upsertEvolution(body, ld: .core, caller: boss)
        func delete(_ name: String) async throws {
            try await fixture.hub.writing.deleteAttributeFromEvolution(
                SubscriptionFixture.iri(name),
                of: id,
                datasetID: nil,
                all: true,
                caller: boss
            )
        }
        try await delete("n")
        #expect(try await fixture.past("n", of: id.uri).isEmpty)
        #expect(try await fixture.past("m", of: id.uri) == [2])
        await #expect(throws: BrokerError(.resourceNotFound, "")) { try await delete("n") }
        try await fixture.hub.writing.deleteEvolution(of: id, caller: boss)
        await #expect(throws: BrokerError(.resourceNotFound, "")) {
            try await fixture.hub.writing.deleteEvolution(of: id, caller: boss)
        }
        await fixture.store.close()
    }

    // MARK: A disk that becomes full

    private static let text = JSONValue.string(String(repeating: "x", count: 2_000))

    @Test func `when the disk fills, the answer lists the stored entities of a batch`()
        async throws
    {
        let fixture = try await SubscriptionFixture(onDisk: true, maximumPages: 4_000)
        let ids = (0..<3_000).map { EntityID("urn:x:\($0)") }
        let batch = ids.map { id in
            (
                json: ["id": .string(id.uri), "type": "Bus", "n": ["value": Self.text]]
                    as JSONValue,
                ld: LDContext.core
            )
        }
        let boss = SubscriptionFixture.boss
        let result = try await fixture.hub.writing.batch(.create, batch, caller: boss)
        #expect(!result.created.isEmpty && !result.errors.isEmpty)
        #expect(result.created + result.errors.compactMap(\.id) == ids)
        #expect(result.errors.allSatisfy { $0.error.code == .storageFull })
        // What was acknowledged is there, and the rest is not, now and after a start.
        for (id, isStored) in [(result.created.last, true), (result.errors.first?.id, false)] {
            #expect(try await fixture.has(try #require(id)) == isStored)
        }
        await fixture.store.close()
        let store = try SQLiteStore(folder: fixture.folder, clock: fixture.hub.clock.now)
        let tenant = try await store.makeTenant(nil)
        let count = try await tenant.entityCount(grant: InternalGrant(.indexing))
        #expect(count == result.created.count)
        await store.close()
    }

    @Test
    func `when the disk fills, the answer has the number of stored instances of an evolution`()
        async throws
    {
        let fixture = try await SubscriptionFixture(onDisk: true, maximumPages: 2_500)
        let instances = (0..<9_000).map { number -> JSONValue in
            let moment = Timestamp(microseconds: Int64(number) * 1_000_000)
            return ["type": "Property", "value": Self.text, "observedAt": .string(moment.text)]
        }
        let body: JSONValue = ["id": "urn:x:bus", "type": "Bus", "n": .array(instances)]
        let boss = SubscriptionFixture.boss
        let error = await #expect(throws: BrokerError.self) {
            _ = try await fixture.hub.writing.upsertEvolution(body, ld: .core, caller: boss)
        }
        #expect(error?.code == .storageFull)
        let query = TemporalQuery(condition: .everything, instanceLimit: 10_000, limit: 1)
        let id = EntityID("urn:x:bus")
        let page = try await fixture.hub.reading.retrieveEvolution(of: id, query, caller: boss)
        let stored = page.evolutions.first?.attributes.first?.instances.count ?? 0
        #expect(stored > 0 && stored < 9_000)
        #expect(error?.detail.contains("the first \(stored) were stored") == true)
        await fixture.store.close()
    }
}

extension SubscriptionFixture {
    /// Whether the entity exists.
    fileprivate func has(_ id: EntityID) async throws -> Bool {
        do {
            _ = try await hub.reading.retrieveEntity(id, caller: Self.boss)
            return true
        } catch let error as BrokerError where error.code == .resourceNotFound {
            return false
        }
    }
}
