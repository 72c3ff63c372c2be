import ContextModel
import Federation
import Governance
import Storage
import StoreDoubles
import Testing

@testable import Broker

/// A driver who writes buses, and from whom the plates of buses are hidden, of some or of all
/// entities.
@Suite struct HiddenAttributesTests {
    private static let driver = SubscriptionFixture.driver
    private static let boss = SubscriptionFixture.boss
    private static let bus = EntityID("urn:x:bus")

    /// The way in which the policy hides plates.
    enum Hiding: CaseIterable {
        case everywhere, inBuses
    }

    private static func policy(_ hiding: Hiding = .everywhere) -> Policy {
        let plate = SubscriptionFixture.iri("plate")
        var policy = Policy(permissions: [
            Permission(
                assignee: .anyone,
                actions: [.read],
                target: .nothing,
                hiddenAttributes: hiding == .everywhere ? [plate] : []
            ),
            Permission(
                assignee: .party(PartyID("driver")),
                actions: [.read, .write],
                target: SubscriptionFixture.type("Bus")
            ),
        ])
        let rule = Prohibition(
            assignee: .anyone,
            target: SubscriptionFixture.type("Bus"),
            attributes: [plate]
        )
        if hiding == .inBuses { policy.prohibitions = [rule] }
        return policy
    }

    private func city(
        hasPlate: Bool,
        _ hiding: Hiding = .everywhere,
        habit: StoreDouble.Habit = .runsBodiesTwice
    ) async throws -> SubscriptionFixture {
        let fixture = try await SubscriptionFixture(policy: Self.policy(hiding), habit: habit)
        var speed: JSONObject = ["value": 1]
        var bus: JSONObject = ["id": "urn:x:bus", "type": "Bus"]
        if hasPlate {
            speed["plate"] = "inner"
            bus["plate"] = "PKT 1026"
        }
        bus["speed"] = .object(speed)
        try await fixture.make(.object(bus))
        return fixture
    }

    /// The values of the hidden attribute, and of the hidden part of another one.
    private func plates(_ fixture: SubscriptionFixture) async throws -> [JSONValue] {
        let entity = try await fixture.hub.reading.retrieveEntity(Self.bus, caller: Self.boss)
            .entity
            .decoded()
        let plate = SubscriptionFixture.iri("plate")
        let speed = entity[SubscriptionFixture.iri("speed")].flatMap(\.attributes)
        return (entity[plate] + speed.filter { $0.name == plate }.flatMap(\.instances)).map(\.value)
    }

    @Test(arguments: Attempt.allCases, Hiding.allCases)
    func `no answer to a writer depends on hidden data, and nothing hidden changes`(
        attempt: Attempt,
        hiding: Hiding
    ) async throws {
        let with = try await city(hasPlate: true, hiding)
        let without = try await city(hasPlate: false, hiding)
        let answer = await attempt.answer(of: with.hub, Self.driver)
        #expect(await attempt.answer(of: without.hub, Self.driver) == answer)
        if hiding == .everywhere {
            #expect(answer.contains("forbidden") == attempt.namesWhatIsHidden, "\(answer)")
        }
        #expect(try await plates(with) == ["PKT 1026", "inner"])
        #expect(try await plates(without) == [])
        #expect(try await with.past("plate", of: "urn:x:bus") == ["PKT 1026"])
        #expect(try await without.past("plate", of: "urn:x:bus") == [])
    }

    /// The effect of the attempts below on the plates of a bus without the store's check.
    @Test(
        arguments: [
            Attempt.append, .update, .updateInside, .replaceAttribute, .deleteAttribute, .merge,
            .replace, .drop, .upsert, .batchUpdate, .batchMerge, .addToHistory, .removeFromHistory,
        ]
    )
    func `if the store does not check its grant, hidden attributes are changed`(
        attempt: Attempt
    ) async throws {
        guard
            case .grant(let all) = SubscriptionFixture.open.decideWrite(SubscriptionFixture.boss)
        else { throw BrokerError(DenyReason.forbidden) }
        let fixture = try await city(hasPlate: true, .inBuses, habit: .grants(all))
        _ = await attempt.answer(of: fixture.hub, Self.driver)
        let now = try await plates(fixture)
        let past = try await fixture.past("plate", of: "urn:x:bus")
        #expect(now != ["PKT 1026", "inner"] || past != ["PKT 1026"], "\(attempt)")
    }

    @Test(arguments: Attempt.allCases.filter(\.namesWhatIsHidden))
    func `a request that names something hidden is refused even if it is absent`(
        attempt: Attempt
    ) async throws {
        let empty = try await SubscriptionFixture(policy: Self.policy())
        let answer = await attempt.answer(of: empty.hub, Self.driver)
        #expect(await attempt.answer(of: try await city(hasPlate: true).hub, Self.driver) == answer)
    }

    @Test(arguments: Hiding.allCases)
    func `visible parts can be changed, and hidden ones stay`(hiding: Hiding) async throws {
        let fixture = try await city(hasPlate: true, hiding)
        _ = try await fixture.hub.writing.updateAttributes(
            of: Self.bus,
            ["speed": 2],
            ld: .core,
            caller: Self.driver
        )
        #expect(try await plates(fixture) == ["PKT 1026", "inner"])
        try await fixture.hub.writing.replaceEntity(
            Self.bus,
            ["type": "Bus", "speed": 3, "doors": 2],
            ld: .core,
            caller: Self.driver
        )
        #expect(try await plates(fixture) == ["PKT 1026", "inner"])
        #expect(try await fixture.past("speed", of: "urn:x:bus") == [1, 2, 3])
        #expect(try await fixture.past("doors", of: "urn:x:bus") == [2])
    }

    @Test func `hidden attributes are removed with their entity`() async throws {
        let fixture = try await city(hasPlate: true)
        try await fixture.hub.writing.deleteEntity(Self.bus, caller: Self.driver)
        #expect(
            try await fixture.past("plate", of: "urn:x:bus") == ["PKT 1026", "urn:ngsi-ld:null"]
        )
    }
}

/// A way in which a writer may try to read or change a hidden attribute.
enum Attempt: CaseIterable, Sendable {
    case append, appendWhatIsNew, update, updateToNull, updatePart, updateInside, replaceAttribute
    case deleteAttribute, deleteAllInstances, merge, mergeNull, mergeNullInside, replace, drop
    case keepSpeedAlone, replaceTheRest, create, upsert, batchUpdate, batchUpdateWhatIsNew,
        batchMerge
    case addToHistory, removeFromHistory, modifyHistory

    /// Whether the request names what is hidden.
    var namesWhatIsHidden: Bool {
        switch self {
        case .keepSpeedAlone, .replaceTheRest: false
        default: true
        }
    }

    func answer(of hub: Hub, _ caller: Caller) async -> String {
        do {
            if let answer = try await attributes(hub, caller) { return answer }
            if let answer = try await entities(hub, caller) { return answer }
            return try await history(hub, caller)
        } catch let error as BrokerError {
            return "\(error.code): \(error.detail)"
        } catch {
            return "\(error)"
        }
    }

    private static let bus = EntityID("urn:x:bus")
    private static let null: JSONValue = "urn:ngsi-ld:null"

    private func attributes(_ hub: Hub, _ caller: Caller) async throws -> String? {
        let id = Self.bus
        switch self {
        case .append, .appendWhatIsNew:
            let result = try await hub.writing.appendAttributes(
                to: id,
                ["plate": "x"],
                overwrites: self == .append,
                ld: .core,
                caller: caller
            )
            return "\(result)"
        case .update, .updateToNull:
            let body: JSONValue = ["plate": self == .update ? "x" : Self.null]
            let result = try await hub.writing.updateAttributes(
                of: id,
                body,
                ld: .core,
                caller: caller
            )
            return "\(result)"
        case .updatePart:
            try await hub.writing.updateAttribute(
                "plate",
                of: id,
                ["value": "x"],
                ld: .core,
                caller: caller
            )
        case .updateInside:
            try await hub.writing.updateAttribute(
                "speed",
                of: id,
                ["plate": "x"],
                ld: .core,
                caller: caller
            )
        case .replaceAttribute:
            try await hub.writing.replaceAttribute("plate", of: id, "x", ld: .core, caller: caller)
        case .deleteAttribute, .deleteAllInstances:
            let all = self == .deleteAllInstances
            try await hub.writing.deleteAttribute(
                "plate",
                of: id,
                datasetID: nil,
                all: all,
                ld: .core,
                caller: caller
            )
        default: return nil
        }
        return "done"
    }

    private func entities(_ hub: Hub, _ caller: Caller) async throws -> String? {
        switch self {
        case .merge, .mergeNull:
            let body: JSONValue = ["plate": self == .merge ? "x" : Self.null]
            try await hub.writing.mergeEntity(Self.bus, body, ld: .core, caller: caller)
        case .mergeNullInside:
            let body: JSONValue = ["speed": ["plate": Self.null]]
            try await hub.writing.mergeEntity(Self.bus, body, ld: .core, caller: caller)
        case .replace:
            let body: JSONValue = ["type": "Bus", "plate": "x"]
            try await hub.writing.replaceEntity(Self.bus, body, ld: .core, caller: caller)
        case .replaceTheRest:
            let body: JSONValue = ["type": "Bus", "speed": 2]
            try await hub.writing.replaceEntity(Self.bus, body, ld: .core, caller: caller)
        case .drop, .keepSpeedAlone:
            let extent: PurgeExtent =
                self == .drop
                ? .attributes([SubscriptionFixture.iri("plate")])
                : .attributesExcept([SubscriptionFixture.iri("speed")])
            try await hub.writing.purgeEntities(where: .ids([Self.bus]), extent, caller: caller)
        case .create: return try await batch(.create, hub, caller)
        case .upsert: return try await batch(.upsert(replaces: true), hub, caller)
        case .batchUpdate: return try await batch(.update(overwrites: true), hub, caller)
        case .batchUpdateWhatIsNew: return try await batch(.update(overwrites: false), hub, caller)
        case .batchMerge: return try await batch(.merge(MergeDefaults()), hub, caller)
        default: return nil
        }
        return "done"
    }

    private func batch(
        _ operation: BatchOperation,
        _ hub: Hub,
        _ caller: Caller
    ) async throws -> String {
        let body: JSONValue = ["id": "urn:x:bus", "type": "Bus", "plate": "x"]
        let result = try await hub.writing.batch(
            operation,
            [(json: body, ld: .core)],
            caller: caller
        )
        return "\(result.created) \(result.changed) "
            + result.errors.map { "\($0.error.code): \($0.error.detail)" }.joined()
    }

    private func history(_ hub: Hub, _ caller: Caller) async throws -> String {
        let id = Self.bus
        let value: JSONValue = ["value": "x", "observedAt": "2026-01-01T00:00:00Z"]
        switch self {
        case .addToHistory:
            try await hub.writing.addToEvolution(
                of: id,
                ["plate": [value]],
                ld: .core,
                caller: caller
            )
        case .removeFromHistory:
            try await hub.writing.deleteAttributeFromEvolution(
                SubscriptionFixture.iri("plate"),
                of: id,
                datasetID: nil,
                all: true,
                caller: caller
            )
        default:
            let instance = try await plateInstance(hub)
            try await hub.writing.modifyInstance(
                instance,
                of: "plate",
                entity: id,
                value,
                ld: .core,
                caller: caller
            )
        }
        return "done"
    }

    /// The identifier of the hidden instance, in case that the writer knows it.
    private func plateInstance(_ hub: Hub) async throws -> String {
        let query = TemporalQuery(
            condition: .ids([Self.bus]),
            timeProperty: .modifiedAt,
            instanceLimit: 10,
            limit: 1
        )
        let page = try await hub.reading.queryEvolutions(query, caller: SubscriptionFixture.boss)
        let plate = page.evolutions.first?.attributes.first {
            $0.name == SubscriptionFixture.iri("plate")
        }
        return plate?.instances.first?.details?.instanceID ?? "urn:x:none"
    }
}
