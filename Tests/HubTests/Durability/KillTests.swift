import Chance
import ContextModel
import Foundation
import NIOHTTP1
import Processes
import Synchronization
import Testing

/// Kills the hub repeatedly while clients write, upload files and aggregate readings, a receiver
/// gets notifications and an import runs.
@Suite(.serialized) struct KillTests {
    /// The number of kills in `make test`; `make soak` makes hundreds.
    private static let kills = 40 * Soak.factor

    @Test(.timeLimit(.minutes(10 * Soak.factor)))
    func `a hub that is killed repeatedly loses nothing acknowledged and leaves nothing half done`()
        async throws
    {
        print("seed of the kills: \(Soak.seed) (BALAI_TEST_SEED)")
        let receiver = try await NotificationReceiver()
        try await HubClient.with { client in
            var run = try KillRun(client: client, seed: Soak.seed)
            try await run.subscribe(receiver)
            for number in 0..<Self.kills {
                // On a busy machine the hub may always be killed before an import has begun.
                try await run.crash(afterImportBegan: number.isMultiple(of: 5))
            }
            try await run.checkWhole(receiver)
        }
        try await receiver.close()
    }
}

/// The run of the test.
private struct KillRun {
    let client: HubClient
    let folder: TestFolder
    var imported: ImportedFile
    var entities: Lanes<EntityLoad>
    var series: Lanes<SeriesLoad>
    var dice: SeededGenerator

    static let subscriptions = ["urn:ngsi-ld:Subscription:one", "urn:ngsi-ld:Subscription:two"]

    init(client: HubClient, seed: UInt64) throws {
        self.client = client
        folder = try TestFolder()
        imported = try ImportedFile(folder: folder)
        entities = Lanes(6, seed: seed)
        series = Lanes(2, seed: seed)
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
                    "entities": [["type": .string(EntityLoad.type)]],
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

    /// Starts the hub, checks its data after the last crash, sends requests, and kills it at a
    /// random moment.
    mutating func crash(afterImportBegan waits: Bool) async throws {
        let hub = try await RealHub(folder: folder)
        try await check(hub)
        let importing = try imported.startImport(into: hub)
        if waits { try await imported.begins(StoredState(hub: hub, client: client)) }
        let countdown = Countdown(Int.random(in: 1...200, using: &dice)) {
            hub.process.send(SIGKILL)
        }
        async let written = entities.loaded(hub, client, countdown)
        async let grown = series.loaded(hub, client, countdown)
        (entities, series) = await (written, grown)
        #expect(await hub.process.ended() == .killed(by: SIGKILL))
        importing.send(SIGKILL)
        try imported.ended(await importing.ended())
    }

    private mutating func check(_ hub: RealHub, everything: Bool = false) async throws {
        let stored = StoredState(hub: hub, client: client)
        try await entities.check(stored, everything: everything)
        try await series.check(stored, everything: everything)
        try await imported.check(stored)
    }

    /// Checks everything after the last crash: every entity and series, the imports, every
    /// notification.
    mutating func checkWhole(_ receiver: NotificationReceiver) async throws {
        let hub = try await RealHub(folder: folder)
        try await check(hub, everything: true)
        let stored = StoredState(hub: hub, client: client)
        let alive = Set(entities.models.flatMap(\.alive))
        let found = try await stored.ids("type=\(EntityLoad.type)")
        #expect(Set(found).symmetricDifference(alive).sorted() == [])
        #expect(found.count == alive.count, "one of them twice")
        #expect(try await stored.count("type=\(EntityLoad.type)") == alive.count)
        try imported.ended(await imported.startImport(into: hub).ended())
        try await imported.check(stored)
        #expect(imported.resumptions > 0, "no import was interrupted")
        try await drain(hub, receiver)
        for (stream, values) in expected {
            #expect(receiver.arrivals.firsts(stream) == values, "notifications of \(stream)")
        }
        #expect(await hub.stop() == .exited(0))
        #expect(try StoredSegments.count(in: folder) > 0, "nothing was sealed")
    }

    /// Waits for the last notification: all earlier ones have arrived before it, or never will.
    private func drain(_ hub: RealHub, _ receiver: NotificationReceiver) async throws {
        let last = EntityRequest.create("urn:ngsi-ld:\(EntityLoad.type):last", value: 1).http
        let answer = try await client.send(last.method, last.path, to: hub, json: last.json ?? [])
        #expect(answer.status == 201)
        let id = "urn:ngsi-ld:\(EntityLoad.type):last"
        await receiver.arrivals.wait(
            for: Self.subscriptions.map { .init(subscription: $0, entity: id) }
        )
    }

    /// The notifications that each subscription must have had of each entity, in order.
    private var expected: [Arrivals.Stream: [Int]] {
        var expected: [Arrivals.Stream: [Int]] = [:]
        for model in entities.models {
            for (id, entity) in model.entities where !entity.values.isEmpty {
                for subscription in Self.subscriptions {
                    expected[.init(subscription: subscription, entity: id)] = entity.values
                }
            }
        }
        return expected
    }
}
