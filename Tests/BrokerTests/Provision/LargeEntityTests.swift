import ContextModel
import Governance
import Storage
import Testing

@testable import Broker

/// The cost of entities just below the limits, and the messages for those beyond them.
@Suite struct LargeEntityTests {
    private static let boss = SubscriptionFixture.boss
    private static let id = EntityID("urn:x:large")

    private static func instances(_ numbers: Range<Int>, value: Int = 1) -> JSONValue {
        .array(
            numbers.map {
                [
                    "type": "Property", "value": .number(JSONNumber(value)),
                    "datasetId": .string("urn:x:\($0)"),
                ]
            }
        )
    }

    private static func body(_ numbers: Range<Int>, value: Int = 1) -> JSONValue {
        ["n": instances(numbers, value: value)]
    }

    /// A hub with a subscriber that gets every change, and another one from whom a part is hidden.
    private func hub() async throws -> SubscriptionFixture {
        let rule = Permission(
            assignee: .party(PartyID("driver")),
            actions: [.read, .write, .subscribe],
            target: .everything,
            hiddenAttributes: [SubscriptionFixture.iri("secret")]
        )
        let fixture = try await SubscriptionFixture(policy: Policy(permissions: [rule]), habit: nil)
        for caller in [Self.boss, SubscriptionFixture.driver] {
            try await fixture.subscribe(
                ["entities": [["type": "T"]], "notification": ["showChanges": true]],
                caller: caller
            )
        }
        return fixture
    }

    @Test(arguments: [SubscriptionFixture.boss, SubscriptionFixture.driver])
    func `an entity just below the limits is changed quickly, in every way`(
        caller: Caller
    ) async throws {
        let fixture = try await hub()
        let hub = fixture.hub
        let all = 0..<EntityLimits.instances
        var entity = Self.body(all).objectValue ?? [:]
        entity["id"] = .string(Self.id.uri)
        entity["type"] = "T"
        let whole = JSONValue.object(entity)
        let reads = (json: whole, ld: LDContext.core)
        var steps: [String: Duration] = [:]
        func step(_ name: String, _ body: () async throws -> Void) async throws {
            steps[name] = try await ContinuousClock().measure(body)
        }
        try await step("create") { try await fixture.make(whole, caller: caller) }
        try await step("update") {
            _ = try await hub.writing.updateAttributes(
                of: Self.id,
                Self.body(all, value: 2),
                ld: .core,
                caller: caller
            )
        }
        try await step("merge") {
            _ = try await hub.writing.mergeEntity(
                Self.id,
                Self.body(all, value: 3),
                ld: .core,
                caller: caller
            )
        }
        try await step("upsert") {
            _ = try await hub.writing.batch(.upsert(replaces: true), [reads], caller: caller)
        }
        try await step("readings") {
            _ = try await hub.writing.batch(.readings, [reads], caller: caller)
        }
        try await step("one") {
            _ = try await hub.writing.updateAttributes(
                of: Self.id,
                Self.body(7..<8, value: 4),
                ld: .core,
                caller: caller
            )
        }
        for (name, time) in steps { #expect(time < .seconds(10), "\(name): \(steps)") }
    }

    @Test(arguments: [true, false])
    func `an entity that many requests would make too large is refused, and stays as it was`(
        overwrites: Bool
    ) async throws {
        let fixture = try await hub()
        let most = EntityLimits.instances
        try await fixture.make(["id": .string(Self.id.uri), "type": "T"])
        func append(_ numbers: Range<Int>) async throws {
            _ = try await fixture.hub.writing.appendAttributes(
                to: Self.id,
                Self.body(numbers),
                overwrites: overwrites,
                ld: .core,
                caller: Self.boss
            )
        }
        try await append(0..<most - 1)
        try await append(most - 1..<most)
        let error = await #expect(throws: BrokerError.self) { try await append(most..<most + 1) }
        #expect(error?.code == .badRequestData)
        #expect(error?.detail.contains("\(most) instances of one attribute") == true)
        let shown = try await fixture.shown(Self.id.uri)
        let datasets = shown.objectValue?["n"]?.objectValue?["dataset"]?.objectValue
        #expect(datasets?.count == most)
    }

    /// An entity with this many parts beyond each limit.
    private static func oversized(by count: Int) -> JSONValue {
        let types = (0..<EntityLimits.types + count).map { JSONValue.string("T\($0)") }
        let scopes = (0..<EntityLimits.scopes + count).map { JSONValue.string("/s\($0)") }
        let attributes = (1..<EntityLimits.attributes + count).map { number in
            (key: "a\(number)", value: JSONValue.bool(true))
        }
        let rest: [(key: String, value: JSONValue)] = [
            ("id", .string(id.uri)), ("type", .array(types)), ("scope", .array(scopes)),
            ("a0", instances(0..<EntityLimits.instances + count)),
        ]
        return .object(JSONObject(rest + attributes))
    }

    @Test(arguments: [true, false])
    func `an entity beyond the limits may be replaced by one that is not larger`(
        isBatch: Bool
    ) async throws {
        let fixture = try await SubscriptionFixture()
        let hub = fixture.hub
        let large = try EntityReader(context: .core).entity(Self.oversized(by: 20))
        let store = try await fixture.store.makeTenant(nil)
        try await store.restore(InternalGrant(.copying), for: nil) { try $0.put(large) }
        func replace(by count: Int) async throws {
            let json = Self.oversized(by: count)
            guard isBatch else {
                return try await hub.writing.replaceEntity(
                    Self.id,
                    json,
                    ld: .core,
                    caller: Self.boss
                )
            }
            let upsert = BatchOperation.upsert(replaces: true)
            let result = try await hub.writing.batch(upsert, [(json, .core)], caller: Self.boss)
            if let error = result.errors.first?.error { throw error }
        }
        try await replace(by: 20)
        try await replace(by: 10)
        let error = await #expect(throws: BrokerError.self) { try await replace(by: 11) }
        #expect(error?.code == .badRequestData)
        #expect(error?.detail.contains("An entity may have") == true)
        let shown = try await fixture.shown(Self.id.uri).objectValue
        #expect(shown?.count == EntityLimits.attributes + 10 + 3)
        try await replace(by: 0)
    }

    /// It is refused before it is read further, because no part of it might be there to be
    /// updated.
    @Test
    func `a request larger than an entity may be is refused, whatever part would be written`()
        async throws
    {
        let fixture = try await SubscriptionFixture()
        try await fixture.make(["id": .string(Self.id.uri), "type": "T", "n": 1])
        let many = (0...EntityLimits.attributes).map { number in
            (key: "a\(number)", value: JSONValue.bool(true))
        }
        let fragment = JSONValue.object(JSONObject(many))
        let hub = fixture.hub
        let large = BrokerError(.badRequestData, "")
        await #expect(throws: large) {
            try await hub.writing.updateAttributes(
                of: Self.id,
                fragment,
                ld: .core,
                caller: Self.boss
            )
        }
        await #expect(throws: large) {
            try await hub.writing.mergeEntity(Self.id, fragment, ld: .core, caller: Self.boss)
        }
        let part = JSONValue.object(JSONObject([(key: "value", value: 1)] + many))
        await #expect(throws: large) {
            try await hub.writing.replaceAttribute(
                "n",
                of: Self.id,
                part,
                ld: .core,
                caller: Self.boss
            )
        }
        await #expect(throws: large) {
            try await hub.writing.updateAttribute(
                "n",
                of: Self.id,
                part,
                ld: .core,
                caller: Self.boss
            )
        }
        let entity = JSONValue.object(JSONObject([(key: "id", value: .string(Self.id.uri))] + many))
        let result = try await hub.writing.batch(
            .merge(MergeDefaults()),
            [(entity, .core)],
            caller: Self.boss
        )
        #expect(result.errors.map(\.error.code) == [.badRequestData])
    }

    @Test func `a new entity may have the full number of attributes beside other members`()
        async throws
    {
        let fixture = try await SubscriptionFixture()
        try await fixture.make(Self.oversized(by: 0))
        let error = await #expect(throws: BrokerError.self) {
            var larger = Self.oversized(by: 1).objectValue ?? [:]
            larger["id"] = "urn:x:larger"
            try await fixture.make(.object(larger))
        }
        #expect(error?.code == .badRequestData)
    }

    @Test func `an evolution accepts no more instances at once than an entity may have`()
        async throws
    {
        let fixture = try await hub()
        func evolution(_ count: Int) -> JSONValue {
            let readings = (0..<count).map { number -> JSONValue in
                [
                    "type": "Property", "value": .number(JSONNumber(number)),
                    "observedAt": "2026-01-01T00:00:00Z",
                ]
            }
            return ["id": .string(Self.id.uri), "type": "T", "n": .array(readings)]
        }
        await #expect(throws: BrokerError(.badRequestData, "")) {
            _ = try await fixture.hub.writing.upsertEvolution(
                evolution(EntityLimits.allInstances + 1),
                ld: .core,
                caller: Self.boss
            )
        }
    }

    @Test func `an evolution without current state gets no more types than an entity may have`()
        async throws
    {
        let fixture = try await hub()
        func add(_ types: Range<Int>) async throws {
            let types = types.map { JSONValue.string("T\($0)") }
            _ = try await fixture.hub.writing.upsertEvolution(
                ["id": .string(Self.id.uri), "type": .array(types), "n": [["value": 1]]],
                ld: .core,
                caller: Self.boss
            )
        }
        try await add(0..<60)
        try await add(40..<100)
        await #expect(throws: BrokerError(.badRequestData, "")) { try await add(100..<101) }
    }

    /// All instances of a request without `observedAt` have one moment.
    @Test func `many instances of one moment take linear time`()
        async throws
    {
        let fixture = try await hub()
        func add(_ count: Int, _ id: String) async throws -> Duration {
            let readings = (0..<count).map { ["value": .number(JSONNumber($0))] as JSONValue }
            return try await ContinuousClock().measure {
                _ = try await fixture.hub.writing.upsertEvolution(
                    ["id": .string(id), "type": "T", "n": .array(readings)],
                    ld: .core,
                    caller: Self.boss
                )
            }
        }
        _ = try await add(500, "urn:x:first")
        let small = try await add(500, "urn:x:small")
        #expect(try await add(EntityLimits.allInstances, Self.id.uri) < small * 80 + .seconds(2))
    }
}
