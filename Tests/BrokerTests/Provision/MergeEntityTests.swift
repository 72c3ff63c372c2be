import Clauses
import ContextModel
import Governance
import Testing

@testable import Broker

@Suite(.clause("5.6.17", "5.5.12")) struct MergeEntityTests {
    private func merge(
        _ fixture: SubscriptionFixture,
        _ json: JSONValue,
        into id: EntityID = EntityID("urn:x:bus"),
        isSimplified: Bool = false,
        caller: Caller = SubscriptionFixture.boss
    ) async throws {
        try await fixture.hub.writing.mergeEntity(
            id,
            json,
            isSimplified: isSimplified,
            ld: .core,
            caller: caller
        )
    }

    @Test func `a merge keeps what it does not name`() async throws {
        let fixture = try await SubscriptionFixture.shared()
        try await merge(fixture, ["speed": ["unitCode": "KMH"], "line": ["value": ["a": 1]]])
        try await merge(fixture, ["line": ["value": ["b": 2]]])
        #expect(
            try await fixture.shown("urn:x:bus")
                == ["id": "urn:x:bus", "type": "Bus", "speed": 1, "line": ["a": 1, "b": 2]]
        )
        #expect(try await fixture.past("line", of: "urn:x:bus") == [["a": 1], ["a": 1, "b": 2]])
    }

    @Test func `simplified values keep the present kind`() async throws {
        let fixture = try await SubscriptionFixture.shared()
        try await fixture.make([
            "id": "urn:x:2", "type": "Bus", "line": ["object": "urn:x:line:1"],
        ])
        let id = EntityID("urn:x:2")
        try await merge(fixture, ["line": "urn:x:line:2", "n": 5], into: id, isSimplified: true)
        let boss = SubscriptionFixture.boss
        let entity = try await fixture.hub.reading.retrieveEntity(id, caller: boss).entity.decoded()
        #expect(entity[SubscriptionFixture.iri("line")].map(\.kind) == [.relationship])
        #expect(entity[SubscriptionFixture.iri("line")].map(\.value) == ["urn:x:line:2"])
        #expect(entity[SubscriptionFixture.iri("n")].map(\.kind) == [.property])
    }

    @Test func `an entity beyond a party's rights does not exist for it`() async throws {
        let fixture = try await SubscriptionFixture.shared()
        try await fixture.hidesShop {
            try await merge(
                fixture,
                ["speed": 2],
                into: $0,
                caller: SubscriptionFixture.driver
            )
        }
    }
}
