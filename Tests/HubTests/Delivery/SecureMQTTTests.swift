import ContextModel
import NIOHTTP1
import Processes
import Testing

/// Notifications over MQTT with TLS (`mqtts`), where the broker needs a valid certificate.
@Suite(.timeLimit(.minutes(5))) struct SecureMQTTTests {
    @Test func `a broker with a valid certificate gets the notification`() async throws {
        let folder = try TestFolder()
        let certificates = try await Certificates(folder, for: "localhost")
        let broker = try await SecureBroker(folder, certificates)
        try await HubClient.with { client in
            let hub = try await RealHub(folder: folder, settings: certificates.trusted)
            try await subscribe("mqtts://localhost:\(broker.port)/city/stops", at: hub, client)
            try await create(at: hub, client)
            #expect(await broker.receives("city/stops"))
            #expect(try await delivery(at: hub, client, "timesSent")["timesFailed"] == nil)
            #expect(await hub.stop() == .exited(0))
        }
    }

    @Test(arguments: [true, false])
    func `a broker without a certificate, or with another name, gets nothing`(
        isTrusted: Bool
    ) async throws {
        let folder = try TestFolder()
        let name = isTrusted ? "broker.example" : "localhost"
        let certificates = try await Certificates(folder, for: name)
        let broker = try await SecureBroker(folder, certificates)
        try await HubClient.with { client in
            let settings = isTrusted ? certificates.trusted : [:]
            let hub = try await RealHub(folder: folder, settings: settings)
            try await subscribe("mqtts://localhost:\(broker.port)/city/stops", at: hub, client)
            try await create(at: hub, client)
            let told = try await delivery(at: hub, client, "lastFailure")
            #expect(told["lastSuccess"] == nil)
            #expect(await hub.stop() == .exited(0))
        }
        #expect(await broker.ends(having: "PUBLISH") == false)
    }

    private static let subscription = "urn:ngsi-ld:Subscription:tls"

    private func subscribe(
        _ uri: String,
        at hub: RealHub,
        _ client: HubClient
    ) async throws {
        let body: JSONValue = [
            "id": .string(Self.subscription), "type": "Subscription",
            "entities": [["type": "Stop"]],
            "notification": [
                "endpoint": [
                    "uri": .string(uri), "notifierInfo": [["key": "MQTT-QoS", "value": "1"]],
                ]
            ],
        ]
        let answer = try await client.send(.POST, "/ngsi-ld/v1/subscriptions", to: hub, json: body)
        #expect(answer.status == 201, "\(answer.text)")
    }

    private func create(at hub: RealHub, _ client: HubClient) async throws {
        let body: JSONValue = ["id": "urn:ngsi-ld:Stop:1", "type": "Stop", "name": "North"]
        let answer = try await client.send(.POST, "/ngsi-ld/v1/entities", to: hub, json: body)
        #expect(answer.status == 201, "\(answer.text)")
    }

    /// The counts of the subscription, when they have the member.
    private func delivery(
        at hub: RealHub,
        _ client: HubClient,
        _ member: String
    ) async throws -> JSONObject {
        while true {
            let path = "/ngsi-ld/v1/subscriptions/\(Self.subscription)"
            let answer = try await client.send(.GET, path, to: hub).json.objectValue
            let told = answer?["notification"]?.objectValue
            if let told, told[member] != nil { return told }
            try Task.checkCancellation()
        }
    }
}
