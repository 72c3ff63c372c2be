import ContextModel
import Testing

@testable import Broker

struct MQTTEndpointTests {
    @Test func `a URI names broker, user and topic`() throws {
        let endpoint = try #require(
            MQTTEndpoint(uri: "mqtts://bus:p%40s:s@Broker.example:99/city/north", version: .v311)
        )
        #expect(endpoint.broker.host == "broker.example")
        #expect(endpoint.broker.port == 99)
        #expect(endpoint.broker.isSecure)
        #expect(endpoint.broker.user == "bus")
        #expect(endpoint.broker.password == "p@s:s")
        #expect(endpoint.topic == "city/north")
    }

    @Test(arguments: [
        ("mqtt://h/t", "h", 1_883), ("mqtts://h/t", "h", 8_883), ("MQTT://[::1]:5/t", "::1", 5),
    ])
    func `a missing port is the protocol's default`(
        uri: String,
        host: String,
        port: Int
    ) throws {
        let broker = try #require(MQTTEndpoint(uri: uri)).broker
        #expect(broker.host == host)
        #expect(broker.port == port)
    }

    @Test(arguments: [
        "http://h/t", "mqtt:h/t", "mqtt://h", "mqtt://h/", "mqtt://h/a/+", "mqtt://h/a/#",
        "mqtt://h:0/t", "mqtt://:1/t", "mqtt://:p@h/t", "mqtt://h:x/t", "mqtt://h/%00",
    ])
    func `a URI without a topic is refused`(uri: String) {
        #expect(MQTTEndpoint(uri: uri) == nil)
    }

    private func endpoint(_ members: JSONObject) throws -> NotificationEndpoint {
        let body: JSONObject = [
            "type": "Subscription", "entities": [["type": "Bus"]],
            "notification": ["endpoint": .object(members)],
        ]
        return try SubscriptionReader(context: .core).subscription(body, id: "urn:s")
            .notification.endpoint
    }

    @Test func `notifierInfo has the version and quality of service`() throws {
        let standard = try endpoint(["uri": "mqtt://h/t"]).mqtt
        #expect(standard?.broker.version == .v5)
        #expect(standard?.qualityOfService == 0)
        let chosen = try endpoint([
            "uri": "mqtt://h/t",
            "notifierInfo": [
                ["key": "MQTT-Version", "value": "mqtt3.1.1"],
                ["key": "MQTT-QoS", "value": "2"],
            ],
        ]).mqtt
        #expect(chosen?.broker.version == .v311)
        #expect(chosen?.qualityOfService == 2)
    }

    @Test(arguments: [("MQTT-Version", "mqtt3"), ("MQTT-QoS", "3"), ("MQTT-QoS", "one")])
    func `an unknown version or quality of service is refused`(
        key: String,
        value: String
    ) {
        #expect(throws: BrokerError(.badRequestData, "")) {
            try endpoint([
                "uri": "mqtt://h/t",
                "notifierInfo": [["key": .string(key), "value": .string(value)]],
            ])
        }
    }

    @Test func `a refused URI is quoted without its password, and no log has it`() throws {
        let error = #expect(throws: BrokerError.self) {
            try endpoint(["uri": "mqtt://bus:secret@h/a/+"])
        }
        #expect(error?.detail.contains("secret") == false)
        #expect(try endpoint(["uri": "mqtt://bus:secret@h/t"]).authority == "mqtt://h")
    }
}
