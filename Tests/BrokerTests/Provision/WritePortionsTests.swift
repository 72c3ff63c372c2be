import ContextModel
import Governance
import Storage
import Testing

@testable import Broker

@Suite struct WritePortionsTests {
    /// The buses of a long batch.
    private static func buses(_ count: Int) -> [(json: JSONValue, ld: LDContext)] {
        (0..<count).map { number in
            (["id": .string("urn:x:\(number)"), "type": "Bus", "n": 1], LDContext.core)
        }
    }

    @Test func `a long batch is written in portions, and others' writes come between`()
        async throws
    {
        let fixture = try await SubscriptionFixture()
        let batch = Task {
            try await fixture.hub.batch(
                .create,
                Self.buses(3_000),
                caller: SubscriptionFixture.boss
            )
        }
        // The first of the batch is there, and the last is not: another write is taken meanwhile.
        let (first, last) = (EntityID("urn:x:0"), EntityID("urn:x:2999"))
        while try await !fixture.has(first) { await Task.yield() }
        try await fixture.make(["id": "urn:x:other", "type": "Bus"])
        let isWhole = try await fixture.has(last)
        let result = try await batch.value
        #expect(!isWhole)
        #expect(result.created.count == 3_000 && result.errors.isEmpty)
        #expect(try await fixture.has(last))
    }

    @Test func `a long evolution is written in portions, whole and once`() async throws {
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
            let told = try await fixture.hub.upsertEvolution(
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
        let page = try await fixture.hub.retrieveEvolution(
            of: EntityID("urn:x:bus"),
            query,
            caller: SubscriptionFixture.boss
        )
        #expect(page.evolutions.first?.attributes.first?.instances.count == 4_500)
    }
}

extension SubscriptionFixture {
    /// Whether there is such an entity.
    fileprivate func has(_ id: EntityID) async throws -> Bool {
        do {
            _ = try await hub.retrieveEntity(id, caller: Self.boss)
            return true
        } catch let error as BrokerError where error.code == .resourceNotFound {
            return false
        }
    }
}
