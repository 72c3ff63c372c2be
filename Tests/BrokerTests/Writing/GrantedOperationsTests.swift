import ContextModel
import Federation
import Governance
import Storage
import StoreDoubles
import Testing

@testable import Broker

/// Each operation that writes, for an entity that its caller may not write: the driver may see
/// everything, and write slow buses.
@Suite struct GrantedOperationsTests {
    private typealias Fixture = SubscriptionFixture

    /// A request of the driver.
    struct Operation: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let run: @Sendable (Writing, Caller) async throws -> Void

        init(
            _ testDescription: String,
            _ run: @escaping @Sendable (Writing, Caller) async throws -> Void
        ) {
            self.testDescription = testDescription
            self.run = run
        }
    }

    private static func city(_ habit: StoreDouble.Habit) async throws -> Fixture {
        let slow = try QParser(expansion: LDContext.core).parse("speed<10")
        let driver = Permission.Assignee.party(PartyID("driver"))
        let policy = Policy(permissions: [
            Permission(assignee: driver, actions: [.read], target: .everything),
            Permission(
                assignee: driver,
                actions: [.write],
                target: Fixture.type("Bus").and(slow)
            ),
        ])
        let fixture = try await Fixture(policy: policy, habit: habit)
        for (id, type) in [("bus", "Bus"), ("shop", "Shop")] {
            try await fixture.make([
                "id": .string("urn:x:\(id)"), "type": .string(type),
                "speed": ["type": "Property", "value": 1],
            ])
        }
        let past = evolution("past", "Shop")
        _ = try await fixture.hub.writing.upsertEvolution(past, ld: .core, caller: Fixture.boss)
        return fixture
    }

    /// A store whose check is switched off: its grants cover everything.
    private static var unchecked: StoreDouble.Habit {
        get throws {
            let decision = Fixture.open.decideWrite(Fixture.boss)
            guard case .grant(let grant) = decision else { throw BrokerError(DenyReason.forbidden) }
            return .grants(grant)
        }
    }

    /// All data of the store, as the operator sees it.
    private static func everything(_ fixture: Fixture, _ tenant: TenantName?) async throws -> String
    {
        let caller = Caller(party: .operator, tenant: tenant)
        let all = EntityQuery(condition: .everything, limit: 100)
        let page = try await fixture.hub.reading.queryEntities(all, caller: caller).page.decoded()
        let histories = TemporalQuery(
            condition: .everything,
            timeProperty: .modifiedAt,
            instanceLimit: 100,
            limit: 100
        )
        let past = try await fixture.hub.reading.queryEvolutions(histories, caller: caller)
            .evolutions
        return "\(page.entities) \(past.map { "\($0.id) \($0.types) \($0.attributes)" })"
    }

    @Test(arguments: operations)
    func
        `an operation leaves alone what its caller may not write, and the store's check alone sees to it`(
            operation: Operation
        ) async throws
    {
        for isChecked in [true, false] {
            let fixture = try await Self.city(isChecked ? .runsBodiesTwice : try Self.unchecked)
            let before = try await Self.everything(fixture, nil)
            do { try await operation.run(fixture.hub.writing, Fixture.driver) } catch is BrokerError
            {}
            let after = try await Self.everything(fixture, nil)
            let isLeftAlone = before == after
            #expect(isLeftAlone == isChecked)
        }
    }

    @Test(arguments: [true, false])
    func `in its snapshot a party may write what it may write in the city`(
        isChecked: Bool
    ) async throws {
        let fixture = try await Self.city(isChecked ? .runsBodiesTwice : try Self.unchecked)
        let all = EntityQuery(condition: .everything, limit: 10)
        let queries = [SnapshotQuery(all, shownAs: Representation())]
        try await fixture.snapshot("urn:x:snapshot", [:], queries, caller: Fixture.driver)
        let inside = try fixture.on("urn:x:snapshot", Fixture.driver)
        var changed: [String] = []
        for operation in Self.operations.prefix(Self.operationsOnEntities) {
            let before = try await Self.everything(fixture, inside.tenant)
            do { try await operation.run(fixture.hub.writing, inside) } catch is BrokerError {}
            let after = try await Self.everything(fixture, inside.tenant)
            changed += before == after ? [] : [operation.testDescription]
        }
        #expect(changed.isEmpty == isChecked, "\(changed)")
    }

    // MARK: The operations

    private static let (bus, shop) = (EntityID("urn:x:bus"), EntityID("urn:x:shop"))
    private static let past = EntityID("urn:x:past")
    private static let fast: JSONValue = ["speed": ["type": "Property", "value": 99]]
    private static let slower: JSONValue = ["speed": ["type": "Property", "value": 2]]
    private static let speed = Fixture.iri("speed")

    private static func entity(_ id: String, _ type: String, _ speed: Int) -> JSONValue {
        [
            "id": .string("urn:x:\(id)"), "type": .string(type),
            "speed": ["type": "Property", "value": .number(JSONNumber(speed))],
        ]
    }

    private static func evolution(_ id: String, _ type: String?) -> JSONValue {
        var json: JSONObject = [
            "speed": [
                ["type": "Property", "value": 3, "observedAt": "2026-01-01T00:00:00Z"]
            ]
        ]
        json["id"] = .string("urn:x:\(id)")
        json["type"] = type.map { .string($0) }
        return .object(json)
    }

    private static func batch(
        _ name: String,
        _ operation: BatchOperation,
        _ json: JSONValue
    )
        -> Operation
    {
        Operation("batch \(name): \(json.serialized.count) bytes") { writing, caller in
            _ = try await writing.batch(operation, [(json: json, ld: .core)], caller: caller)
        }
    }

    /// The identifier of the only instance in the shop's history.
    private static func instance(_ writing: Writing) async throws -> String {
        let query = TemporalQuery(
            condition: .ids([shop]),
            timeProperty: .modifiedAt,
            instanceLimit: 10,
            limit: 10
        )
        let page = try await writing.reading.queryEvolutions(
            query,
            caller: SubscriptionFixture.boss
        )
        let speeds = page.evolutions.first?.attributes.first { $0.name == speed }
        return try #require(speeds?.instances.first?.details?.instanceID)
    }

    private static let operationsOnEntities = onEntities.count
    static let operations = onEntities + onHistories

    private static let onEntities: [Operation] = [
        Operation("create of a kind that is not its own") {
            _ = try await $0.createEntity(entity("new", "Shop", 1), ld: .core, caller: $1)
        },
        Operation("create of a fast one") {
            _ = try await $0.createEntity(entity("new", "Bus", 99), ld: .core, caller: $1)
        },
        Operation("update") {
            _ = try await $0.updateAttributes(of: shop, slower, ld: .core, caller: $1)
        },
        Operation("update to what is not its own") {
            _ = try await $0.updateAttributes(of: bus, fast, ld: .core, caller: $1)
        },
        Operation("append") {
            _ = try await $0.appendAttributes(
                to: shop,
                ["doors": 2],
                overwrites: true,
                ld: .core,
                caller: $1
            )
        },
        Operation("append of what is not its own") {
            _ = try await $0.appendAttributes(
                to: bus,
                fast,
                overwrites: true,
                ld: .core,
                caller: $1
            )
        },
        Operation("partial update") {
            try await $0.updateAttribute(
                "speed",
                of: shop,
                ["value": 2],
                ld: .core,
                caller: $1
            )
        },
        Operation("partial update to what is not its own") {
            try await $0.updateAttribute("speed", of: bus, ["value": 99], ld: .core, caller: $1)
        },
        Operation("replace of an attribute") {
            let new: JSONValue = ["type": "Property", "value": 2]
            try await $0.replaceAttribute("speed", of: shop, new, ld: .core, caller: $1)
        },
        Operation("replace of an attribute by what is not its own") {
            let new: JSONValue = ["type": "Property", "value": 99]
            try await $0.replaceAttribute("speed", of: bus, new, ld: .core, caller: $1)
        },
        Operation("merge") {
            try await $0.mergeEntity(shop, slower, ld: .core, caller: $1)
        },
        Operation("merge to what is not its own") {
            try await $0.mergeEntity(bus, fast, ld: .core, caller: $1)
        },
        Operation("replace") {
            try await $0.replaceEntity(shop, entity("shop", "Bus", 1), ld: .core, caller: $1)
        },
        Operation("replace by what is not its own") {
            try await $0.replaceEntity(bus, entity("bus", "Shop", 1), ld: .core, caller: $1)
        },
        Operation("delete") { try await $0.deleteEntity(shop, caller: $1) },
        Operation("delete of an attribute") {
            try await $0.deleteAttribute(
                "speed",
                of: shop,
                datasetID: nil,
                all: true,
                ld: .core,
                caller: $1
            )
        },
        Operation("delete of what makes it its own") {
            try await $0.deleteAttribute(
                "speed",
                of: bus,
                datasetID: nil,
                all: true,
                ld: .core,
                caller: $1
            )
        },
        batch("create", .create, entity("new", "Shop", 1)),
        batch("create of a fast one", .create, entity("new", "Bus", 99)),
        batch("upsert", .upsert(replaces: true), entity("shop", "Bus", 1)),
        batch("upsert to fast", .upsert(replaces: true), entity("bus", "Bus", 99)),
        batch("upsert that updates", .upsert(replaces: false), entity("shop", "Shop", 2)),
        batch("upsert that updates to fast", .upsert(replaces: false), entity("bus", "Bus", 99)),
        batch("update", .update(overwrites: true), entity("shop", "Shop", 2)),
        batch("update to fast", .update(overwrites: true), entity("bus", "Bus", 99)),
        batch("merge", .merge(MergeDefaults()), entity("shop", "Shop", 2)),
        batch("merge to fast", .merge(MergeDefaults()), entity("bus", "Bus", 99)),
        batch("readings", .readings, entity("shop", "Shop", 2)),
        batch("readings of fast", .readings, entity("bus", "Bus", 99)),
        Operation("batch delete") { _ = try await $0.batchDelete([shop], caller: $1) },
        Operation("purge") { try await $0.purgeEntities(where: .ids([shop]), caller: $1) },
        Operation("purge of an attribute") {
            try await $0.purgeEntities(where: .ids([shop]), .attributes([speed]), caller: $1)
        },
    ]

    private static let onHistories: [Operation] = [
        Operation("readings for an evolution") {
            _ = try await $0.upsertEvolution(evolution("shop", "Bus"), ld: .core, caller: $1)
        },
        Operation("an evolution begun") {
            _ = try await $0.upsertEvolution(evolution("new", "Shop"), ld: .core, caller: $1)
        },
        Operation("readings that say what the entity is") {
            _ = try await $0.upsertEvolution(evolution("bus", "Shop"), ld: .core, caller: $1)
        },
        Operation("readings added to an evolution") {
            let added = evolution("shop", nil)
            try await $0.addToEvolution(of: shop, added, ld: .core, caller: $1)
        },
        Operation("an attribute deleted from an evolution") {
            try await $0.deleteAttributeFromEvolution(
                speed,
                of: shop,
                datasetID: nil,
                all: true,
                caller: $1
            )
        },
        Operation("an instance deleted") {
            let instance = try await instance($0)
            try await $0.deleteInstance(instance, of: speed, entity: shop, caller: $1)
        },
        Operation("an instance modified") {
            let new: JSONValue = [
                "type": "Property", "value": 7, "observedAt": "2026-01-01T00:00:00Z",
            ]
            try await $0.modifyInstance(
                try await instance($0),
                of: "speed",
                entity: shop,
                new,
                ld: .core,
                caller: $1
            )
        },
        Operation("an evolution deleted") { try await $0.deleteEvolution(of: shop, caller: $1) },
        Operation("the end of an attribute that history alone knows") {
            try await $0.deleteAttribute(
                "speed",
                of: past,
                datasetID: nil,
                all: true,
                ld: .core,
                caller: $1
            )
        },
    ]
}
