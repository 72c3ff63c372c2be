import Chance
import ContextModel
import Foundation
import Glibc
import NIOHTTP1
import Processes
import Synchronization
import Testing

/// Promise P3: whatever left the hub about a person has its entry in the record, though the hub is
/// killed or its disk fails.
@Suite(.serialized) struct RecordedReadTests {
    private static let kills = 8 * Soak.factor

    @Test(.timeLimit(.minutes(5 * Soak.factor)))
    func `a hub that is killed has told nothing that the record does not know`() async throws {
        print("seed of the kills: \(Soak.seed) (BALAI_TEST_SEED)")
        var dice = SeededGenerator(seed: Soak.seed)
        try await HubClient.with { client in
            let clinic = try await Clinic(client)
            try await clinic.fill()
            for _ in 0..<Self.kills {
                let hub = try await clinic.start()
                let enough = Int.random(in: 5...150, using: &dice)
                await withTaskGroup(of: Void.self) { group in
                    for reader in 0..<8 {
                        let seed = dice.next()
                        group.addTask {
                            var dice = SeededGenerator(seed: seed &+ UInt64(reader))
                            // Until the hub is gone.
                            while let told = try? await clinic.read(hub, &dice), told {
                                if clinic.count >= enough { hub.process.send(SIGKILL) }
                            }
                        }
                    }
                }
                hub.process.send(SIGKILL)
                #expect(await hub.process.ended() == .killed(by: SIGKILL))
                #expect(clinic.count > 0)
                try await clinic.check()
            }
        }
    }

    @Test(.timeLimit(.minutes(5)), arguments: FailingDiskTests.faults)
    func `a disk that fails ends answers about people, and no others`(
        fault: FailingDiskTests.Fault
    ) async throws {
        try await HubClient.with { client in
            let clinic = try await Clinic(client)
            try await clinic.fill()
            let disk = FailingDisk(clinic.folder)
            var dice = SeededGenerator(seed: Soak.seed)
            let hub = try await clinic.start(try disk.settings)
            #expect(try await clinic.read(hub, &dice))
            try disk.fails(fault)
            for _ in 0..<10 {
                #expect(try await clinic.status(of: Clinic.visit(1), hub) == 503)
                #expect(try await clinic.status(of: Clinic.bench, hub) == 200)
                // What is refused says nothing of whether there is something.
                #expect(try await clinic.status(of: Clinic.visit(1_000), hub) == 404)
            }
            try disk.recovers()
            #expect(try await clinic.status(of: Clinic.bench, hub) == 200)
            // Nobody has to start the hub again: each way of reading is answered, and recorded.
            for way in Clinic.ways(to: Clinic.visit(1)) {
                #expect(try await clinic.read(Clinic.visit(1), by: way, hub), "\(way)")
            }
            await hub.kill()
            try await clinic.check()
        }
    }
}

/// A clinic that reads of a person, and knows what it was told.
private final class Clinic: Sendable {
    static let person = "urn:x:person:siti"
    static let bench = "urn:x:bench:1"
    static func visit(_ number: Int) -> String { "urn:x:visit:\(number)" }
    private static let visits = 12
    private static let purpose = ("Data-Purpose", "dpv:PublicHealth")

    let folder: TestFolder
    private let client: HubClient
    private let tokens: [String: String]
    /// How many answers told of each visit, ever, and how many there were since the hub was started.
    private let told = Mutex<[String: Int]>([:])
    private let fresh = Mutex(0)

    var count: Int { fresh.withLock { $0 } }

    init(_ client: HubClient) async throws {
        self.client = client
        folder = try TestFolder()
        var tokens: [String: String] = [:]
        for (name, options) in [
            ("admin", ["--role", "admin"]), ("clinic", []), ("person", ["--subject", Self.person]),
        ] {
            let process = try ChildProcess(
                ["token", "issue", "--party", "urn:balai:party:\(name)", "--data", folder.data]
                    + options,
                log: folder.log
            )
            let token = await process.line()
            _ = await process.ended()
            tokens[name] = token
        }
        self.tokens = tokens
    }

    func start(_ settings: [String: String] = [:]) async throws -> RealHub {
        fresh.withLock { $0 = 0 }
        return try await RealHub(folder: folder, settings: settings, arguments: [])
    }

    /// Visits of the person, a bench, and what the clinic may read.
    func fill() async throws {
        let hub = try await start()
        try await make(
            .PUT,
            "/governance/v1/classification",
            ["Visit": ["class": "personal", "subject": "patient"], "Bench": ["class": "public"]],
            hub
        )
        try await make(
            .PUT,
            "/governance/v1/policies/urn:policy:clinic",
            [
                "@context": "http://www.w3.org/ns/odrl.jsonld", "@type": "Set",
                "uid": "urn:policy:clinic",
                "permission": [
                    [
                        "action": "read", "assignee": "urn:balai:party:clinic",
                        "target": ["Visit", "Bench"],
                        "constraint": [
                            [
                                "leftOperand": "purpose", "operator": "eq",
                                "rightOperand": "https://w3id.org/dpv#PublicHealth",
                            ]
                        ],
                    ]
                ],
            ],
            hub
        )
        for number in 0..<Self.visits {
            try await make(
                .POST,
                "/ngsi-ld/v1/entities",
                [
                    "id": .string(Self.visit(number)), "type": "Visit",
                    "patient": ["type": "Relationship", "object": .string(Self.person)],
                ],
                hub
            )
        }
        try await make(
            .POST,
            "/ngsi-ld/v1/entities",
            ["id": .string(Self.bench), "type": "Bench", "size": 3],
            hub
        )
        #expect(await hub.stop() == .exited(0))
    }

    private func make(
        _ method: HTTPMethod,
        _ path: String,
        _ json: JSONValue,
        _ hub: RealHub
    ) async throws {
        let answer = try await client.send(
            method,
            path,
            to: hub,
            headers: [authorization("admin"), ("Content-Type", "application/json")],
            body: json.serialized
        )
        try #require(answer.isGood, "\(answer.text)")
    }

    private func authorization(_ name: String) -> (String, String) {
        ("Authorization", "Bearer \(tokens[name] ?? "")")
    }

    func status(of id: String, _ hub: RealHub) async throws -> Int {
        try await ask("/ngsi-ld/v1/entities/\(id)", hub).status
    }

    private func ask(_ path: String, _ hub: RealHub) async throws -> HubAnswer {
        try await client.send(
            .GET,
            path,
            to: hub,
            headers: [authorization("clinic"), Self.purpose]
        )
    }

    /// The paths by which a visit is read.
    static func ways(to id: String) -> [String] {
        let past = "timerel=before&timeAt=2100-01-01T00:00:00Z&timeproperty=modifiedAt"
        return [
            "/ngsi-ld/v1/entities/\(id)", "/ngsi-ld/v1/entities?type=Visit&id=\(id)",
            "/ngsi-ld/v1/temporal/entities/\(id)?\(past)",
        ]
    }

    /// Reads of some visit in some way, and counts what it is told; whether that was anything.
    func read(_ hub: RealHub, _ dice: inout SeededGenerator) async throws -> Bool {
        let id = Self.visit(Int.random(in: 0..<Self.visits, using: &dice))
        let way = Self.ways(to: id).randomElement(using: &dice) ?? ""
        return try await read(id, by: way, hub)
    }

    func read(_ id: String, by way: String, _ hub: RealHub) async throws -> Bool {
        let answer = try await ask(way, hub)
        guard answer.status == 200, answer.text.contains(Self.person) else { return false }
        told.withLock { $0[id, default: 0] += 1 }
        fresh.withLock { $0 += 1 }
        return true
    }

    /// Starts the hub again and compares what was told with what the record says to the person.
    func check() async throws {
        let hub = try await start()
        var recorded: [String: Int] = [:]
        var before = ""
        while true {
            let answer = try await client.send(
                .GET,
                "/governance/v1/subjects/\(Self.person)/accesses?limit=1000\(before)",
                to: hub,
                headers: [authorization("person")]
            )
            try #require(answer.status == 200, "\(answer.text)")
            let entries = try answer.json.arrayValue ?? []
            for entry in entries {
                for id in entry.objectValue?["entities"]?.arrayValue ?? [] {
                    recorded[id.stringValue ?? "", default: 0] += 1
                }
            }
            guard let last = entries.last?.objectValue?["entry"]?.numberValue?.intValue else {
                break
            }
            before = "&before=\(last)"
        }
        for (id, count) in told.withLock({ $0 }) {
            #expect(recorded[id] ?? 0 >= count, "\(id) was told of \(count) times")
        }
        #expect(await hub.stop() == .exited(0))
    }
}
