import ContextModel
import Foundation
import NIOHTTP1
import Processes
import Testing

/// What other brokers have comes into a hub: by notifications, and as a copy of all.
@Suite(.timeLimit(.minutes(3))) struct OtherBrokerTests {
    private static let script = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "ngsiv2_broker.py").standardized.path

    /// Runs `balai import ngsild --from`; returns how it ended, and what it said.
    private func copy(
        from: String,
        to hub: RealHub,
        _ folder: TestFolder,
        _ more: [String] = []
    ) async throws -> (ending: ChildProcess.Ending, lines: [String]) {
        let command = try ChildProcess(
            ["import", "ngsild", "--from", from, "--hub", hub.url, "--token", "none"] + more,
            environment: ["XDG_STATE_HOME": folder.path + "/state"],
            log: folder.path + "/copy.log"
        )
        var lines: [String] = []
        while let line = command.readLine() { lines.append(line) }
        return (await command.ended(), lines)
    }

    private func entity(
        _ id: String,
        at hub: RealHub,
        _ client: HubClient
    ) async throws -> JSONObject? {
        let path = "/ngsi-ld/v1/entities/\(id)?format=simplified"
        let answer = try await client.send(.GET, path, to: hub)
        return answer.isGood ? try answer.json.objectValue : nil
    }

    @Test func `a hub is copied with its history and subscriptions, and again without change`()
        async throws
    {
        let (here, there) = (try TestFolder(), try TestFolder())
        try await HubClient.with { client in
            let old = try await RealHub(folder: there)
            let new = try await RealHub(folder: here)
            let wells: [JSONValue] = (0..<250).map { number in
                [
                    "id": .string("urn:ngsi-ld:Well:\(number)"), "type": "Well",
                    "level": [
                        "type": "Property", "value": .number(JSONNumber(number)),
                        "observedAt": "2026-05-01T08:00:00Z",
                    ],
                ]
            }
            try await client.create(wells, at: old)
            try await client.create(
                [["id": "urn:x:tree", "type": "https://example.org/Tree", "name": "oak"]],
                at: old
            )
            let reading: JSONValue = [
                "type": "Property", "value": 9, "observedAt": "2026-05-01T09:00:00Z",
            ]
            let changed = try await client.send(
                .PATCH,
                "/ngsi-ld/v1/entities/urn:ngsi-ld:Well:7/attrs/level",
                to: old,
                headers: [("Content-Type", "application/json")],
                body: reading.serialized
            )
            #expect(changed.isGood)
            let subscription: JSONValue = [
                "id": "urn:ngsi-ld:Subscription:wells", "type": "Subscription",
                "entities": [["type": "Well"]],
                "notification": ["endpoint": ["uri": "http://127.0.0.1:9/none"]],
            ]
            let subscribed = try await client.send(
                .POST,
                "/ngsi-ld/v1/subscriptions",
                to: old,
                headers: [("Content-Type", "application/json")],
                body: subscription.serialized
            )
            #expect(subscribed.status == 201, "\(subscribed.text)")
            let (ending, lines) = try await copy(from: old.url, to: new, here)
            #expect(ending == .exited(0), "\(lines)")
            #expect(lines.contains("Well: 250 entities there, 250 here"), "\(lines)")
            #expect(lines.contains("https://example.org/Tree: 1 entities there, 1 here"))
            #expect(lines.contains("history: 251 readings there, 251 here"), "\(lines)")
            #expect(lines.contains("subscriptions: 1 copied, paused, 0 there already"))
            #expect(try await entity("urn:ngsi-ld:Well:7", at: new, client)?["level"] == 9)
            let history = try await client.send(
                .GET,
                "/ngsi-ld/v1/temporal/entities/urn:ngsi-ld:Well:7?attrs=level&timerel=after"
                    + "&timeAt=2026-01-01T00:00:00Z&options=temporalValues",
                to: new
            ).json.objectValue
            let values = history?["level"]?.objectValue?["values"]?.arrayValue
            #expect(values?.count == 2, "\(history?.members.map(\.key) ?? [])")
            let copied = try await client.send(
                .GET,
                "/ngsi-ld/v1/subscriptions/urn:ngsi-ld:Subscription:wells",
                to: new
            ).json.objectValue
            #expect(copied?["isActive"] == false)
            let again = try await copy(from: old.url, to: new, here)
            #expect(again.ending == .exited(0))
            #expect(again.lines.contains("subscriptions: 0 copied, paused, 1 there already"))
            #expect(again.lines.contains("Well: 250 entities there, 250 here"))
            #expect(await old.stop() == .exited(0))
            #expect(await new.stop() == .exited(0))
        }
    }

    @Test func `a broker of NGSIv2 is copied, and an interrupted copy goes on`() async throws {
        let folder = try TestFolder()
        let broker = try ChildProcess(
            program: "/usr/bin/python3",
            [Self.script, "breaks"],
            log: folder.path + "/broker.log"
        )
        let line = try #require(await broker.line(with: "port "), "\(broker.errors)")
        let port = try #require(line.split(separator: " ").last)
        try await HubClient.with { client in
            let hub = try await RealHub(folder: folder)
            let service = ["--from-tenant", "city"]
            let from = "http://127.0.0.1:\(port)"
            let broken = try await copy(from: from, to: hub, folder, service)
            #expect(broken.ending == .exited(69), "\(broken.lines)")
            #expect(try await entity("urn:ngsi-ld:Room:Room0", at: hub, client) == nil)
            let (ending, lines) = try await copy(from: from, to: hub, folder, service)
            // One attribute is no time.
            #expect(ending == .exited(1), "\(lines)")
            #expect(lines.contains { $0.contains("Sensor:2', wrong:") }, "\(lines)")
            #expect(lines.contains("Room: 150 entities there, 150 here"), "\(lines)")
            #expect(lines.contains("Sensor: 2 entities there, 2 here"))
            #expect(lines.contains("history: the broker has none that can be read"))
            #expect(lines.contains("subscriptions: 1 copied, paused, 0 there already"))
            let room = try await entity("urn:ngsi-ld:Room:Room149", at: hub, client)
            #expect(room?["temperature"] == 149)
            #expect(
                room?["location"] == ["type": "Point", "coordinates": [13.4, 52.5]]
            )
            #expect(try await entity("urn:ngsi-ld:Sensor:1", at: hub, client)?["level"] == 7)
            #expect(await hub.stop() == .exited(0))
        }
        broker.send(SIGKILL)
        _ = await broker.ended()
        var firstPages = 0
        while let line = broker.readLine() {
            let isFirst = line.hasPrefix("/v2/entities?type=Room&limit=100&offset=0")
            firstPages += isFirst ? 1 : 0
        }
        #expect(firstPages <= 1, "what was read is not read again")
    }

    @Test func `a subscription of one hub feeds another, with the names of its context`()
        async throws
    {
        let (here, there) = (try TestFolder(), try TestFolder())
        let secret = "secret-of-the-notifications"
        try await HubClient.with { client in
            let sender = try await RealHub(folder: there)
            let receiver = try await RealHub(
                folder: here,
                settings: ["BALAI_SOURCE_OTHER": secret]
            )
            let definition = """
                format: ngsi
                webhook: {bearer: {variable: BALAI_SOURCE_OTHER}}
                types: [Well, "https://example.org/Tree"]
                """
            let made = try await client.send(
                .PUT,
                "/sources/v1/other",
                to: receiver,
                headers: [("Content-Type", "application/yaml")],
                body: Array(definition.utf8)
            )
            #expect(made.status == 201, "\(made.text)")
            for type in ["Well", "https://example.org/Tree"] {
                let subscription: JSONValue = [
                    "type": "Subscription", "entities": [["type": .string(type)]],
                    "notification": [
                        "endpoint": [
                            "uri": .string(receiver.url + "/sources/other"),
                            "receiverInfo": [
                                ["key": "Authorization", "value": .string("Bearer " + secret)]
                            ],
                        ]
                    ],
                ]
                let answer = try await client.send(
                    .POST,
                    "/ngsi-ld/v1/subscriptions",
                    to: sender,
                    headers: [("Content-Type", "application/json")],
                    body: subscription.serialized
                )
                #expect(answer.status == 201, "\(answer.text)")
            }
            try await client.create(
                [
                    ["id": "urn:x:well", "type": "Well", "level": 5],
                    ["id": "urn:x:oak", "type": "https://example.org/Tree", "height": 5],
                ],
                at: sender
            )
            for id in ["urn:x:well", "urn:x:oak"] {
                #expect(try await arrives(id, at: receiver, client), "\(id)")
            }
            #expect(try await entity("urn:x:well", at: receiver, client)?["level"] == 5)
            let shown = try await client.send(.GET, "/sources/v1/other", to: receiver)
            #expect(shown.isGood && !shown.text.contains(secret))
            #expect(await sender.stop() == .exited(0))
            #expect(await receiver.stop() == .exited(0))
        }
    }

    private func arrives(
        _ id: String,
        at hub: RealHub,
        _ client: HubClient
    ) async throws -> Bool {
        for _ in 0..<300 {
            if try await entity(id, at: hub, client) != nil { return true }
            try await Task.sleep(for: .milliseconds(100))
        }
        return false
    }
}
