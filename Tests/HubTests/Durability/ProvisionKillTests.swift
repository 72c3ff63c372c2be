import Chance
import ContextModel
import Foundation
import NIOHTTP1
import Processes
import Testing

/// Kills the hub while groups and devices are provisioned or removed: what is there afterwards is whole.
@Suite(.serialized) struct ProvisionKillTests {
    private static let kills = 8 * Soak.factor
    private static let devices = 300
    private static let key = "4jggokgpepnvsb2uv4s40d59ov"

    private static let group: JSONValue = [
        "services": [["apikey": .string(key), "resource": "/iot/json", "entity_type": "Device"]]
    ]

    /// Devices of a type that their group does not have.
    private static let tractors: JSONValue = [
        "devices": .array(
            (0..<devices).map {
                [
                    "device_id": .string("t\($0)"), "apikey": .string(key),
                    "entity_type": "Tractor",
                ]
            }
        )
    ]

    private struct Found: Equatable {
        var groups: Int
        var devices: Int
        var types: [String]
    }

    private func found(_ hub: RealHub, _ client: HubClient) async throws -> Found {
        func count(_ path: String) async throws -> Int {
            let answer = try await client.send(.GET, path, to: hub)
            return try #require(try answer.json.objectValue?["count"]?.numberValue?.intValue)
        }
        let source = try await client.send(.GET, "/sources/v1/devices-device", to: hub)
        let types = try source.json.objectValue?["types"]?.arrayValue?.compactMap(\.stringValue)
        return Found(
            groups: try await count("/iot/services"),
            devices: try await count("/iot/devices"),
            types: (types ?? []).map { String($0.split { "/#:".contains($0) }.last ?? "") }.sorted()
        )
    }

    /// Sends the request and kills the hub at a random moment of it.
    private func killing(
        _ hub: RealHub,
        _ client: HubClient,
        after milliseconds: Int,
        _ method: HTTPMethod,
        _ path: String,
        _ body: JSONValue? = nil
    ) async throws {
        let sending = Task {
            if let body { return try await client.send(method, path, to: hub, json: body) }
            return try await client.send(method, path, to: hub)
        }
        try await Task.sleep(for: .milliseconds(milliseconds))
        await hub.kill()
        _ = await sending.result
    }

    @Test(.timeLimit(.minutes(10 * Soak.factor)))
    func `what a killed hub was provisioning is there as a whole or not at all`() async throws {
        print("seed of the kills: \(Soak.seed) (BALAI_TEST_SEED)")
        var dice = SeededGenerator(seed: Soak.seed)
        let nothing = Found(groups: 0, devices: 0, types: [])
        let empty = Found(groups: 1, devices: 0, types: ["Device"])
        let whole = Found(groups: 1, devices: Self.devices, types: ["Device", "Tractor"])
        try await HubClient.with { client in
            let folder = try TestFolder()
            for _ in 0..<Self.kills {
                var hub = try await RealHub(folder: folder)
                #expect(try await found(hub, client) == nothing)
                let made = try await client.send(.POST, "/iot/services", to: hub, json: Self.group)
                #expect(made.status == 201, "\(made.text)")
                let delay = Int.random(in: 0...120, using: &dice)
                try await killing(hub, client, after: delay, .POST, "/iot/devices", Self.tractors)
                hub = try await RealHub(folder: folder)
                let after = try await found(hub, client)
                #expect(after == empty || after == whole, "\(after)")
                if after == empty {
                    let all = try await client.send(
                        .POST,
                        "/iot/devices",
                        to: hub,
                        json: Self.tractors
                    )
                    #expect(all.status == 201, "\(all.text)")
                }
                let path = "/iot/services?apikey=\(Self.key)&resource=/iot/json"
                try await killing(
                    hub,
                    client,
                    after: Int.random(in: 0...120, using: &dice),
                    .DELETE,
                    path
                )
                hub = try await RealHub(folder: folder)
                let left = try await found(hub, client)
                #expect(left == nothing || left == whole, "\(left)")
                if left == nothing {
                    // A group of the same name has none of the earlier devices, also after another start.
                    _ = try await client.send(.POST, "/iot/services", to: hub, json: Self.group)
                    await hub.kill()
                    hub = try await RealHub(folder: folder)
                    #expect(try await found(hub, client) == empty)
                }
                let removed = try await client.send(.DELETE, path, to: hub)
                #expect(removed.status == 204, "\(removed.text)")
                #expect(await hub.stop() == .exited(0))
            }
        }
    }
}
