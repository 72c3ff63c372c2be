import ContextModel
import Governance
import Storage
import StorageMemory
import Testing

@testable import Broker

@Suite struct ProvisionTests {
    private static let boss = DeviceFixture.boss

    @Test func `a group is a source with a party and a type of its own`() async throws {
        let fixture = try await DeviceFixture()
        try await fixture.provisionGroup()
        let source = try fixture.group()
        #expect(source.key.name.text == "devices-device")
        #expect(source.kept.types == [LDContext.core.expand("Device")])
        #expect(source.mapping.way == "devices")
        // Another group of the same type has another name.
        try await fixture.provisionGroup(key: "other-key")
        #expect(try fixture.group("other-key").key.name.text == "devices-device-2")
    }

    @Test func `no key is shown, neither in groups and devices nor in definitions`() async throws {
        let fixture = try await DeviceFixture()
        let secrets: JSONObject = ["trust": "very-secret", "token": "also-secret"]
        try await fixture.provisionGroup(secrets)
        try await fixture.provisionDevice("a")
        var texts = try fixture.sourcing.groups(path: nil, caller: Self.boss)
        texts += try fixture.sourcing.devices(path: nil, limit: 9, offset: 0, caller: Self.boss)
            .list
        texts.append(try fixture.sourcing.device("a", key: nil, caller: Self.boss))
        texts.append(.string(try fixture.group().kept.definition))
        let text = String(decoding: JSONValue.array(texts).serialized, as: UTF8.self)
        for secret in [DeviceFixture.key, "very-secret", "also-secret"] {
            #expect(!text.contains(secret))
        }
        #expect(text.contains(#""device_id":"a""#))
    }

    @Test(
        arguments: [
            (["apikey": nil], "`services[0]` has no `apikey`"),
            (["apikey": "a/b"], "`services[0].apikey` has no `/`"),
            (["apikey": 7], "`services[0].apikey` is a text"),
            (["apikey": "a234567"], "`services[0].apikey` is a secret of 8 bytes at least"),
            (["entity_type": "no type"], "`services[0].entity_type` is a name"),
            (["entity_type": nil], "`services[0]` has no `entity_type`"),
            (["resource": "/iot/d"], "`services[0].resource` is `/iot/json`"),
            (["colour": "red"], "`services[0].colour` is no member"),
            (
                ["attributes": [["name": "a", "expression": "a|b"]]],
                "attributes[0].expression` is an expression"
            ),
            (["attributes": [["object_id": "a"]]], "attributes[0].name` is missing"),
            (["attributes": [["name": "id"]]], "attributes[0].name` cannot be `id`"),
            (["attributes": 7], "`services[0].attributes` is a list"),
            (
                ["static_attributes": [["name": "a", "type": "Number", "value": "x"]]],
                "is not a number"
            ),
            (["static_attributes": [["name": "a"]]], "static_attributes[0].value` is missing"),
            (["commands": [["name": "on"], ["name": "on"]]], "has a name twice"),
            (["lazy": [["name": "a"]]], "`services[0].lazy` has attributes"),
            (["transport": "AMQP"], "`services[0].transport` is `http` or `mqtt`"),
            (["endpoint": "file:///etc/passwd"], "`services[0].endpoint` is an http"),
            (["endpoint": "http://user:secret@host/"], "`services[0].endpoint` is an http"),
            (["payloadType": "ngsild"], "`services[0].payloadType` is `iotagent`"),
            (["timestamp": "yes"], "`services[0].timestamp` is true or false"),
        ] as [(JSONObject, String)]
    )
    func `what cannot be provisioned is refused with the member and the reason`(
        more: JSONObject,
        reason: String
    ) async throws {
        let fixture = try await DeviceFixture()
        let error = await #expect(throws: BrokerError.self) {
            try await fixture.provisionGroup(more)
        }
        #expect(error?.code == .badRequestData)
        #expect(error?.detail.contains(reason) == true, "\(error?.detail ?? "")")
        #expect(fixture.sourcing.all.isEmpty)
    }

    @Test func `a list is provisioned as a whole or not at all, and a key once`() async throws {
        let fixture = try await DeviceFixture()
        let good: JSONValue = ["apikey": "first-key", "entity_type": "Device"]
        await #expect(throws: BrokerError(.badRequestData, "")) {
            try await fixture.sourcing.createGroups(
                [good, ["apikey": "second-key"]],
                path: nil,
                caller: Self.boss
            )
        }
        await #expect(throws: BrokerError(.alreadyExists, "")) {
            try await fixture.sourcing.createGroups([good, good], path: nil, caller: Self.boss)
        }
        #expect(fixture.sourcing.all.isEmpty)
        try await fixture.provisionGroup()
        // Also in another tenant, for a device says its key alone.
        var other = Self.boss
        other.tenant = TenantName("other")
        for caller in [Self.boss, other] {
            await #expect(throws: BrokerError(.alreadyExists, "")) {
                try await fixture.provisionGroup(caller: caller)
            }
        }
        try await fixture.provisionDevice("a")
        await #expect(throws: BrokerError(.alreadyExists, "")) {
            try await fixture.provisionDevice("a")
        }
        await #expect(throws: BrokerError(.badRequestData, "")) {
            try await fixture.provisionDevice("b", ["apikey": "unknown"])
        }
    }

    @Test func `nobody but whoever runs the hub provisions or sees devices`() async throws {
        let fixture = try await DeviceFixture()
        try await fixture.provisionGroup()
        try await fixture.provisionDevice("a")
        let source = try fixture.group()
        for caller in [
            SubscriptionFixture.driver, source.key.caller, Caller(party: .anonymous),
        ] {
            await #expect(throws: BrokerError.self) {
                try await fixture.provisionGroup(key: "b", caller: caller)
            }
            await #expect(throws: BrokerError.self) {
                try await fixture.provisionDevice("b", caller: caller)
            }
            #expect(throws: BrokerError.self) {
                try fixture.sourcing.groups(path: nil, caller: caller)
            }
            #expect(throws: BrokerError.self) {
                try fixture.sourcing.device("a", key: nil, caller: caller)
            }
            await #expect(throws: BrokerError.self) {
                try await fixture.sourcing.deleteDevice("a", key: nil, caller: caller)
            }
            await #expect(throws: BrokerError.self) {
                try await fixture.sourcing.deleteGroup(key: DeviceFixture.key, caller: caller)
            }
        }
    }

    @Test func `the types of a group follow its devices`() async throws {
        let fixture = try await DeviceFixture()
        try await fixture.provisionGroup()
        try await fixture.provisionDevice("t", ["entity_type": "Tractor"])
        func types() throws -> [String] {
            try fixture.group().kept.types.map { LDContext.core.compact($0) }
        }
        #expect(try types() == ["Device", "Tractor"])
        try await fixture.sourcing.changeDevice(
            "t",
            key: nil,
            by: ["entity_type": "Plough"],
            caller: Self.boss
        )
        #expect(try types() == ["Device", "Plough"])
        try await fixture.sourcing.deleteDevice("t", key: nil, caller: Self.boss)
        #expect(try types() == ["Device"])
        #expect(throws: BrokerError(.resourceNotFound, "")) {
            try fixture.sourcing.device("t", key: nil, caller: Self.boss)
        }
    }

    @Test func `groups and devices are there after a new start, and gone when removed`()
        async throws
    {
        let memory = SharedMemory()
        let first = try await DeviceFixture(memory: memory)
        try await first.provisionGroup(["attributes": [["object_id": "t", "name": "temperature"]]])
        try await first.provisionDevice("a", ["entity_name": "urn:ngsi-ld:Device:first"])
        let next = try await DeviceFixture(memory: memory)
        try await next.sourcing.loadSources()
        try await next.send(#"{"t": 3}"#, from: "a")
        #expect(try await next.value("temperature", of: "urn:ngsi-ld:Device:first") == 3)
        try await next.sourcing.deleteGroup(key: DeviceFixture.key, caller: Self.boss)
        #expect(next.sourcing.deviceGroup(key: DeviceFixture.key) == nil)
        let store = try #require(try await next.subscriptions.store.tenant(nil))
        #expect(try await store.documentCount(.device) == 0)
        // The key can be used again.
        try await next.provisionGroup()
    }

    @Test func `a changed group changes its devices`() async throws {
        let fixture = try await DeviceFixture()
        try await fixture.provisionGroup()
        try await fixture.provisionDevice("a")
        try await fixture.sourcing.changeGroup(
            key: DeviceFixture.key,
            by: ["attributes": [["object_id": "t", "name": "temperature"]]],
            caller: Self.boss
        )
        try await fixture.send(#"{"t": 3}"#, from: "a")
        #expect(try await fixture.value("temperature", of: "urn:ngsi-ld:Device:a") == 3)
        await #expect(throws: BrokerError(.resourceNotFound, "")) {
            try await fixture.sourcing.changeGroup(key: "none", by: [:], caller: Self.boss)
        }
        await #expect(throws: BrokerError(.badRequestData, "")) {
            try await fixture.sourcing.changeGroup(
                key: DeviceFixture.key,
                by: ["apikey": "short"],
                caller: Self.boss
            )
        }
        await #expect(throws: BrokerError(.conflict, "")) {
            _ = try await fixture.sourcing.put(
                try fixture.group().key.name,
                "Tree",
                caller: Self.boss
            )
        }
    }

    @Test func `devices of another tenant are not there`() async throws {
        let fixture = try await DeviceFixture()
        try await fixture.provisionGroup()
        try await fixture.provisionDevice("a")
        var other = Self.boss
        other.tenant = TenantName("other")
        #expect(try fixture.sourcing.groups(path: nil, caller: other).isEmpty)
        #expect(throws: BrokerError(.resourceNotFound, "")) {
            try fixture.sourcing.device("a", key: DeviceFixture.key, caller: other)
        }
        await #expect(throws: BrokerError(.resourceNotFound, "")) {
            try await fixture.sourcing.deleteGroup(key: DeviceFixture.key, caller: other)
        }
        await #expect(throws: BrokerError(.badRequestData, "")) {
            try await fixture.provisionDevice("b", caller: other)
        }
    }
}
