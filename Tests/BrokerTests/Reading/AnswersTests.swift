import ContextModel
import Governance
import Storage
import Testing

@testable import Broker

/// The entities that answers disclose.
@Suite struct AnswersTests {
    private typealias Fixture = SubscriptionFixture

    private func disclosures(_ answer: some Disclosable) throws -> [String: Set<String>] {
        var told: [String: Set<String>] = [:]
        try answer.forEachDisclosure { told[$0.uri, default: []].formUnion($1.map(\.text)) }
        return told
    }

    private func city() async throws -> SubscriptionFixture {
        let fixture = try await Fixture()
        let bodies: [JSONValue] = [
            [
                "id": "urn:x:bus", "type": "Bus", "speed": 1,
                "line": ["type": "Relationship", "object": "urn:x:line"],
            ],
            ["id": "urn:x:line", "type": "Line", "name": "7"],
        ]
        for body in bodies {
            _ = try await fixture.hub.writing.createEntity(body, ld: .core, caller: Fixture.boss)
        }
        return fixture
    }

    @Test func `an answer is complete, or has warnings`() async throws {
        let fixture = try await city()
        let query = EntityQuery(condition: .everything, limit: 1)
        let whole = try await fixture.hub.reading.queryEntities(query, caller: Fixture.boss)
        #expect(whole.warnings.isEmpty)
        let session = try await fixture.hub.reading.session(Fixture.boss)
        let warning = AnswerWarning(source: "hub-b", reason: "It did not answer.")
        let partial = try await session.seal(whole.answer, warnings: [warning])
        #expect(partial.warnings == [warning])
        #expect(partial.page.entities.count == 1)
    }

    @Test func `evolutions and EntityMaps disclose their entities`() async throws {
        let fixture = try await city()
        let query = TemporalQuery(
            condition: Fixture.type("Bus"),
            timeProperty: .createdAt,
            instanceLimit: 1,
            limit: 1
        )
        let past = try await fixture.hub.reading.queryEvolutions(query, caller: Fixture.boss)
        let names = Set(["speed", "line"].map { Fixture.iri($0).text })
        #expect(try disclosures(past.answer) == ["urn:x:bus": names])
        let map = try await fixture.hub.reading.createEntityMap(
            of: EntityQuery(condition: .everything, limit: 1),
            EntityMapRequest(selection: ""),
            caller: Fixture.boss
        )
        #expect(try disclosures(map.answer) == ["urn:x:bus": [], "urn:x:line": []])
    }

    @Test func `an entity and linked entities are disclosed, with their attributes`() async throws {
        let fixture = try await city()
        var all = Representation()
        all.join = Join(.flat)
        let bus: [String: Set<String>] = [
            "urn:x:bus": [Fixture.iri("speed").text, Fixture.iri("line").text],
            "urn:x:line": [Fixture.iri("name").text],
        ]
        let retrieved = try await fixture.hub.reading.retrieveEntity(
            EntityID("urn:x:bus"),
            shownAs: all,
            caller: Fixture.boss
        )
        #expect(try disclosures(retrieved.answer) == bus)
        let found = try await fixture.hub.reading.queryEntities(
            EntityQuery(condition: .ids([EntityID("urn:x:bus")]), limit: 1),
            shownAs: all,
            caller: Fixture.boss
        )
        #expect(try disclosures(found.answer) == bus)
    }
}
