import ContextModel
import Governance
import Storage
import Testing

@testable import Broker

@Suite struct MeasureTests {
    private static let boss = DeviceFixture.boss
    private static let sensor = "urn:ngsi-ld:Device:temperature001"

    /// The group and the sensor of FIWARE's tutorial.
    private func tutorial(onDisk: Bool = false) async throws -> DeviceFixture {
        let fixture = try await DeviceFixture(onDisk: onDisk)
        try await fixture.provisionGroup([
            "cbroker": "http://orion:1026",
            "attributes": [
                [
                    "object_id": "bpm", "type": "Property", "name": "heartRate",
                    "metadata": ["unitCode": ["type": "Text", "value": "5K"]],
                ],
                ["object_id": "s", "name": "status", "type": "Property"],
                ["object_id": "gps", "name": "location", "type": "geo:point"],
            ],
            "static_attributes": [
                ["name": "category", "type": "Property", "value": "sensor"]
            ],
        ])
        try await fixture.provisionDevice(
            "temperature001",
            [
                "entity_name": .string(Self.sensor), "entity_type": "Device",
                "timezone": "Europe/Berlin",
                "attributes": [
                    [
                        "object_id": "t", "name": "temperature", "type": "Number",
                        "metadata": ["unitCode": ["type": "Text", "value": "CEL"]],
                    ]
                ],
                "static_attributes": [
                    [
                        "name": "controlledAsset", "type": "Relationship",
                        "value": "urn:ngsi-ld:Building:barn001",
                    ]
                ],
            ]
        )
        return fixture
    }

    @Test(arguments: [false, true])
    func `a measure becomes an attribute with the static ones`(onDisk: Bool) async throws {
        let fixture = try await tutorial(onDisk: onDisk)
        let outcome = try await fixture.send(#"{"t": "3", "bpm": 80}"#, from: "temperature001")
        #expect(outcome == .stored(entities: 1))
        let entity = try await fixture.entity(Self.sensor)
        let at = JSONValue.string(DeviceFixture.start.text)
        #expect(
            entity["temperature"]
                == ["type": "Property", "value": 3, "unitCode": "CEL", "observedAt": at]
        )
        #expect(entity["heartRate"]?.objectValue?["unitCode"] == "5K")
        #expect(
            entity["controlledAsset"]
                == ["type": "Relationship", "object": "urn:ngsi-ld:Building:barn001"]
        )
        // What stays the same is not written again.
        fixture.pass(seconds: 10)
        try await fixture.send(#"{"t": 4}"#, from: "temperature001")
        #expect(try await fixture.subscriptions.past("category", of: Self.sensor) == ["sensor"])
        #expect(try await fixture.subscriptions.past("temperature", of: Self.sensor) == [3, 4])
    }

    @Test func `static attributes are written where there are none, and when a device is changed`()
        async throws
    {
        let fixture = try await tutorial()
        try await fixture.send(#"{"t": 3}"#, from: "temperature001")
        // Somebody knows better, and the device goes on to measure.
        try await fixture.command("category", "thermometer", to: Self.sensor)
        fixture.pass(seconds: 10)
        try await fixture.send(#"[{"t": 4}, {"t": 5}]"#, from: "temperature001")
        #expect(try await fixture.value("category", of: Self.sensor) == "thermometer")
        try await fixture.hub.writing.deleteAttribute(
            "category",
            of: EntityID(Self.sensor),
            datasetID: nil,
            all: false,
            ld: .core,
            caller: Self.boss
        )
        fixture.pass(seconds: 10)
        try await fixture.send(#"{"t": 6}"#, from: "temperature001")
        #expect(try await fixture.value("category", of: Self.sensor) == "sensor")
        let changed: JSONValue = [
            "static_attributes": [["name": "category", "type": "Text", "value": "probe"]]
        ]
        try await fixture.sourcing.changeDevice(
            "temperature001",
            key: nil,
            by: changed,
            caller: Self.boss
        )
        #expect(try await fixture.value("category", of: Self.sensor) == "probe")
    }

    @Test func `a device that nobody provisioned is as its group says`() async throws {
        let fixture = try await tutorial()
        try await fixture.send(#"{"c": 1, "gps": "13.4,52.5", "id": "x"}"#, from: "motion003")
        let entity = try await fixture.entity("urn:ngsi-ld:Device:motion003")
        #expect(entity["c"]?.objectValue?["value"] == 1)
        #expect(entity["measure_id"]?.objectValue?["value"] == "x")
        #expect(entity["category"]?.objectValue?["value"] == "sensor")
        #expect(
            entity["location"]?.objectValue?["value"]
                == ["type": "Point", "coordinates": [13.4, 52.5]]
        )
        // Names that are no part of a URN are percent-encoded.
        try await fixture.send(#"{"c": 1}"#, from: "pump 1:a")
        #expect(try await fixture.value("c", of: "urn:ngsi-ld:Device:pump%201%3Aa") == 1)
    }

    @Test func `the time is that of the measure, else of the message, else of its receipt`()
        async throws
    {
        let fixture = try await tutorial()
        func observedAt() async throws -> JSONValue? {
            try await fixture.entity(Self.sensor)["temperature"]?.objectValue?["observedAt"]
        }
        fixture.pass(seconds: 60)
        try await fixture.send(
            #"{"t": 1, "TimeInstant": "2026-05-01T10:00:10+02:00"}"#,
            from: "temperature001",
            time: "2026-05-01T08:00:05Z"
        )
        #expect(try await observedAt() == "2026-05-01T08:00:10Z")
        try await fixture.send(#"{"t": 2}"#, from: "temperature001", time: "2026-05-01T08:00:20Z")
        #expect(try await observedAt() == "2026-05-01T08:00:20Z")
        try await fixture.send(#"{"t": 3}"#, from: "temperature001")
        #expect(try await observedAt() == "2026-05-01T08:01:00Z")
        // A late one is history alone.
        try await fixture.send(#"{"t": 9}"#, from: "temperature001", time: "2026-05-01T07:00:00Z")
        #expect(try await fixture.value("temperature", of: Self.sensor) == 3)
        let wrong = try await fixture.send(#"{"t": 9}"#, from: "temperature001", time: "soon")
        #expect(
            wrong
                == .refused(reasons: [
                    "TimeInstant: `soon` is not a time like 2026-01-31T08:30:00Z."
                ])
        )
    }

    @Test func `without timestamps, a measure has no time`() async throws {
        let fixture = try await tutorial()
        try await fixture.provisionDevice("plain", ["timestamp": false])
        try await fixture.send(#"{"c": 1}"#, from: "plain")
        let entity = try await fixture.entity("urn:ngsi-ld:Device:plain")
        #expect(entity["c"] == ["type": "Property", "value": 1])
    }

    @Test func `several measures of one message all become history`() async throws {
        let fixture = try await tutorial()
        let list = (1...3).map { #"{"t": \#($0), "TimeInstant": "2026-05-01T07:0\#($0):00Z"}"# }
        try await fixture.send("[\(list.joined(separator: ","))]", from: "temperature001")
        try await fixture.send(
            #"[{"timestamp": "2026-05-01T07:10:00Z", "value": 4}, {"timestamp": "2026-05-01T07:11:00Z", "value": 5}]"#,
            from: "temperature001",
            .measure("t")
        )
        try await fixture.send("6", from: "temperature001", .measure("t"))
        let past = try await fixture.subscriptions.past("temperature", of: Self.sensor)
        #expect(past == [1, 2, 3, 4, 5, 6])
        // Bytes that are no JSON are kept as hexadecimal digits.
        try await fixture.send("hello", from: "temperature001", .measure("attrHex"))
        #expect(try await fixture.value("attrHex", of: Self.sensor) == "68656c6c6f")
    }

    @Test(arguments: [
        (#"{"t": "warm", "bpm": 80}"#, "t: \"warm\" is not a number."),
        (
            #"{"bpm": 80, "a b": 1}"#,
            "a b: It is not the name of an attribute; provision one for it."
        ),
        (
            #"{"bpm": 80, "scope": 1}"#,
            "scope: It is not the name of an attribute; provision one for it."
        ),
        (#"{"bpm": 80, "gps": "north"}"#, "gps: `north` is not a number of degrees."),
        (#"[{"bpm": 80}, 7]"#, "Measure 2: Measures are an object, not 7."),
        (#"[{"bpm": 80}, {"t": "x"}]"#, "Measure 2: t: \"x\" is not a number."),
    ])
    func `what cannot be used is refused with its name, and the rest is stored`(
        body: String,
        reason: String
    ) async throws {
        let fixture = try await tutorial()
        #expect(
            try await fixture.send(body, from: "temperature001") == .refused(reasons: [reason])
        )
        #expect(try await fixture.value("heartRate", of: Self.sensor) == 80)
        let kept = try await fixture.sourcing.refusedMessages(
            of: try fixture.group().key.name,
            limit: 9,
            caller: Self.boss
        )
        #expect(kept.messages.map(\.reasons) == [[reason]])
        #expect(kept.messages[0].message.topic == "temperature001/attrs")
    }

    @Test(arguments: ["", "no JSON", "{", "7", "null", "[]", "{}"])
    func `a message without measures changes nothing`(body: String) async throws {
        let fixture = try await tutorial()
        let outcome = try await fixture.send(body, from: "temperature001")
        if body != "[]" {
            guard case .refused = outcome else {
                Issue.record("\(body): \(outcome)")
                return
            }
        }
        await #expect(throws: BrokerError(.resourceNotFound, "")) {
            _ = try await fixture.entity(Self.sensor)
        }
    }

    @Test func `a refused message is stored when the device is provisioned as it needs`()
        async throws
    {
        let fixture = try await tutorial()
        try await fixture.send(#"{"n o": 5}"#, from: "temperature001")
        try await fixture.sourcing.changeDevice(
            "temperature001",
            key: nil,
            by: ["attributes": [["object_id": "n o", "name": "nitrogen", "type": "Number"]]],
            caller: Self.boss
        )
        fixture.pass(seconds: 100)
        let result = try await fixture.sourcing.retryRefused(
            of: try fixture.group().key.name,
            caller: Self.boss
        )
        #expect(result.stored == 1 && result.refused == 0)
        let nitrogen = try await fixture.entity(Self.sensor)["nitrogen"]?.objectValue
        #expect(nitrogen?["value"] == 5)
        #expect(nitrogen?["observedAt"] == .string(DeviceFixture.start.text))
    }

    @Test func `a group takes only what it is provisioned for, where it says so`() async throws {
        let fixture = try await DeviceFixture()
        try await fixture.provisionGroup([
            "autoprovision": false, "explicitAttrs": true,
            "attributes": [["object_id": "t", "name": "temperature"]],
        ])
        try await fixture.provisionDevice("a")
        try await fixture.send(#"{"t": 1, "other": 2}"#, from: "a")
        let entity = try await fixture.entity("urn:ngsi-ld:Device:a")
        #expect(entity["temperature"] != nil && entity["other"] == nil)
        guard case .refused = try await fixture.send(#"{"t": 1}"#, from: "stranger") else {
            Issue.record("a device that is not provisioned is refused")
            return
        }
        let source = try fixture.group()
        #expect(fixture.sourcing.admits(device: "a", of: source))
        #expect(!fixture.sourcing.admits(device: "stranger", of: source))
    }

    @Test func `a key gives nothing beyond its group`() async throws {
        let fixture = try await tutorial()
        try await fixture.provisionGroup(["entity_type": "Device"], key: "second-key")
        try await fixture.provisionGroup(["entity_type": "Tree"], key: "trees-key")
        try await fixture.send(#"{"t": 1}"#, from: "temperature001")
        // A device of another group with the same name would have the same entity.
        for key in ["second-key"] {
            guard
                case .refused(let reasons) = try await fixture.send(
                    #"{"temperature": 99}"#,
                    from: "temperature001",
                    key: key
                )
            else {
                Issue.record("the entity is that of another group's device")
                return
            }
            #expect(reasons[0].contains("a device with another name"))
        }
        #expect(try await fixture.value("temperature", of: Self.sensor) == 1)
        // A name that is the URI of an entity is a name like others.
        let shown = Self.sensor
        try await fixture.send(#"{"temperature": 99}"#, from: shown, key: "second-key")
        #expect(try await fixture.value("temperature", of: Self.sensor) == 1)
        // What the administrator provisions wrongly fails by the grant all the same.
        let shop: JSONValue = ["id": "urn:x:shop", "type": "Shop", "open": true]
        try await fixture.subscriptions.make(shop)
        try await fixture.sourcing.createDevices(
            [["device_id": "thief", "apikey": "trees-key", "entity_name": "urn:x:shop"]],
            path: nil,
            caller: Self.boss
        )
        guard
            case .refused = try await fixture.send(
                #"{"open": false}"#,
                from: "thief",
                key: "trees-key"
            )
        else {
            Issue.record("the group may write trees alone")
            return
        }
        #expect(try await fixture.value("open", of: "urn:x:shop") == true)
    }

    @Test(
        arguments: [
            ("/json/KEY/dev/attrs", "dev/attrs"), ("json/KEY/dev/attrs/t", "dev/attrs/t"),
            ("/json/KEY/dev/cmdexe", "dev/cmdexe"), ("/json/KEY/dev/attrs/a/b", "dev/attrs/a/b"),
            ("/json/KEY/dev", nil), ("/ul/KEY/dev/attrs", nil), ("/json/KEY/dev/other", nil),
            ("/json/KEY//attrs", nil), ("/json/KEY/dev/attrs/", nil), ("", nil), ("/", nil),
            ("/json/KEY/dev/attrs?t=2026-05-01T08:00:00Z", nil),
        ] as [(String, String?)]
    )
    func `a topic names a key, a device and what it sends`(topic: String, address: String?) {
        let parsed = MeasureAddress.parse(topic: topic)
        #expect(parsed?.address.text == address)
        if address != nil { #expect(parsed?.key == "KEY") }
    }
}
