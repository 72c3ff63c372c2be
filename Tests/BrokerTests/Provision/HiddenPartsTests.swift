import ContextModel
import Governance
import Testing

@testable import Broker

/// A driver who writes the speed of a bus, in each instance of which a plate is hidden.
@Suite struct HiddenPartsTests {
    private static let gps = "urn:x:gps"

    private static var policy: Policy {
        Policy(permissions: [
            Permission(
                assignee: .party(PartyID("driver")),
                actions: [.read, .write],
                target: SubscriptionFixture.type("Bus"),
                hiddenAttributes: [SubscriptionFixture.iri("plate")]
            )
        ])
    }

    /// The bus after the change, as the operator sees it.
    private func bus(after change: VisibleChange) async throws -> Entity {
        let fixture = try await SubscriptionFixture(policy: Self.policy)
        try await fixture.make([
            "id": "urn:x:bus", "type": "Bus", "plate": "whole",
            "speed": [
                ["value": 1, "plate": "own", "unitCode": "KMH"],
                ["value": 2, "plate": "far", "datasetId": .string(Self.gps)],
            ],
        ])
        try await change.make(in: fixture.hub, SubscriptionFixture.driver)
        return try await fixture.hub.reading.retrieveEntity(
            EntityID("urn:x:bus"),
            caller: SubscriptionFixture.boss
        ).entity.decoded()
    }

    @Test(arguments: VisibleChange.allCases)
    func `hidden sub-attributes stay as long as their instance`(
        change: VisibleChange
    ) async throws {
        let bus = try await bus(after: change)
        let plate = SubscriptionFixture.iri("plate")
        let instances = bus[SubscriptionFixture.iri("speed")].map { speed in
            let plates = speed.attributes.filter { $0.name == plate }.flatMap(\.instances)
            return Instance(
                dataset: speed.datasetID,
                speed: speed.value,
                plates: plates.map(\.value)
            )
        }
        #expect(Set(instances.map(\.dataset)).count == instances.count)
        for instance in instances {
            let isFar = instance.dataset == Self.gps
            #expect(instance.plates == [isFar ? "far" : "own"])
            #expect(instance.speed == (isFar ? change.farSpeed : change.ownSpeed))
        }
        #expect(instances.contains { $0.dataset == nil } == (change.ownSpeed != nil))
        #expect(instances.contains { $0.dataset == Self.gps } == (change.farSpeed != nil))
        #expect(bus[plate].map(\.value) == ["whole"])
    }

    private struct Instance {
        var dataset: String?
        var speed: JSONValue
        var plates: [JSONValue]
    }
}

/// A change of an attribute that the writer sees.
enum VisibleChange: CaseIterable, Sendable {
    case replaceOwn, replaceFar, mergeOwn, mergeBoth, updateOwn, updateFar, upsert, upsertOwn
    case appendFar, replaceEntity, deleteOwn, deleteFar, nullFar

    /// The value of the default instance afterwards; nil when it was removed.
    var ownSpeed: JSONValue? {
        switch self {
        case .replaceOwn, .mergeOwn, .mergeBoth, .updateOwn, .upsert, .upsertOwn, .replaceEntity:
            10
        case .replaceFar, .updateFar, .appendFar, .deleteFar, .nullFar: 1
        case .deleteOwn: nil
        }
    }

    /// The value of the other instance afterwards; nil when it was removed.
    var farSpeed: JSONValue? {
        switch self {
        case .replaceFar, .mergeBoth, .updateFar, .upsert, .appendFar, .replaceEntity: 20
        case .replaceOwn, .mergeOwn, .updateOwn, .deleteOwn: 2
        case .deleteFar, .nullFar, .upsertOwn: nil
        }
    }

    private static let bus = EntityID("urn:x:bus")
    private static let gps = "urn:x:gps"
    private static let own: JSONValue = ["value": 10]
    private static let far: JSONValue = ["value": 20, "datasetId": .string(gps)]

    func make(in hub: Hub, _ caller: Caller) async throws {
        switch self {
        case .replaceOwn, .replaceFar:
            let body = self == .replaceOwn ? Self.own : Self.far
            try await hub.writing.replaceAttribute(
                "speed",
                of: Self.bus,
                body,
                ld: .core,
                caller: caller
            )
        case .updateOwn, .updateFar:
            let body = self == .updateOwn ? Self.own : Self.far
            try await hub.writing.updateAttribute(
                "speed",
                of: Self.bus,
                body,
                ld: .core,
                caller: caller
            )
        case .deleteOwn, .deleteFar:
            try await hub.writing.deleteAttribute(
                "speed",
                of: Self.bus,
                datasetID: self == .deleteFar ? Self.gps : nil,
                all: false,
                ld: .core,
                caller: caller
            )
        default: try await makeOfEntity(in: hub, caller)
        }
    }

    private func makeOfEntity(in hub: Hub, _ caller: Caller) async throws {
        switch self {
        case .mergeOwn: try await merge(Self.own, hub, caller)
        case .mergeBoth: try await merge([Self.own, Self.far], hub, caller)
        case .nullFar:
            let null: JSONValue = ["value": "urn:ngsi-ld:null", "datasetId": .string(Self.gps)]
            try await merge([null], hub, caller)
        case .appendFar:
            _ = try await hub.writing.appendAttributes(
                to: Self.bus,
                ["speed": [Self.far]],
                overwrites: true,
                ld: .core,
                caller: caller
            )
        case .replaceEntity:
            let body: JSONValue = ["type": "Bus", "speed": [Self.own, Self.far]]
            try await hub.writing.replaceEntity(Self.bus, body, ld: .core, caller: caller)
        default:
            try await upsert(self == .upsertOwn ? Self.own : [Self.own, Self.far], hub, caller)
        }
    }

    private func merge(_ speed: JSONValue, _ hub: Hub, _ caller: Caller) async throws {
        try await hub.writing.mergeEntity(Self.bus, ["speed": speed], ld: .core, caller: caller)
    }

    private func upsert(_ speed: JSONValue, _ hub: Hub, _ caller: Caller) async throws {
        let body: JSONValue = ["id": "urn:x:bus", "type": "Bus", "speed": speed]
        let result = try await hub.writing.batch(
            .upsert(replaces: true),
            [(json: body, ld: .core)],
            caller: caller
        )
        #expect(result.errors.isEmpty)
    }
}
