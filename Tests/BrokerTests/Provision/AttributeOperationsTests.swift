import Clauses
import ContextModel
import Governance
import Testing

@testable import Broker

/// Partial Attribute Update, Replace Attribute and Delete Attribute.
@Suite(.clause("5.6.4", "5.6.5", "5.6.19")) struct AttributeOperationsTests {
    private let bus = EntityID("urn:x:bus")
    private let boss = SubscriptionFixture.boss

    @Test func `a partial update changes the members given`() async throws {
        let fixture = try await SubscriptionFixture.shared()
        try await fixture.hub.writing.updateAttribute(
            "speed",
            of: bus,
            ["unitCode": "KMH"],
            ld: .core,
            caller: boss
        )
        let entity = try await fixture.hub.reading.retrieveEntity(bus, caller: boss).entity
            .decoded()
        let speed = entity[SubscriptionFixture.iri("speed")]
        #expect(speed.map(\.value) == [1])
        #expect(speed.map(\.unitCode) == ["KMH"])
        #expect(try await fixture.past("speed", of: "urn:x:bus") == [1, 1])
    }

    @Test func `a replacement leaves nothing of the old attribute`() async throws {
        let fixture = try await SubscriptionFixture.shared()
        for json in [["value": 2, "unitCode": "KMH"], ["value": 3]] as [JSONValue] {
            try await fixture.hub.writing.replaceAttribute(
                "speed",
                of: bus,
                json,
                ld: .core,
                caller: boss
            )
        }
        let entity = try await fixture.hub.reading.retrieveEntity(bus, caller: boss).entity
            .decoded()
        #expect(entity[SubscriptionFixture.iri("speed")].map(\.unitCode) == [nil])
        #expect(try await fixture.past("speed", of: "urn:x:bus") == [1, 2, 3])
    }

    @Test func `one instance is deleted, or all of them`() async throws {
        let fixture = try await SubscriptionFixture.shared()
        _ = try await fixture.hub.writing.appendAttributes(
            to: bus,
            ["speed": ["value": 2, "datasetId": "urn:x:gps"]],
            overwrites: true,
            ld: .core,
            caller: boss
        )
        try await delete("speed", datasetID: "urn:x:gps", from: fixture)
        #expect(try await fixture.shown("urn:x:bus").objectValue?["speed"] == 1)
        try await delete("speed", all: true, from: fixture)
        #expect(try await fixture.shown("urn:x:bus").objectValue?["speed"] == nil)
        let past = try await fixture.past("speed", of: "urn:x:bus")
        #expect(past.count == 4)
        #expect(past.filter { $0 == "urn:ngsi-ld:null" }.count == 2)
    }

    private func delete(
        _ name: String,
        datasetID: String? = nil,
        all: Bool = false,
        of id: EntityID = EntityID("urn:x:bus"),
        from fixture: SubscriptionFixture,
        caller: Caller = SubscriptionFixture.boss
    ) async throws {
        try await fixture.hub.writing.deleteAttribute(
            name,
            of: id,
            datasetID: datasetID,
            all: all,
            ld: .core,
            caller: caller
        )
    }

    @Test func `a missing attribute is not found`() async throws {
        let fixture = try await SubscriptionFixture.shared()
        let missing = BrokerError(.resourceNotFound, "")
        await #expect(throws: missing) {
            try await fixture.hub.writing.updateAttribute(
                "doors",
                of: bus,
                ["value": 1],
                ld: .core,
                caller: boss
            )
        }
        await #expect(throws: missing) {
            try await fixture.hub.writing.replaceAttribute(
                "doors",
                of: bus,
                ["value": 1],
                ld: .core,
                caller: boss
            )
        }
        await #expect(throws: missing) { try await delete("doors", all: true, from: fixture) }
        await #expect(throws: missing) {
            try await delete("speed", datasetID: "urn:x:no", from: fixture)
        }
    }

    @Test func `an entity beyond a party's rights does not exist for it`() async throws {
        let fixture = try await SubscriptionFixture.shared()
        let driver = SubscriptionFixture.driver
        try await fixture.hidesShop {
            try await fixture.hub.writing.updateAttribute(
                "speed",
                of: $0,
                ["value": 2],
                ld: .core,
                caller: driver
            )
        }
        try await fixture.hidesShop {
            try await fixture.hub.writing.replaceAttribute(
                "speed",
                of: $0,
                ["value": 2],
                ld: .core,
                caller: driver
            )
        }
        try await fixture.hidesShop {
            try await delete("speed", of: $0, from: fixture, caller: driver)
        }
    }
}
