import ContextModel
import Foundation
import NIOHTTP1
import Processes
import Record
import Testing

/// Two hubs, of which one is a witness of the other (C2SP tlog-witness).
@Suite(.timeLimit(.minutes(3))) struct WitnessedHubTests {
    @Test func `a hub signs what another publishes, and refuses its forks and rollbacks`()
        async throws
    {
        try await HubClient.with { client in
            let pair = try await WitnessedPair(client)
            let witness = try await pair.startWitness()
            var city = try await pair.startCity()
            let first = try await pair.publishedCheckpoint(of: city)
            #expect(try first.time(witnessedBy: pair.witnessKey) != nil)
            // Who has the two keys needs no hub.
            try await pair.classify("Visit", city)
            let proof = try await pair.proof(of: 0, city)
            #expect(try await pair.verify(proof) == .exited(0))
            let page = try await client.send(.GET, "/record", to: city)
            #expect(page.text.contains("\(pair.witnessKey.name) signed"))
            #expect(page.text.contains("seconds ago"))

            #expect(await city.stop() == .exited(0))
            try pair.keepBackup()
            city = try await pair.startCity()
            try await pair.classify("Ride", city)
            _ = try await pair.publishedCheckpoint(of: city, from: 3)
            try await pair.refusesForgeries(witness, of: city)
            #expect(await city.stop() == .exited(0))

            // All files of the hub go back: it is sound in itself, and the witness knows better.
            try pair.putBackupBack()
            city = try await pair.startCity()
            try await pair.saysDamaged(city)
            let told = /has signed (\d+) entries, and the record has (\d+)/
            let numbers = try #require(pair.cityLog.firstMatch(of: told)?.output)
            #expect(try #require(Int(numbers.1)) > #require(Int(numbers.2)))
            #expect(try await pair.statusOfClassifying("Ride", city) == 503)

            // A restart does not forget it, and needs no witness to know it.
            #expect(await city.stop() == .exited(0))
            await witness.kill()
            city = try await pair.startCity()
            #expect(try await pair.statusOfClassifying("Ride", city) == 503)
            #expect(pair.cityLog.contains("An earlier run found it"))
        }
    }

    @Test func `a witness that is away costs a line in the log and a figure`() async throws {
        try await HubClient.with { client in
            let pair = try await WitnessedPair(client)
            var witness = try await pair.startWitness()
            let city = try await pair.startCity()
            _ = try await pair.publishedCheckpoint(of: city)
            await witness.kill()
            try await pair.classify("Visit", city)
            // It is published without the signature.
            let alone = try await pair.checkpoint(of: city) { $0.checkpoint.size == 2 }
            #expect(try alone.time(witnessedBy: pair.witnessKey) == nil)
            try await pair.classify("Ride", city)
            _ = try await pair.checkpoint(of: city) { $0.checkpoint.size == 3 }
            let said = pair.cityLog.matches(of: /does not sign/).count
            #expect(said == 1, "\(pair.cityLog)")
            let figures = try await client.send(.GET, "/metrics", to: city).text
            #expect(
                figures.contains(/balai_witness_failures_total\{witness="[^"]+"\} [1-9]/)
            )
            #expect(figures.contains("balai_witness_age_seconds"))
            // It comes back where it was, and signs after the pause.
            witness = try await pair.startWitness()
            let again = try await pair.publishedCheckpoint(of: city, from: 3)
            #expect(again.checkpoint.size == 3)
        }
    }
}

/// A city's hub, and another one that watches its record.
private final class WitnessedPair: Sendable {
    let cityKey: NoteKey
    let witnessKey: NoteKey
    private let city: TestFolder
    private let witness: TestFolder
    private let client: HubClient
    private let witnessPort: Int

    init(_ client: HubClient) async throws {
        self.client = client
        city = try TestFolder()
        witness = try TestFolder()
        witnessPort = try FreePort.find()
        cityKey = try await Self.key(["record", "key", "--name", "city.example/record"], city)
        witnessKey = try await Self.key(
            ["record", "witness-key", "--name", "witness.example/w"],
            witness
        )
        try """
        witnesses:
          neighbour:
            key: "\(witnessKey)"
            url: "http://127.0.0.1:\(witnessPort)/record/witness/"
        """.write(toFile: city.path + "/hub.yaml", atomically: true, encoding: .utf8)
        try """
        followedRecords:
          city:
            origin: "city.example/record"
            key: "\(cityKey)"
        """.write(toFile: witness.path + "/hub.yaml", atomically: true, encoding: .utf8)
        try "\(cityKey)\n\(witnessKey)\n"
            .write(toFile: city.path + "/keys", atomically: true, encoding: .utf8)
    }

    private static func key(_ words: [String], _ folder: TestFolder) async throws -> NoteKey {
        let process = try ChildProcess(words + ["--data", folder.data], log: folder.log)
        let line = process.readRest()
        #expect(await process.ended() == .exited(0), "\(process.errors)")
        return try NoteKey(line.trimmingCharacters(in: .whitespacesAndNewlines))
    }

    func startWitness() async throws -> RealHub {
        try await RealHub(
            folder: witness,
            arguments: [
                "--open", "--config", witness.path + "/hub.yaml", "--port", "\(witnessPort)",
            ]
        )
    }

    func startCity() async throws -> RealHub {
        try await RealHub(folder: city, arguments: ["--open", "--config", city.path + "/hub.yaml"])
    }

    var cityLog: String { (try? String(contentsOfFile: city.log, encoding: .utf8)) ?? "" }

    // MARK: The record

    /// The newest checkpoint, once it meets the condition.
    func checkpoint(
        of hub: RealHub,
        where isMet: (SignedCheckpoint) throws -> Bool
    ) async throws -> SignedCheckpoint {
        let end = ContinuousClock.now + .seconds(60)
        while true {
            let answer = try await client.send(.GET, "/record/checkpoint", to: hub)
            let signed = try SignedCheckpoint(answer.text)
            if try isMet(signed) { return signed }
            try #require(.now < end, "\(answer.text)")
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    /// The newest checkpoint of at least so many entries that has the witness's signature.
    func publishedCheckpoint(of hub: RealHub, from size: Int = 0) async throws -> SignedCheckpoint {
        try await checkpoint(of: hub) {
            try $0.checkpoint.size >= size && $0.time(witnessedBy: witnessKey) != nil
        }
    }

    func statusOfClassifying(_ type: String, _ hub: RealHub) async throws -> Int {
        try await client.send(
            .PUT,
            "/governance/v1/classification",
            to: hub,
            json: [type: ["class": "personal", "subject": "patient"]]
        ).status
    }

    /// Adds an entry to the record.
    func classify(_ type: String, _ hub: RealHub) async throws {
        #expect(try await statusOfClassifying(type, hub) < 300)
    }

    func proof(of entry: Int, _ hub: RealHub) async throws -> String {
        let answer = try await client.send(.GET, "/record/proofs/\(entry)", to: hub)
        try #require(answer.status == 200, "\(answer.text)")
        let path = city.path + "/entry.tlog-proof"
        try answer.text.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    func verify(_ proof: String) async throws -> ChildProcess.Ending {
        let process = try ChildProcess(
            ["verify", proof, "--keys", city.path + "/keys"],
            log: city.log
        )
        let said = process.readRest()
        let ending = await process.ended()
        #expect(said.contains("seen by \(witnessKey.name)"), "\(said) \(process.errors)")
        return ending
    }

    func saysDamaged(_ hub: RealHub) async throws {
        let end = ContinuousClock.now + .seconds(60)
        while !cityLog.contains("does not sign") {
            try #require(.now < end, "\(cityLog)")
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    // MARK: Attacks

    /// The operator of the city has its key, and asks for what it should not get.
    func refusesForgeries(_ hub: RealHub, of city: RealHub) async throws {
        let kept = try String(contentsOfFile: self.city.data + "/record.key", encoding: .utf8)
        let signer = try NoteSigner(
            secretText: kept.trimmingCharacters(in: .whitespacesAndNewlines)
        )
        func ask(_ old: Int, _ tree: SmallTree, by signer: NoteSigner) async throws -> HubAnswer {
            let checkpoint = Checkpoint(
                origin: signer.key.name,
                size: tree.leaves.count,
                root: tree.root
            )
            let question = AddCheckpoint(
                old: old,
                proof: old < tree.leaves.count ? tree.consistency(from: old) : [],
                checkpoint: try SignedCheckpoint(checkpoint, by: signer)
            )
            return try await client.send(
                .POST,
                "/record/witness/add-checkpoint",
                to: hub,
                headers: [("Content-Type", "text/plain")],
                body: Array(question.text.utf8)
            )
        }
        let forged = SmallTree((0..<5).map { TreeHash.leaf([UInt8($0)]) })
        // Another record of the same length, one that goes back, and one that goes on from another.
        let fork = try await ask(3, SmallTree(Array(forged.leaves.prefix(3))), by: signer)
        #expect(fork.status == 409 && fork.text == "3\n")
        #expect(fork.headers["Content-Type"] == ["text/x.tlog.size"])
        let rolledBack = try await ask(1, SmallTree(Array(forged.leaves.prefix(1))), by: signer)
        #expect(rolledBack.status == 409 && rolledBack.text == "3\n")
        #expect(try await ask(3, forged, by: signer).status == 422)
        #expect(try await ask(6, forged, by: signer).status == 400)
        let impostor = try #require(NoteSigner(name: signer.key.name, purpose: .note))
        #expect(try await ask(3, forged, by: impostor).status == 403)
        let stranger = try #require(NoteSigner(name: "other.example", purpose: .note))
        #expect(try await ask(0, forged, by: stranger).status == 404)
        let noise = try await client.send(
            .POST,
            "/record/witness/add-checkpoint",
            to: hub,
            headers: [("Content-Type", "text/plain")],
            body: Array("old 2\nnoise\n\n".utf8)
        )
        #expect(noise.status == 400)
        // The city is signed for as before.
        _ = try await publishedCheckpoint(of: city, from: 2)
    }

    private var backup: String { city.path + "/backup" }

    func keepBackup() throws {
        try FileManager.default.copyItem(atPath: city.data, toPath: backup)
    }

    func putBackupBack() throws {
        try FileManager.default.removeItem(atPath: city.data)
        try FileManager.default.copyItem(atPath: backup, toPath: city.data)
    }
}
