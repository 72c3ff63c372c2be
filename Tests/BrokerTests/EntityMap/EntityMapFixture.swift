import ContextModel
import Governance
import Storage
import Testing

@testable import Broker

/// Buses with speeds 1 to 5, a shop, and EntityMaps of them.
extension SubscriptionFixture {
    static let buses = EntityQuery(condition: type("Bus"), limit: 10)
    static let allMoments = TemporalQuery(
        condition: type("Bus"),
        timeProperty: .modifiedAt,
        instanceLimit: 10,
        limit: 10
    )
    static let asked = EntityMapRequest(selection: "type=Bus")

    static func mapped(
        _ policy: Policy = SubscriptionFixture.open,
        _ limits: HubLimits = HubLimits(),
        onDisk: Bool = false
    ) async throws -> SubscriptionFixture {
        let fixture = try await SubscriptionFixture(
            policy: policy,
            hubLimits: limits,
            onDisk: onDisk
        )
        for number in 1...5 { try await fixture.create("urn:x:\(number)", speed: number) }
        try await fixture.make(["id": "urn:x:shop", "type": "Shop"])
        return fixture
    }

    static func rule(_ party: String, _ target: Condition, hidden: Set<IRI> = []) -> Permission {
        Permission(
            assignee: .party(PartyID(party)),
            actions: [.read, .write, .subscribe],
            target: target,
            hiddenAttributes: hidden
        )
    }

    /// A new map of the buses.
    func map(
        _ query: EntityQuery = SubscriptionFixture.buses,
        lifetime: ISODuration? = nil,
        caller: Caller = SubscriptionFixture.boss
    ) async throws -> String {
        var request = Self.asked
        request.lifetime = lifetime
        let map = try await hub.reading.createEntityMap(of: query, request, caller: caller)
        return try #require(map.json["id"]?.stringValue)
    }

    /// The entities of the map, as its maker sees them.
    func listed(
        _ id: String,
        caller: Caller = SubscriptionFixture.boss
    ) async throws -> [String] {
        let map = try await hub.reading.retrieveEntityMap(id, caller: caller)
        return map.json["entityMap"]?.objectValue?.members.map(\.key) ?? []
    }

    /// A page through the map.
    func page(
        _ map: String?,
        _ query: EntityQuery = SubscriptionFixture.buses,
        selection: String = "type=Bus",
        caller: Caller = SubscriptionFixture.boss
    ) async throws -> (ids: [String], count: Int?, use: EntityMapUse) {
        let answer = try await hub.reading.queryEntities(
            query,
            through: EntityMapRequest(id: map, selection: selection),
            caller: caller
        )
        let page = try answer.page.decoded()
        return (page.entities.map(\.id.uri), page.count, try #require(answer.map))
    }

    func delete(_ id: String) async throws {
        try await hub.writing.deleteEntity(EntityID(id), caller: Self.boss)
    }
}
