import ContextModel
import Governance
import Storage
import Testing

@testable import Broker

/// A hub with entities, and its callers.
extension SubscriptionFixture {
    /// A party that may read and write buses, and nothing else.
    static let driver = Caller(party: .named(PartyID("driver")))

    static func iri(_ name: String) -> IRI { LDContext.core.expand(name) }
    static func type(_ name: String) -> Condition { .type(iri(name)) }

    /// A hub where `driver` has a part of the data, with a bus and a shop in it.
    static func shared() async throws -> SubscriptionFixture {
        let rule = Permission(
            assignee: .party(PartyID("driver")),
            actions: [.read, .write],
            target: type("Bus")
        )
        let fixture = try await SubscriptionFixture(policy: Policy(permissions: [rule]))
        try await fixture.make(["id": "urn:x:bus", "type": "Bus", "speed": 1])
        try await fixture.make(["id": "urn:x:shop", "type": "Shop", "speed": 1])
        return fixture
    }

    func make(_ json: JSONValue, caller: Caller = SubscriptionFixture.boss) async throws {
        _ = try await hub.writing.createEntity(json, ld: .core, caller: caller)
    }

    /// The entity as the operator sees it, simplified.
    func shown(
        _ id: String,
        sysAttrs: Bool = false,
        tenant: TenantName? = nil
    ) async throws -> JSONValue {
        let caller = Caller(party: .operator, tenant: tenant)
        let entity = try await hub.reading.retrieveEntity(EntityID(id), caller: caller).entity
            .decoded()
        var json = JSONWriter(reservingBytes: 256)
        let representation = Representation(format: .simplified, showsSystemAttributes: sysAttrs)
        EntityWriter(representation, context: .core).write(entity, to: &json)
        return try JSONReader.read(json.bytes)
    }

    /// Every value that the attribute has had, in order; a deleted instance is NGSI-LD Null.
    func past(_ name: String, of id: String) async throws -> [JSONValue] {
        let query = TemporalQuery(
            condition: .everything,
            timeProperty: .modifiedAt,
            instanceLimit: 100,
            limit: 1
        )
        let page = try await hub.reading.retrieveEvolution(
            of: EntityID(id),
            query,
            caller: Self.boss
        )
        let attributes = try #require(page.evolutions.first).attributes
        return attributes.first { $0.name == Self.iri(name) }?.instances.map(\.value) ?? []
    }

    /// Whether the operation answers the driver that the shop does not exist, and does not change
    /// it.
    func hidesShop(
        _ operation: (EntityID) async throws -> Void,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let before = try await shown("urn:x:shop")
        await #expect(
            throws: BrokerError(.resourceNotFound, ""),
            sourceLocation: sourceLocation
        ) { try await operation(EntityID("urn:x:shop")) }
        #expect(try await shown("urn:x:shop") == before, sourceLocation: sourceLocation)
        #expect(try await past("speed", of: "urn:x:shop") == [1], sourceLocation: sourceLocation)
    }
}
