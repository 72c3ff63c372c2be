import ContextModel
import Foundation
import Testing

@testable import Collect

/// The messages of ThingsBoard's gateway, with the map that is shipped for them.
@Suite struct ThingsBoardMessageTests {
    private func map(_ message: String, topic: String?) throws -> MappedMessage {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../../examples/sources/thingsboard-gateway.source.yaml")
        let text = try String(contentsOf: file.standardized, encoding: .utf8)
        let source = try SourceDefinition(text, name: "thingsboard")
        return try SourceMapper(source).map(
            SourceMessage(
                Array(message.utf8),
                topic: topic,
                receivedAt: Timestamp(microseconds: 1_777_622_400_000_000)
            )
        )
    }

    private func property(_ value: JSONValue, _ at: String) -> JSONValue {
        ["type": "Property", "value": value, "observedAt": .string(at)]
    }

    @Test func `telemetry of a gateway has several devices, and each several readings`() throws {
        let mapped = try map(
            """
            {"Device A": [{"ts": 1777622400000, "values": {"temperature": 42, "humidity": 80}},
                          {"ts": 1777622401000, "values": {"temperature": 43}}],
             "Device B": [{"ts": 1777622402500, "values": {"on": true}}]}
            """,
            topic: "v1/gateway/telemetry"
        )
        #expect(mapped.refusals.isEmpty)
        #expect(
            mapped.entities == [
                [
                    "id": "urn:ngsi-ld:Device:Device%20A", "type": "Device",
                    "temperature": property(42, "2026-05-01T08:00:00Z"),
                    "humidity": property(80, "2026-05-01T08:00:00Z"),
                ],
                [
                    "id": "urn:ngsi-ld:Device:Device%20A", "type": "Device",
                    "temperature": property(43, "2026-05-01T08:00:01Z"),
                ],
                [
                    "id": "urn:ngsi-ld:Device:Device%20B", "type": "Device",
                    "on": property(true, "2026-05-01T08:00:02.500Z"),
                ],
            ]
        )
    }

    @Test(arguments: [
        ("v1/devices/me/rpc/request/1", #"{"method": "getSessionLimits"}"#, true),
        ("v1/devices/me/rpc/request/+", #"{"method": "getSessionLimits"}"#, false),
        ("v1/devices/me/rpc/request/1/2", #"{"method": "getSessionLimits"}"#, false),
        ("v1/devices/me/rpc/request/", #"{"method": "getSessionLimits"}"#, false),
        ("v1/devices/me/rpc/request/1", #"{"method": "reboot"}"#, false),
        ("v1/devices/me/rpc/request/1", "[", false),
        ("v1/devices/me/telemetry", #"{"method": "getSessionLimits"}"#, false),
    ])
    func `a question for limits is answered`(topic: String, body: String, isAnswered: Bool) {
        let answer = ThingsBoardQuestion.answer(
            to: Array(body.utf8),
            topic: topic,
            maximumBytes: 1_024
        )
        #expect((answer != nil) == isAnswered)
        guard let answer else { return }
        #expect(answer.topic == "v1/devices/me/rpc/response/1")
        let json = try? JSONReader.read(answer.body).objectValue
        #expect(json?["maxPayloadSize"] == 1_024 && json?["rateLimits"] == [:])
    }

    @Test func `a device whose content is wrong costs the others nothing`() throws {
        let mapped = try map(#"{"A": 5, "B": {"t": 1}}"#, topic: "v1/gateway/telemetry")
        #expect(mapped.entities.map { $0.objectValue?["id"] } == ["urn:ngsi-ld:Device:B"])
        #expect(mapped.refusals == ["A: 5 is no reading."])
    }

    @Test func `what has no time has that of its receipt`() throws {
        let received = "2026-05-01T08:00:00Z"
        let telemetry = try map(#"{"A": [{"t": 1}, {"t": 2}]}"#, topic: "v1/gateway/telemetry")
        #expect(telemetry.entities.count == 2)
        #expect(telemetry.entities[1].objectValue?["t"] == property(2, received))
        let attributes = try map(#"{"A": {"firmware": "1.2"}}"#, topic: "/v1/gateway/attributes")
        #expect(attributes.entities.first?.objectValue?["firmware"] == property("1.2", received))
    }

    @Test(arguments: [("connect", true), ("disconnect", false)])
    func `a device that comes or goes says so`(word: String, isThere: Bool) throws {
        let mapped = try map(
            #"{"device": "Device A", "type": "Modbus"}"#,
            topic: "v1/gateway/\(word)"
        )
        let entity = mapped.entities.first?.objectValue
        #expect(entity?["id"] == "urn:ngsi-ld:Device:Device%20A")
        #expect(entity?["connected"]?.objectValue?["value"] == .bool(isThere))
        #expect(entity?["deviceType"]?.objectValue?["value"] == "Modbus")
    }

    @Test func `a device's own telemetry is read by a map with a name for it`() throws {
        let definition = """
            format: thingsboard
            mqtt: {broker: "mqtt://localhost", topics: [v1/devices/me/telemetry]}
            every: {object: $.values}
            map:
              type: Device
              id: "urn:ngsi-ld:Device:boiler"
              time: {column: ts, format: epochMilliseconds}
              attributes: {}
            """
        let mapper = try SourceMapper(SourceDefinition(definition, name: "x"))
        for (body, count) in [
            (#"{"t": 1}"#, 1), (#"[{"t": 1}, {"ts": 1777622401000, "values": {"t": 2}}]"#, 2),
        ] {
            let mapped = mapper.map(
                SourceMessage(
                    Array(body.utf8),
                    topic: "v1/devices/me/telemetry",
                    receivedAt: Timestamp(microseconds: 1_777_622_400_000_000)
                )
            )
            #expect(mapped.entities.count == count && mapped.refusals.isEmpty)
        }
    }

    @Test(arguments: [
        ("v1/gateway/rpc", "{}", "is no topic of readings"),
        ("v1/gateway/telemetry", "[]", "an object with the names of devices"),
        ("v1/gateway/telemetry", #"{"A": 7}"#, "A: 7 is no reading"),
        ("v1/gateway/telemetry", #"{"A": [{"ts": 1, "values": 7}]}"#, "`values` is an object"),
        ("v1/gateway/connect", "{}", "no `device`"),
        ("v1/gateway/telemetry", #"{"A": [{"ts": "soon", "values": {"t": 1}}]}"#, "not a time"),
        ("v1/gateway/telemetry", "{", "not JSON"),
    ])
    func `what is no reading is refused with the reason`(
        topic: String,
        message: String,
        reason: String
    ) throws {
        let mapped = try map(message, topic: topic)
        #expect(mapped.entities.isEmpty)
        #expect(mapped.refusals.first?.contains(reason) == true, "\(mapped.refusals)")
    }
}
