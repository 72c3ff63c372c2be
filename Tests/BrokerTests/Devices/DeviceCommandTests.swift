import ContextModel
import Governance
import Storage
import StorageMemory
import StoreDoubles
import Synchronization
import Testing

@testable import Broker

@Suite struct DeviceCommandTests {
    private static let boss = DeviceFixture.boss
    private static let pump = "urn:ngsi-ld:Device:water001"
    private static let address = "http://192.0.2.7/iot/water001"

    private func pumps(
        memory: SharedMemory = SharedMemory(),
        onDisk: Bool = false
    ) async throws -> DeviceFixture {
        let fixture = try await DeviceFixture(memory: memory, onDisk: onDisk)
        try await fixture.provisionGroup()
        let commands: JSONValue = [
            ["name": "on", "type": "Property"], ["name": "off", "type": "Property"],
        ]
        try await fixture.provisionDevice(
            "water001",
            [
                "entity_name": .string(Self.pump), "protocol": "PDI-IoTA-UltraLight",
                "transport": "HTTP", "endpoint": .string(Self.address), "commands": commands,
                "static_attributes": [
                    ["name": "place", "type": "Text", "value": "barn"]
                ],
            ]
        )
        try await fixture.provisionDevice("shy", ["transport": "HTTP", "commands": commands])
        try await fixture.provisionDevice("mqtt", ["transport": "MQTT", "commands": commands])
        return fixture
    }

    private func taken(
        _ fixture: DeviceFixture
    ) async throws -> [(command: WaitingCommand, target: CommandTarget)] {
        try await fixture.takeUp()
    }

    @Test(arguments: [false, true])
    func `a command attribute that is written goes to the device, and its state is told`(
        onDisk: Bool
    ) async throws {
        let fixture = try await pumps(onDisk: onDisk)
        #expect(try await fixture.value("on_status", of: Self.pump) == "UNKNOWN")
        #expect(try await fixture.value("place", of: Self.pump) == "barn")
        #expect(try await taken(fixture).isEmpty, "what the hub itself makes is no command")
        try await fixture.command("on", " ", to: Self.pump)
        let one = try #require(try await taken(fixture).first)
        #expect(one.target == .http(url: Self.address, tenant: "", path: "/"))
        #expect(one.command.body == ["on": " "])
        #expect(try await fixture.value("on_status", of: Self.pump) == "PENDING")
        fixture.pass(seconds: 1)
        try await fixture.sourcing.settle(one.command, .delivered(result: "on OK"))
        #expect(try await fixture.value("on_status", of: Self.pump) == "OK")
        #expect(try await fixture.value("on_info", of: Self.pump) == "on OK")
        #expect(try await fixture.value("off_status", of: Self.pump) == "UNKNOWN")
        #expect(try await taken(fixture).isEmpty, "it is sent once")
        // The same value once more is a command once more.
        try await fixture.command("on", " ", to: Self.pump)
        #expect(try await taken(fixture).count == 1)
    }

    @Test func `a command that fails says why, and is not sent again`() async throws {
        let fixture = try await pumps()
        try await fixture.command("on", 1, to: Self.pump)
        let one = try #require(try await taken(fixture).first)
        fixture.pass(seconds: 1)
        try await fixture.sourcing.settle(one.command, .failed("The device answered 500."))
        #expect(try await fixture.value("on_status", of: Self.pump) == "ERROR")
        #expect(try await fixture.value("on_info", of: Self.pump) == "The device answered 500.")
        #expect(try await taken(fixture).isEmpty)
    }

    @Test func `of commands with one name the newest is sent, also while one is on its way`()
        async throws
    {
        let fixture = try await pumps()
        try await fixture.command("on", 1, to: Self.pump)
        fixture.pass(seconds: 1)
        try await fixture.command("on", 2, to: Self.pump)
        let second = try #require(try await taken(fixture).first)
        #expect(second.command.value == 2)
        fixture.pass(seconds: 1)
        try await fixture.command("on", 3, to: Self.pump)
        let busy = try await fixture.takeUp {
            $0.command == "on" && $0.device == "water001"
        }
        #expect(busy.isEmpty, "one of its name is being sent")
        try await fixture.sourcing.settle(second.command, .delivered(result: nil))
        #expect(try await fixture.value("on_status", of: Self.pump) == "DELIVERED")
        #expect(try await taken(fixture).map(\.command.value) == [3])
    }

    @Test func `a command survives a new start, and one that was being sent is not repeated`()
        async throws
    {
        let memory = SharedMemory()
        let fixture = try await pumps(memory: memory)
        try await fixture.command("off", 1, to: Self.pump)
        let next = try await DeviceFixture(memory: memory)
        try await next.sourcing.loadSources()
        let one = try await taken(next)
        #expect(one.map(\.command.command) == ["off"])
        let last = try await DeviceFixture(memory: memory)
        try await last.sourcing.loadSources()
        #expect(try await taken(last).isEmpty)
        #expect(try await last.value("off_status", of: Self.pump) == "ERROR")
        #expect(
            try await last.value("off_info", of: Self.pump)
                == "The hub stopped while the command was sent: the device may have it."
        )
    }

    @Test func `a command that comes too late is not sent`() async throws {
        let fixture = try await pumps()
        try await fixture.command("on", 1, to: Self.pump)
        fixture.pass(seconds: 61)
        #expect(try await taken(fixture).isEmpty)
        #expect(try await fixture.value("on_status", of: Self.pump) == "EXPIRED")
    }

    @Test func `a device without an endpoint asks for its commands`() async throws {
        let fixture = try await pumps()
        let shy = "urn:ngsi-ld:Device:shy"
        let source = try fixture.group()
        try await fixture.command("on", ["speed": 3], to: shy)
        #expect(try await taken(fixture).isEmpty)
        #expect(try await fixture.value("on_status", of: shy) == "PENDING")
        fixture.pass(seconds: 3_600)
        let commands = try await fixture.sourcing.takeCommands(for: "shy", of: source)
        #expect(commands == ["on": ["speed": 3]])
        #expect(try await fixture.value("on_status", of: shy) == "DELIVERED")
        #expect(try await fixture.sourcing.takeCommands(for: "shy", of: source).isEmpty)
        // Nobody else's, and none after a day.
        try await fixture.command("on", 4, to: shy)
        #expect(try await fixture.sourcing.takeCommands(for: "mqtt", of: source).isEmpty)
        #expect(try await fixture.sourcing.takeCommands(for: "none", of: source).isEmpty)
        fixture.pass(seconds: 86_401)
        #expect(try await fixture.sourcing.takeCommands(for: "shy", of: source).isEmpty)
        #expect(try await fixture.value("on_status", of: shy) == "EXPIRED")
    }

    @Test func `by MQTT a command has the device's topic, and its result comes by another`()
        async throws
    {
        let fixture = try await pumps()
        let id = "urn:ngsi-ld:Device:mqtt"
        try await fixture.command("on", 1, to: id)
        let one = try #require(try await taken(fixture).first)
        #expect(one.target == .mqtt(topic: "/\(DeviceFixture.key)/mqtt/cmd"))
        try await fixture.sourcing.settle(one.command, .sent)
        #expect(try await fixture.value("on_status", of: id) == "PENDING")
        fixture.pass(seconds: 1)
        try await fixture.send(#"{"on": {"done": true}}"#, from: "mqtt", .results)
        #expect(try await fixture.value("on_status", of: id) == "OK")
        #expect(try await fixture.value("on_info", of: id) == ["done": true])
        let outcome = try await fixture.send(#"{"fly": 1}"#, from: "mqtt", .results)
        #expect(outcome == .refused(reasons: ["fly: The device has no such command."]))
    }

    @Test func `a measure is no command`() async throws {
        let fixture = try await pumps()
        for name in ["on", "on_status", "on_info"] {
            let outcome = try await fixture.send(#"{"\#(name)": 1, "t": 2}"#, from: "water001")
            #expect(
                outcome
                    == .refused(
                        reasons: ["\(name): It is a command of the device, and no measure."]
                    )
            )
        }
        #expect(try await taken(fixture).isEmpty)
        #expect(try await fixture.value("t", of: Self.pump) == 2)
    }

    @Test func `who may not write the entity commands nothing`() async throws {
        let fixture = try await pumps()
        for caller in [SubscriptionFixture.driver, Caller(party: .anonymous)] {
            await #expect(throws: BrokerError.self) {
                try await fixture.hub.writing.updateAttribute(
                    "on",
                    of: EntityID(Self.pump),
                    ["type": "Property", "value": 1],
                    ld: .core,
                    caller: caller
                )
            }
        }
        #expect(try await taken(fixture).isEmpty)
    }

    @Test func `a removed device gets nothing`() async throws {
        let fixture = try await pumps()
        try await fixture.command("on", 1, to: Self.pump)
        try await fixture.sourcing.deleteDevice("water001", key: nil, caller: Self.boss)
        try await fixture.command("on", 2, to: Self.pump)
        #expect(try await taken(fixture).isEmpty)
        let store = try #require(try await fixture.subscriptions.store.tenant(nil))
        #expect(try await store.documentCount(.deviceCommand) == 0)
    }

    @Test func `a command is signalled once it is stored`() async throws {
        let fixture = try await pumps()
        let signals = fixture.sourcing.makeCommandSignals()
        var iterator = signals.makeAsyncIterator()
        try await fixture.command("on", 1, to: Self.pump)
        await iterator.next()
        #expect(try await taken(fixture).count == 1)
    }

    @Test func `a copy of the entity, a reading or an import commands nothing`() async throws {
        let fixture = try await pumps()
        let entity = try await fixture.entity(Self.pump)
        // As whoever reads the entity and writes it again does, also into the same hub.
        var upserted = entity
        upserted["on"] = ["type": "Property", "value": "again"]
        for operation in [BatchOperation.upsert(replaces: false), .upsert(replaces: true)] {
            fixture.pass(seconds: 1)
            let result = try await fixture.hub.writing.batch(
                operation,
                [(.object(upserted), .core)],
                caller: Self.boss
            )
            #expect(result.errors.isEmpty && result.changed.count == 1)
            #expect(try await fixture.value("on", of: Self.pump) == "again")
        }
        let reading: JSONValue = [
            "id": .string(Self.pump), "type": "Device", "on": ["type": "Property", "value": 7],
        ]
        _ = try await fixture.hub.writing.batch(
            .readings,
            [(reading, .core)],
            caller: Self.boss
        )
        #expect(try await fixture.value("on", of: Self.pump) == 7)
        #expect(try await taken(fixture).isEmpty)
        // Without the state it is a command.
        _ = try await fixture.hub.writing.batch(
            .upsert(replaces: false),
            [(reading, .core)],
            caller: Self.boss
        )
        #expect(try await taken(fixture).count == 1)
    }

    @Test func `what the hub writes of a command is no report of the device`() async throws {
        let fixture = try await pumps()
        let source = try fixture.group()
        func things() -> Int { fixture.sourcing.figures(of: source).figures.things }
        try await fixture.command("on", 1, to: Self.pump)
        let one = try #require(try await taken(fixture).first)
        try await fixture.sourcing.settle(one.command, .failed("It is dead."))
        #expect(things() == 0)
        for _ in 0..<25 {
            try await fixture.send(#"{"t": 1}"#, from: "water001")
            fixture.pass(seconds: 60)
        }
        #expect(things() == 1)
        // The device is dead, and the hub goes on to tell what becomes of commands.
        for _ in 0..<10 {
            try await fixture.command("on", 2, to: Self.pump)
            let next = try #require(try await taken(fixture).first)
            try await fixture.sourcing.settle(next.command, .failed("It is dead."))
            fixture.pass(seconds: 60)
            try await fixture.sourcing.noteSilence()
        }
        #expect(try await fixture.value("silent", of: Self.pump) == true)
        // Its own result is a report.
        try await fixture.send(#"{"on": 3}"#, from: "water001", .results)
        #expect(try await fixture.value("silent", of: Self.pump) == false)
    }

    @Test func `a watch of the type hears no commands either`() async throws {
        let fixture = try await pumps()
        let name = try #require(SourceName("watch"))
        _ = try await fixture.sourcing.put(name, "watch Device", caller: Self.boss)
        let watch = try #require(fixture.sourcing.source(SourceKey(nil, name)))
        func things() -> Int { fixture.sourcing.figures(of: watch).figures.things }
        try await fixture.command("on", 1, to: Self.pump)
        let one = try #require(try await taken(fixture).first)
        try await fixture.sourcing.settle(one.command, .delivered(result: nil))
        #expect(things() == 0)
        try await fixture.send(#"{"t": 1}"#, from: "water001")
        #expect(things() == 1)
    }

    @Test func `commands of one group are sent when those of another cannot be read`() async throws
    {
        let failures = Mutex(0)
        let fixture = try await DeviceFixture(
            habit: .fails { question in
                guard question == .documents(.deviceCommand) else { return nil }
                let fails = failures.withLock { left in
                    left -= 1
                    return left == 0
                }
                return fails ? StorageError(.failed, note: "The disk is away.") : nil
            }
        )
        let commands: JSONValue = ["commands": [["name": "on"]], "transport": "MQTT"]
        for key in ["first-key", "second-key"] {
            try await fixture.provisionGroup(key: key)
            var device = try #require(commands.objectValue)
            device["apikey"] = .string(key)
            try await fixture.provisionDevice("device-\(key)", device)
            try await fixture.command("on", 1, to: "urn:ngsi-ld:Device:device-\(key)")
        }
        failures.withLock { $0 = 1 }
        let places = FairShares<TenantName?>(capacity: 20)
        let first = await fixture.sourcing.takeUpCommands(within: places) { _ in false }
        #expect(first.commands.count == 1 && first.failures.count == 1)
        let second = await fixture.sourcing.takeUpCommands(within: places) {
            $0 == first.commands.first?.command
        }
        // What the first has taken is being sent.
        let taken = Set((first.commands + second.commands).map(\.command.device))
        #expect(taken == ["device-first-key", "device-second-key"])
    }

    @Test func `tenants share the places for commands`() async throws {
        let fixture = try await DeviceFixture()
        var other = Self.boss
        other.tenant = TenantName("other")
        for (caller, key, count) in [(Self.boss, "large-tenant", 30), (other, "small-tenant", 2)] {
            try await fixture.provisionGroup(key: key, caller: caller)
            for number in 0..<count {
                let device: JSONObject = [
                    "apikey": .string(key), "transport": "MQTT", "commands": [["name": "on"]],
                ]
                try await fixture.provisionDevice("\(key)-\(number)", device, caller: caller)
                let id = "urn:ngsi-ld:Device:\(key)-\(number)"
                try await fixture.command("on", 1, to: id, caller: caller)
            }
        }
        var shares = FairShares<TenantName?>(capacity: 16)
        let first = await fixture.sourcing.takeUpCommands(within: shares) { _ in false }
        let tenants = first.commands.map(\.command.source.tenant)
        #expect(tenants.count { $0 == other.tenant } == 2)
        #expect((4...8).contains(tenants.count { $0 == nil }))
        // While those of the large tenant hang, others get through.
        for tenant in tenants { shares.take(tenant) }
        let underway = Set(first.commands.map(\.command))
        let more = await fixture.sourcing.takeUpCommands(within: shares) { underway.contains($0) }
        #expect(more.commands.isEmpty)
        fixture.pass(seconds: 1)
        try await fixture.command("on", 2, to: "urn:ngsi-ld:Device:small-tenant-0", caller: other)
        let next = await fixture.sourcing.takeUpCommands(within: shares) { underway.contains($0) }
        #expect(next.commands.map(\.command.device) == ["small-tenant-0"])
    }

    @Test func `a device that shares an entity writes no command of the other`() async throws {
        let fixture = try await pumps()
        try await fixture.provisionDevice(
            "thief",
            [
                "entity_name": .string(Self.pump),
                "attributes": [["object_id": "x", "name": "on", "type": "Text"]],
                "static_attributes": [["name": "off_status", "type": "Text", "value": "OK"]],
            ]
        )
        for id in ["x", "on_status", "off_info"] {
            let outcome = try await fixture.send(#"{"\#(id)": 1, "flow": 2}"#, from: "thief")
            #expect(
                outcome
                    == .refused(reasons: ["\(id): It is a command of the device, and no measure."])
            )
        }
        #expect(try await fixture.value("flow", of: Self.pump) == 2)
        #expect(try await fixture.value("on", of: Self.pump) == "")
        #expect(try await fixture.value("off_status", of: Self.pump) == "UNKNOWN")
        #expect(try await taken(fixture).isEmpty)
    }

    @Test func `messages of a connection for devices go to the group of their key`() async throws {
        let fixture = try await pumps()
        let name = try #require(SourceName("broker"))
        _ = try await fixture.sourcing.put(name, "devices", caller: Self.boss)
        let source = try #require(fixture.sourcing.source(SourceKey(nil, name)))
        #expect(source.kept.types.isEmpty)
        func message(_ topic: String) -> ReceivedMessage {
            ReceivedMessage(
                Array(#"{"t": 5}"#.utf8),
                topic: topic,
                receivedAt: DeviceFixture.start
            )
        }
        let outcomes = try await fixture.sourcing.receive(
            [
                message("/json/unknown-key/water001/attrs"),
                message("/json/\(DeviceFixture.key)/water001/attrs"), message("/json"),
            ],
            by: source
        )
        #expect(outcomes[1] == .stored(entities: 1))
        for place in [0, 2] {
            guard case .refused = outcomes[place] else {
                Issue.record("\(outcomes[place])")
                return
            }
        }
        #expect(try await fixture.value("t", of: Self.pump) == 5)
        // The topic that is shown has no key.
        let last = fixture.sourcing.figures(of: try fixture.group()).figures.last
        #expect(last?.topic == "water001/attrs")
        // When there is such a group, the message can be tried again.
        try await fixture.provisionGroup(key: "unknown-key")
        fixture.pass(seconds: 5)
        let result = try await fixture.sourcing.retryRefused(of: name, caller: Self.boss)
        #expect(result.stored == 0 && result.refused == 2, "the entity is another group's")
        try await fixture.sourcing.deleteDevice("water001", key: nil, caller: Self.boss)
        let again = try await fixture.sourcing.retryRefused(of: name, caller: Self.boss)
        #expect(again.stored == 1 && again.refused == 1)
    }
}
