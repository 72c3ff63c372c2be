import ContextModel
import Governance
import Storage
import StorageMemory
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
        try await fixture.sourcing.takeUpCommands(limit: 10) { _ in false }
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
        let busy = try await fixture.sourcing.takeUpCommands(limit: 10) {
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
                message("/json/unknown/water001/attrs"),
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
        try await fixture.provisionGroup(key: "unknown")
        fixture.pass(seconds: 5)
        let result = try await fixture.sourcing.retryRefused(of: name, caller: Self.boss)
        #expect(result.stored == 0 && result.refused == 2, "the entity is another group's")
        try await fixture.sourcing.deleteDevice("water001", key: nil, caller: Self.boss)
        let again = try await fixture.sourcing.retryRefused(of: name, caller: Self.boss)
        #expect(again.stored == 1 && again.refused == 1)
    }
}
