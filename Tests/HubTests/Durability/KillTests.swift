import Chance
import ContextModel
import Foundation
import NIOHTTP1
import Synchronization
import Testing

/// The hub is killed again and again while clients write, a receiver is notified and an import runs.
@Suite(.serialized) struct KillTests {
    private static let lanes = 6
    private static let kills = 100 * Soak.factor

    @Test(.timeLimit(.minutes(10 * Soak.factor)))
    func `a hub killed a hundred times loses nothing it acknowledged and does nothing by halves`()
        async throws
    {
        print("seed of the kills: \(Soak.seed) (BALAI_TEST_SEED)")
        let receiver = try await NotificationReceiver()
        try await HubClient.with { client in
            var run = try KillRun(client: client, lanes: Self.lanes, seed: Soak.seed)
            try await run.subscribe(receiver)
            for _ in 0..<Self.kills { try await run.crash() }
            try await run.checkWhole(receiver)
        }
        try await receiver.close()
    }
}

/// The course of the test.
private struct KillRun {
    let client: HubClient
    let folder: TestFolder
    let seed: UInt64
    let imported: ImportedFile
    var lanes: [Lane]
    var dice: SeededGenerator

    static let subscriptions = ["urn:ngsi-ld:Subscription:one", "urn:ngsi-ld:Subscription:two"]

    init(client: HubClient, lanes: Int, seed: UInt64) throws {
        self.client = client
        self.seed = seed
        folder = try TestFolder()
        imported = try ImportedFile(folder: folder)
        self.lanes = (0..<lanes).map { Lane(number: $0, seed: seed) }
        dice = SeededGenerator(seed: seed)
    }

    func subscribe(_ receiver: NotificationReceiver) async throws {
        let hub = try await RealHub(folder: folder)
        for id in Self.subscriptions {
            let answer = try await client.send(
                .POST,
                "/ngsi-ld/v1/subscriptions",
                to: hub,
                json: [
                    "id": .string(id), "type": "Subscription",
                    "entities": [["type": .string(LaneModel.type)]],
                    "watchedAttributes": ["value"],
                    "notification": [
                        "format": "simplified", "endpoint": ["uri": .string(receiver.url)],
                    ],
                ]
            )
            #expect(answer.status == 201, "\(answer.text)")
        }
        await hub.kill()
    }

    /// Starts the hub, checks what the last crash left, loads it, and kills it at a random moment.
    mutating func crash() async throws {
        let hub = try await RealHub(folder: folder)
        try await check(hub)
        let importing = try imported.startImport(into: hub)
        let countdown = Countdown(Int.random(in: 1...200, using: &dice)) {
            hub.process.send(SIGKILL)
        }
        let client = client
        lanes = await withTaskGroup(of: (Int, Lane).self) { group in
            for (index, lane) in lanes.enumerated() {
                group.addTask {
                    var lane = lane
                    await lane.load(hub, client) { countdown.tick() }
                    return (index, lane)
                }
            }
            return await group.reduce(into: lanes) { $0[$1.0] = $1.1 }
        }
        #expect(await hub.process.ended() == .killed(by: SIGKILL))
        importing.send(SIGKILL)
        _ = await importing.ended()
    }

    private mutating func check(_ hub: RealHub, everything: Bool = false) async throws {
        let stored = StoredState(hub: hub, client: client)
        for index in lanes.indices {
            try await lanes[index].check(stored, everything: everything)
        }
    }

    /// After the last crash: every entity, all that was imported, every notification.
    mutating func checkWhole(_ receiver: NotificationReceiver) async throws {
        let hub = try await RealHub(folder: folder)
        try await check(hub, everything: true)
        let stored = StoredState(hub: hub, client: client)
        let alive = lanes.reduce(0) { $0 + $1.model.alive.count }
        #expect(try await stored.count(type: LaneModel.type) == alive)
        #expect(try await imported.startImport(into: hub).ended() == .exited(0))
        #expect(try await stored.count(type: ImportedFile.type) == ImportedFile.count)
        try await drain(hub, receiver)
        for (stream, values) in expected {
            #expect(receiver.arrivals.firsts(stream) == values, "notifications of \(stream)")
        }
        #expect(await hub.stop() == .exited(0))
    }

    /// Waits for the last notification: whatever came before it has arrived before it, or never.
    private func drain(_ hub: RealHub, _ receiver: NotificationReceiver) async throws {
        let last = LaneRequest.create("urn:ngsi-ld:\(LaneModel.type):last", value: 1).http
        let answer = try await client.send(last.method, last.path, to: hub, json: last.json ?? [])
        #expect(answer.status == 201)
        let id = "urn:ngsi-ld:\(LaneModel.type):last"
        await receiver.arrivals.wait(
            for: Self.subscriptions.map { .init(subscription: $0, entity: id) }
        )
    }

    /// What each subscription must have been told of each entity, in order.
    private var expected: [Arrivals.Stream: [Int]] {
        var expected: [Arrivals.Stream: [Int]] = [:]
        for lane in lanes {
            for (id, entity) in lane.model.entities where !entity.values.isEmpty {
                for subscription in Self.subscriptions {
                    expected[.init(subscription: subscription, entity: id)] = entity.values
                }
            }
        }
        return expected
    }
}

/// A file that `balai import` loads while the hub comes and goes.
private struct ImportedFile: Sendable {
    static let type = "Imported"
    static let count = 5_000
    let folder: TestFolder

    init(folder: TestFolder) throws {
        self.folder = folder
        let lines = (0..<Self.count).map { number in
            """
            {"id": "urn:ngsi-ld:Imported:\(number)", "type": "\(Self.type)", \
            "number": {"type": "Property", "value": \(number)}}\n
            """
        }
        try Data(lines.joined().utf8).write(to: URL(filePath: folder.path + "/import.ndjson"))
    }

    func startImport(into hub: RealHub) throws -> ChildProcess {
        try ChildProcess(
            ["import", "json", folder.path + "/import.ndjson", "--hub", hub.url],
            environment: ["HOME": folder.path],
            log: folder.path + "/import.log"
        )
    }
}
