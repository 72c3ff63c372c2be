import ContextModel
import Governance
import Storage
import StorageMemory
import StoreDoubles
import Synchronization
import Testing

@testable import Broker

/// Tells a store double when the group is gone.
private final class WatchedSourcing: Sendable {
    let sourcing = Mutex<Sourcing?>(nil)

    var hasLostGroup: Bool {
        sourcing.withLock(\.self).map { $0.deviceGroup(key: DeviceFixture.key) == nil } ?? false
    }
}

/// What is provisioned is there as a whole or not at all, also when the hub stops in between.
@Suite struct ProvisionWholeTests {
    private static let boss = DeviceFixture.boss
    private static let bus = "urn:ngsi-ld:Bus:7"

    private func types(_ fixture: DeviceFixture) throws -> [String] {
        try fixture.group().kept.types.map { LDContext.core.compact($0) }
    }

    private func isThere(_ id: String, _ fixture: DeviceFixture) async -> Bool {
        (try? await fixture.entity(id)) != nil
    }

    /// An entity that the group may not write.
    private func makeBus(_ fixture: DeviceFixture) async throws {
        let bus: JSONValue = [
            "id": .string(Self.bus), "type": "Bus", "line": ["type": "Property", "value": "7"],
        ]
        let result = try await fixture.hub.writing.batch(
            .create,
            [(bus, .core)],
            caller: Self.boss
        )
        #expect(result.errors.isEmpty)
    }

    private func device(_ id: String, _ more: JSONObject) -> JSONValue {
        var device: JSONObject = ["device_id": .string(id), "apikey": .string(DeviceFixture.key)]
        for (name, value) in more.members { device[name] = value }
        return .object(device)
    }

    @Test func `no group is made where there is no room for all`() async throws {
        let fixture = try await DeviceFixture()
        for number in 1..<Sourcing.maximumSources {
            let name = try #require(SourceName("well-\(number)"))
            _ = try await fixture.sourcing.put(name, "Well", caller: Self.boss)
        }
        let groups: [JSONValue] = ["first-key", "second-key"].map {
            ["apikey": .string($0), "entity_type": "Device"]
        }
        await #expect(throws: BrokerError(.tooManyResults, "")) {
            try await fixture.sourcing.createGroups(groups, path: nil, caller: Self.boss)
        }
        #expect(fixture.sourcing.deviceGroup(key: "first-key") == nil)
        #expect(fixture.sourcing.all.count == Sourcing.maximumSources - 1)
        // One has room, and two of one type have two names.
        try await fixture.sourcing.createGroups([groups[0]], path: nil, caller: Self.boss)
        #expect(fixture.sourcing.deviceGroup(key: "first-key") != nil)
    }

    @Test func `groups of one request have names of their own, and are there after a new start`()
        async throws
    {
        let memory = SharedMemory()
        let fixture = try await DeviceFixture(memory: memory)
        let groups: [JSONValue] = ["first-key", "second-key"].map {
            ["apikey": .string($0), "entity_type": "Device"]
        }
        try await fixture.sourcing.createGroups(groups, path: nil, caller: Self.boss)
        let next = try await DeviceFixture(memory: memory)
        try await next.sourcing.loadSources()
        let names = ["first-key", "second-key"].map {
            next.sourcing.deviceGroup(key: $0)?.key.name.text
        }
        #expect(names == ["devices-device", "devices-device-2"])
        try await next.send(#"{"t": 1}"#, from: "a", key: "second-key")
        #expect(try await next.value("t", of: "urn:ngsi-ld:Device:a") == 1)
    }

    @Test(arguments: [false, true])
    func `a refused device leaves neither its type nor what was made for the others`(
        onDisk: Bool
    ) async throws {
        let fixture = try await DeviceFixture(onDisk: onDisk)
        try await fixture.provisionGroup()
        try await makeBus(fixture)
        try await fixture.send(#"{"t": 1}"#, from: "old")
        let before = try await fixture.entity("urn:ngsi-ld:Device:old")
        fixture.pass(seconds: 1)
        let commands: JSONValue = [["name": "on", "type": "command"]]
        await #expect(throws: BrokerError.self) {
            try await fixture.sourcing.createDevices(
                [
                    device("new", ["commands": commands]),
                    device(
                        "old",
                        [
                            "commands": commands,
                            "static_attributes": [["name": "t", "type": "Number", "value": 5]],
                        ]
                    ),
                    device(
                        "thief",
                        [
                            "entity_name": .string(Self.bus), "entity_type": "Tractor",
                            "commands": commands,
                        ]
                    ),
                ],
                path: nil,
                caller: Self.boss
            )
        }
        #expect(try types(fixture) == ["Device"])
        #expect(
            try fixture.sourcing.devices(path: nil, limit: 9, offset: 0, caller: Self.boss).count
                == 0
        )
        #expect(!(await isThere("urn:ngsi-ld:Device:new", fixture)))
        #expect(try await fixture.entity("urn:ngsi-ld:Device:old") == before)
        #expect(try await fixture.value("on", of: Self.bus) == nil)
        // Whoever writes the group's entities goes on, and nothing is a command.
        try await fixture.send(#"{"t": 2}"#, from: "new")
        #expect(try await fixture.takeUp().isEmpty)
    }

    @Test func `a refused change of a device leaves its type and itself as they were`() async throws
    {
        let fixture = try await DeviceFixture()
        try await fixture.provisionGroup()
        try await makeBus(fixture)
        try await fixture.provisionDevice("a", ["attributes": [["object_id": "t", "name": "old"]]])
        await #expect(throws: BrokerError.self) {
            try await fixture.sourcing.changeDevice(
                "a",
                key: nil,
                by: [
                    "entity_name": .string(Self.bus), "entity_type": "Tractor",
                    "commands": [["name": "on", "type": "command"]],
                    "attributes": [["object_id": "t", "name": "new"]],
                ],
                caller: Self.boss
            )
        }
        #expect(try types(fixture) == ["Device"])
        try await fixture.send(#"{"t": 1}"#, from: "a")
        #expect(try await fixture.value("old", of: "urn:ngsi-ld:Device:a") == 1)
    }

    @Test func `a group that is removed takes its devices with it in one step`() async throws {
        let memory = SharedMemory()
        let watched = WatchedSourcing()
        // The hub gets as far as the removal of the group itself, and no further.
        let fixture = try await DeviceFixture(
            memory: memory,
            habit: .fails { _ in
                watched.hasLostGroup ? StorageError(.failed, note: "It is killed.") : nil
            }
        )
        try await fixture.provisionGroup()
        try await fixture.provisionDevice("a", ["commands": [["name": "on", "type": "command"]]])
        try await fixture.command("on", 1, to: "urn:ngsi-ld:Device:a")
        let store = try #require(try await fixture.subscriptions.store.tenant(nil))
        #expect(try await store.documentCount(.device) == 1)
        watched.sourcing.withLock { $0 = fixture.sourcing }
        await #expect(throws: StorageError.self) {
            try await fixture.sourcing.deleteGroup(key: DeviceFixture.key, caller: Self.boss)
        }
        #expect(try await store.documentCount(.source) == 0)
        #expect(try await store.documentCount(.device) == 0)
        #expect(try await store.documentCount(.deviceCommand) == 0)
        let next = try await DeviceFixture(memory: memory)
        try await next.sourcing.loadSources()
        try await next.provisionGroup()
        let last = try await DeviceFixture(memory: memory)
        try await last.sourcing.loadSources()
        #expect(try last.group().kept.types.count == 1)
        #expect(
            try last.sourcing.devices(path: nil, limit: 9, offset: 0, caller: Self.boss).count == 0
        )
    }

    @Test func `what a removed source has left is gone after a new start`() async throws {
        let memory = SharedMemory()
        let fixture = try await DeviceFixture(memory: memory)
        try await fixture.provisionGroup()
        try await fixture.provisionDevice("a")
        let store = try #require(try await fixture.subscriptions.store.tenant(nil))
        // As a hub leaves it that was killed after the record had the removal, and before its data had it.
        try await store.bookkeep { transaction in
            _ = try transaction.removeDocument(.source, id: "devices-device")
        }
        let next = try await DeviceFixture(memory: memory)
        try await next.sourcing.loadSources()
        #expect(try await store.documentCount(.device) == 0)
    }

    @Test func `a type that nothing of a group has is taken from it at the start`() async throws {
        let memory = SharedMemory()
        let fixture = try await DeviceFixture(memory: memory)
        try await fixture.provisionGroup()
        try await fixture.provisionDevice("a", ["entity_type": "Tractor"])
        let store = try #require(try await fixture.subscriptions.store.tenant(nil))
        try await store.bookkeep { transaction in
            _ = try transaction.removeDocument(.device, id: "devices-device/a")
        }
        let next = try await DeviceFixture(memory: memory)
        try await next.sourcing.loadSources()
        #expect(try types(next) == ["Device"])
        let outcome = try await next.hub.writing.batch(
            .upsert(replaces: false),
            [(["id": "urn:x:t", "type": "Tractor"], .core)],
            caller: try next.group().key.caller
        )
        #expect(outcome.errors.count == 1)
    }
}
