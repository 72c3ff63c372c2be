import Clauses
import ContextModel
import Governance
import Testing

@testable import Broker

@Suite(.clause("5.6.3")) struct AppendAttributesTests {
    private func append(
        _ fixture: SubscriptionFixture,
        _ json: JSONValue,
        to id: EntityID = EntityID("urn:x:bus"),
        overwrites: Bool = true,
        caller: Caller = SubscriptionFixture.boss
    ) async throws -> UpdateResult {
        try await fixture.hub.writing.appendAttributes(
            to: id,
            json,
            overwrites: overwrites,
            ld: .core,
            caller: caller
        )
    }

    @Test(arguments: [true, false])
    func `present attributes are overwritten only on request`(overwrites: Bool) async throws {
        let fixture = try await SubscriptionFixture.shared()
        let result = try await append(
            fixture,
            ["speed": 2, "doors": 3],
            overwrites: overwrites
        )
        let (speed, doors) = (SubscriptionFixture.iri("speed"), SubscriptionFixture.iri("doors"))
        #expect(result.updated == (overwrites ? [speed, doors] : [doors]))
        #expect(result.notUpdated == (overwrites ? [] : [speed]))
        #expect(try await fixture.past("speed", of: "urn:x:bus") == (overwrites ? [1, 2] : [1]))
        #expect(try await fixture.past("doors", of: "urn:x:bus") == [3])
    }

    @Test func `nothing can be removed by appending`() async throws {
        let fixture = try await SubscriptionFixture.shared()
        await #expect(throws: BrokerError(.badRequestData, "")) {
            try await append(fixture, ["speed": "urn:ngsi-ld:null"])
        }
        #expect(try await fixture.past("speed", of: "urn:x:bus") == [1])
    }

    @Test func `an entity beyond a party's rights does not exist for it`() async throws {
        let fixture = try await SubscriptionFixture.shared()
        try await fixture.hidesShop {
            let driver = SubscriptionFixture.driver
            _ = try await append(fixture, ["doors": 2], to: $0, caller: driver)
        }
    }
}
