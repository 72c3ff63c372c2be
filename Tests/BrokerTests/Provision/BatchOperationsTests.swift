import Clauses
import ContextModel
import Governance
import Testing

@testable import Broker

@Suite(.clause("5.6.7", "5.6.8", "5.6.9", "5.6.10", "5.6.20")) struct BatchOperationsTests {
    private func run(
        _ fixture: SubscriptionFixture,
        _ operation: BatchOperation,
        _ bodies: [JSONValue],
        caller: Caller = SubscriptionFixture.boss
    ) async throws -> (created: [String], changed: [String], errors: [String]) {
        let bodies = bodies.map { (json: $0, ld: LDContext.core) }
        return Self.told(try await fixture.hub.writing.batch(operation, bodies, caller: caller))
    }

    private static func told(
        _ result: BatchResult
    ) -> (created: [String], changed: [String], errors: [String]) {
        (
            result.created.map(\.uri), result.changed.map(\.uri),
            result.errors.map { "\($0.id?.uri ?? "?") \($0.error.code)" }
        )
    }

    @Test func `each entity of a batch succeeds or fails for itself`() async throws {
        let fixture = try await SubscriptionFixture.shared()
        let result = try await run(
            fixture,
            .create,
            [
                ["id": "urn:x:2", "type": "Bus"], ["id": "urn:x:bus", "type": "Bus"],
                ["id": "urn:x:3"], "nothing", ["id": "urn:x:4", "type": "Bus"],
                ["id": "urn:x:2", "type": "Bus"],
            ]
        )
        #expect(result.created == ["urn:x:2", "urn:x:4"])
        #expect(result.changed.isEmpty)
        #expect(
            result.errors.sorted() == [
                "? badRequestData", "urn:x:2 alreadyExists", "urn:x:3 badRequestData",
                "urn:x:bus alreadyExists",
            ]
        )
        #expect(try await fixture.shown("urn:x:4") == ["id": "urn:x:4", "type": "Bus"])
    }

    @Test func `an entity that would be too large fails alone`() async throws {
        let fixture = try await SubscriptionFixture.shared()
        let instances = (0...EntityLimits.instances).map { number -> JSONValue in
            ["type": "Property", "value": 1, "datasetId": .string("urn:x:\(number)")]
        }
        let bytes = JSONValue.string(String(repeating: "x", count: EntityLimits.bytes))
        let result = try await run(
            fixture,
            .upsert(replaces: true),
            [
                ["id": "urn:x:2", "type": "Bus"],
                ["id": "urn:x:many", "type": "Bus", "n": .array(instances)],
                ["id": "urn:x:large", "type": "Bus", "n": bytes],
                ["id": "urn:x:bus", "type": "Bus", "n": bytes],
                ["id": "urn:x:3", "type": "Bus"],
            ]
        )
        #expect(result.created == ["urn:x:2", "urn:x:3"] && result.changed.isEmpty)
        #expect(
            result.errors.sorted() == [
                "urn:x:bus badRequestData", "urn:x:large badRequestData",
                "urn:x:many badRequestData",
            ]
        )
        #expect(
            try await fixture.shown("urn:x:bus") == ["id": "urn:x:bus", "type": "Bus", "speed": 1]
        )
    }

    @Test(arguments: [true, false])
    func `an upsert creates, and replaces or updates`(replaces: Bool) async throws {
        let fixture = try await SubscriptionFixture.shared()
        let result = try await run(
            fixture,
            .upsert(replaces: replaces),
            [
                ["id": "urn:x:2", "type": "Bus", "n": 1],
                ["id": "urn:x:bus", "type": "Bus", "doors": 2],
            ]
        )
        #expect(result.created == ["urn:x:2"] && result.changed == ["urn:x:bus"])
        #expect(result.errors.isEmpty)
        let speed = try await fixture.shown("urn:x:bus").objectValue?["speed"]
        #expect(speed == (replaces ? nil : 1))
        let ended: [JSONValue] = replaces ? [1, "urn:ngsi-ld:null"] : [1]
        #expect(try await fixture.past("speed", of: "urn:x:bus") == ended)
        #expect(try await fixture.past("n", of: "urn:x:2") == [1])
    }

    private static let null: JSONValue = "urn:ngsi-ld:null"
    private static let removing: [BatchOperation] = [
        .upsert(replaces: false), .update(overwrites: true),
    ]

    @Test(
        .clause("5.5.8"),
        arguments: removing,
        [
            ["speed": null], ["speed": ["type": "Property", "value": null]],
            ["next": null], ["next": ["type": "Relationship", "object": null]],
            ["name": ["languageMap": ["@none": null]]], ["word": ["vocab": null]],
            ["list": ["valueList": .array([null])]], ["list": .array([null])],
            ["data": ["json": null]],
            ["many": ["value": null, "datasetId": "urn:x:gps"]], ["scope": null],
            ["expiresAt": null],
        ] as [JSONObject]
    )
    func `NGSI-LD Null removes, in an upsert that updates as in an update`(
        operation: BatchOperation,
        fragment: JSONObject
    ) async throws {
        let fixture = try await SubscriptionFixture.shared()
        let whole: JSONObject = [
            "id": "urn:x:2", "type": "Bus", "speed": 1, "next": ["object": "urn:x:3"],
            "name": ["languageMap": ["en": "a"]], "word": ["vocab": "a"],
            "list": ["valueList": [1]], "data": ["json": ["a": 1]],
            "many": ["value": 1, "datasetId": "urn:x:gps"], "scope": "/a",
            "expiresAt": "2100-01-01T00:00:00Z",
        ]
        #expect(try await run(fixture, .create, [.object(whole)]).created == ["urn:x:2"])
        var body = fragment
        body["id"] = "urn:x:2"
        body["type"] = "Bus"
        let result = try await run(fixture, operation, [.object(body)])
        #expect(result.changed == ["urn:x:2"] && result.errors.isEmpty)
        let shown = try await fixture.shown("urn:x:2", sysAttrs: true).objectValue
        for member in whole.members.map(\.key) {
            #expect((shown?[member] == nil) == (fragment[member] != nil), "\(member)")
        }
    }

    @Test(
        arguments: [
            ["speed": null], ["speed": ["value": null]], ["scope": null], ["expiresAt": null],
            ["speed": ["value": 1, "unitCode": null]], ["speed": ["value": 1, "by": null]],
        ] as [JSONObject]
    )
    func `nothing can be removed from a missing entity`(
        fragment: JSONObject
    )
        async throws
    {
        let fixture = try await SubscriptionFixture.shared()
        var body = fragment
        body["id"] = "urn:x:2"
        body["type"] = "Bus"
        for replaces in [true, false] {
            let result = try await run(fixture, .upsert(replaces: replaces), [.object(body)])
            #expect(result.errors == ["urn:x:2 badRequestData"])
        }
        let kept = try await run(
            fixture,
            .update(overwrites: false),
            [["id": "urn:x:bus", "speed": Self.null]]
        )
        #expect(kept.errors == ["urn:x:bus badRequestData"])
        #expect(try await fixture.past("speed", of: "urn:x:bus") == [1])
    }

    @Test func `an update adds no scope to an entity that had none`() async throws {
        let fixture = try await SubscriptionFixture.shared()
        for operation in Self.removing {
            let result = try await run(
                fixture,
                operation,
                [["id": "urn:x:bus", "type": "Bus", "scope": "/a", "doors": 2]]
            )
            #expect(result.changed == ["urn:x:bus"] && result.errors.isEmpty)
            let shown = try await fixture.shown("urn:x:bus").objectValue
            #expect(shown?["scope"] == nil && shown?["doors"] == 2)
        }
    }

    @Test func `an update changes present entities, and reports the others`() async throws {
        let fixture = try await SubscriptionFixture.shared()
        let result = try await run(
            fixture,
            .update(overwrites: true),
            [["id": "urn:x:bus", "speed": 2], ["id": "urn:x:no", "speed": 2], ["speed": 2]]
        )
        #expect(result.created.isEmpty && result.changed == ["urn:x:bus"])
        #expect(result.errors.sorted() == ["? badRequestData", "urn:x:no resourceNotFound"])
        #expect(try await fixture.past("speed", of: "urn:x:bus") == [1, 2])
    }

    @Test func `without overwriting, a present attribute is an error and the rest is written`()
        async throws
    {
        let fixture = try await SubscriptionFixture.shared()
        let result = try await run(
            fixture,
            .update(overwrites: false),
            [["id": "urn:x:bus", "speed": 2, "doors": 3]]
        )
        #expect(result.errors == ["urn:x:bus badRequestData"])
        #expect(
            try await fixture.shown("urn:x:bus")
                == ["id": "urn:x:bus", "type": "Bus", "speed": 1, "doors": 3]
        )
    }

    @Test func `a merge reaches any depth`() async throws {
        let fixture = try await SubscriptionFixture.shared()
        let result = try await run(
            fixture,
            .merge(MergeDefaults()),
            [
                ["id": "urn:x:bus", "speed": ["unitCode": "KMH"]],
                ["id": "urn:x:shop", "speed": "urn:ngsi-ld:null"], ["id": "urn:x:no", "speed": 1],
            ]
        )
        #expect(result.changed == ["urn:x:bus", "urn:x:shop"])
        #expect(result.errors == ["urn:x:no resourceNotFound"])
        #expect(try await fixture.past("speed", of: "urn:x:shop") == [1, "urn:ngsi-ld:null"])
    }

    @Test func `a batch deletes present entities`() async throws {
        let fixture = try await SubscriptionFixture.shared()
        let ids = ["urn:x:bus", "urn:x:no", "urn:x:bus"].map { EntityID($0) }
        let boss = SubscriptionFixture.boss
        let result = Self.told(try await fixture.hub.writing.batchDelete(ids, caller: boss))
        #expect(result.changed == ["urn:x:bus"])
        #expect(result.errors == ["urn:x:no resourceNotFound", "urn:x:bus resourceNotFound"])
        #expect(try await fixture.past("speed", of: "urn:x:bus") == [1, "urn:ngsi-ld:null"])
    }

    @Test(
        arguments: [
            (.create, [], "forbidden"),
            (.upsert(replaces: true), ["urn:x:bus"], "forbidden"),
            (.upsert(replaces: false), ["urn:x:bus"], "forbidden"),
            // As if it did not exist.
            (.update(overwrites: true), ["urn:x:bus"], "resourceNotFound"),
            (.merge(MergeDefaults()), ["urn:x:bus"], "resourceNotFound"),
        ] as [(BatchOperation, [String], String)]
    )
    func `a party's batch changes its own part alone`(
        operation: BatchOperation,
        changed: [String],
        error: String
    ) async throws {
        let fixture = try await SubscriptionFixture.shared()
        let result = try await run(
            fixture,
            operation,
            [
                ["id": "urn:x:shop", "type": "Bus", "speed": 2],
                ["id": "urn:x:bus", "type": "Bus", "speed": 2],
            ],
            caller: SubscriptionFixture.driver
        )
        #expect(result.changed == changed)
        #expect(result.errors.first == "urn:x:shop \(error)")
        #expect(try await fixture.past("speed", of: "urn:x:shop") == [1])
    }

    @Test func `a party deletes its own part alone`() async throws {
        let fixture = try await SubscriptionFixture.shared()
        let ids = ["urn:x:shop", "urn:x:bus"].map { EntityID($0) }
        let driver = SubscriptionFixture.driver
        let result = Self.told(try await fixture.hub.writing.batchDelete(ids, caller: driver))
        #expect(result.changed == ["urn:x:bus"])
        #expect(result.errors == ["urn:x:shop resourceNotFound"])
        #expect(try await fixture.past("speed", of: "urn:x:shop") == [1])
    }

    /// A bus with a speed and a location, observed on a day of January.
    private static func reading(_ day: Int, _ speed: Int, unit: String? = nil) -> JSONValue {
        var attribute: JSONObject = [
            "type": "Property", "value": .number(JSONNumber(speed)),
            "observedAt": .string("2026-01-0\(day)T00:00:00Z"),
        ]
        attribute["unitCode"] = unit.map { .string($0) }
        return [
            "id": "urn:x:2", "type": "Bus", "speed": .object(attribute),
            "stop": ["type": "Property", "value": .number(JSONNumber(day))],
        ]
    }

    @Test func `the newest reading is current in any order, and all are history`()
        async throws
    {
        let fixture = try await SubscriptionFixture.shared()
        for (day, speed) in [(3, 30), (2, 20), (4, 40), (1, 10)] {
            let result = try await run(fixture, .readings, [Self.reading(day, speed)])
            #expect(result.errors == [])
        }
        let shown = try await fixture.shown("urn:x:2").objectValue
        // An attribute without `observedAt` follows those that have one.
        #expect(shown?["speed"] == 40 && shown?["stop"] == 4)
        #expect(Set(try await fixture.past("speed", of: "urn:x:2")) == [10, 20, 30, 40])
    }

    @Test
    func `a repeated reading changes nothing, and a corrected one replaces it`()
        async throws
    {
        let fixture = try await SubscriptionFixture.shared()
        for _ in 0..<3 { _ = try await run(fixture, .readings, [Self.reading(2, 20)]) }
        #expect(try await fixture.past("speed", of: "urn:x:2") == [20])
        #expect(try await fixture.past("stop", of: "urn:x:2") == [2])
        _ = try await run(fixture, .readings, [Self.reading(2, 21)])
        #expect(try await fixture.shown("urn:x:2").objectValue?["speed"] == 21)
        #expect(try await fixture.past("speed", of: "urn:x:2") == [21])
    }

    @Test func `an attribute without observedAt is as new as its writing`() async throws {
        let fixture = try await SubscriptionFixture.shared()
        var old = try #require(Self.reading(2, 20).objectValue)
        old["id"] = "urn:x:bus"
        old["stop"] = nil
        _ = try await run(fixture, .readings, [.object(old)])
        let shown = try await fixture.shown("urn:x:bus").objectValue?["speed"]
        let isOlder = fixture.hub.clock() > Timestamp(microseconds: 1_767_312_000_000_000)
        #expect(shown == (isOlder ? 1 : 20))
    }

    @Test func `late readings notify nobody`() async throws {
        let fixture = try await SubscriptionFixture.shared()
        _ = try await run(fixture, .readings, [Self.reading(3, 30)])
        let before = try await fixture.hub.reading.retrieveEntity(
            EntityID("urn:x:2"),
            caller: SubscriptionFixture.boss
        ).entity.decoded()
        _ = try await run(fixture, .readings, [Self.reading(2, 20)])
        let after = try await fixture.hub.reading.retrieveEntity(
            EntityID("urn:x:2"),
            caller: SubscriptionFixture.boss
        ).entity.decoded()
        #expect(before == after, "not even when it was modified")
    }
}
