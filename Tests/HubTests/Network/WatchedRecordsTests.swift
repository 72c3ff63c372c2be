import ContextModel
import Foundation
import NIOHTTP1
import Processes
import Record
import Testing

/// Hubs of one network that are witnesses of each other's public records, without further configuration.
@Suite(.timeLimit(.minutes(10))) struct WatchedRecordsTests {
    @Test func `cities notice when another one's record is rolled back, forked, or falls silent`()
        async throws
    {
        try await HubClient.with { client in
            let cities = try (0..<5).map { try WatchedCity($0, client) }
            for city in cities { try await city.start() }
            try await WatchedCity.admitEachOther(cities)
            let (observers, back, forked, silent) = (
                Array(cities[..<2]), cities[2], cities[3], cities[4]
            )

            // What a city publishes has its stamp, and the signatures of all others.
            try await back.classify("Visit")
            try await forked.classify("Visit")
            let keys = try await back.witnessKeys(besides: back)
            #expect(keys.count == 4)
            try await back.untilPublished { note in
                try keys.allSatisfy { try note.time(witnessedBy: $0) != nil }
            }
            for observer in observers {
                for city in [back, forked] { try await observer.untilSeen(city) }
            }

            // One is gone, one goes on from a backup, and one goes on from it in two ways.
            try await silent.kill()
            try await back.keepBackup()
            try await forked.keepBackup()
            try await back.classify("Ride")
            try await forked.classify("Ride")
            for observer in observers {
                for city in [back, forked] { try await observer.untilSeen(city) }
            }
            try await back.putBackupBack()
            try await back.start()
            try await forked.putBackupBack()
            try await forked.start(inNetwork: false)
            for type in ["Meal", "Walk", "Swim"] { try await forked.classify(type) }
            try await forked.stop()
            try await forked.start()

            for observer in observers {
                try await observer.untilFound("rollback", of: back)
                try await observer.untilFound("fork", of: forked)
                try await observer.until("a gap is shown") {
                    try await observer.record(of: silent)["gapSince"] != nil
                }
                try await observer.expectShown()
            }
            // The city itself has found out, from what the others showed.
            try await back.until("it knows that it was rolled back") {
                back.log.contains("has signed") && back.log.contains("and the record has")
            }
            #expect(try await back.statusOfClassifying("Ride") == 503)

            // An administrator settles it.
            try await observers[0].admit(back)
            #expect(try await observers[0].record(of: back)["finding"] == nil)
            #expect(try await observers[1].record(of: back)["finding"] != nil)
            for city in cities where city !== silent { try await city.stop() }
        }
    }
}

/// A city of the tests with a hub in a process of its own, which is started and stopped.
private final class WatchedCity: @unchecked Sendable {
    private let name: String
    private let folder: TestFolder
    private let client: HubClient
    private let port: Int
    // Only the one task of the test uses it.
    private var hub: RealHub?
    private var id = ""

    init(_ number: Int, _ client: HubClient) throws {
        name = "City \(number)"
        self.client = client
        folder = try TestFolder()
        port = try FreePort.find()
        try FileManager.default.createDirectory(
            atPath: folder.data,
            withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700]
        )
        let place = "{\"name\": \"\(name)\", \"latitude\": 7.88, \"longitude\": 98.\(number)}"
        try place.write(toFile: folder.data + "/city.json", atomically: true, encoding: .utf8)
        let alone = "publicURL: \"http://127.0.0.1:\(port)\"\n"
        try alone.write(toFile: settings(false), atomically: true, encoding: .utf8)
        try (alone + "network:\n  state: TH\n")
            .write(toFile: settings(true), atomically: true, encoding: .utf8)
    }

    private func settings(_ inNetwork: Bool) -> String {
        folder.path + (inNetwork ? "/network.yaml" : "/alone.yaml")
    }

    var log: String { (try? String(contentsOfFile: folder.log, encoding: .utf8)) ?? "" }

    private var running: RealHub {
        get throws { try #require(hub) }
    }

    // MARK: - Running

    func start(inNetwork: Bool = true) async throws {
        hub = try await RealHub(
            folder: folder,
            arguments: ["--open", "--config", settings(inNetwork), "--port", "\(port)"]
        )
    }

    func stop() async throws {
        #expect(try await running.stop() == .exited(0), "\(log)")
        hub = nil
    }

    func kill() async throws {
        try await running.kill()
        hub = nil
    }

    private var backup: String { folder.path + "/backup" }

    func keepBackup() async throws {
        try await stop()
        try FileManager.default.copyItem(atPath: folder.data, toPath: backup)
        try await start()
    }

    func putBackupBack() async throws {
        try await stop()
        try FileManager.default.removeItem(atPath: folder.data)
        try FileManager.default.copyItem(atPath: backup, toPath: folder.data)
    }

    /// Waits for a state, with a limit that a slow machine keeps.
    func until(_ what: String, _ isMet: () async throws -> Bool) async throws {
        let end = ContinuousClock.now + .seconds(180)
        while !(try await isMet()) {
            try #require(.now < end, "\(name): \(what)\n\(log.suffix(2_000))")
            try await Task.sleep(for: .milliseconds(200))
        }
    }

    // MARK: - The network

    static func admitEachOther(_ cities: [WatchedCity]) async throws {
        var descriptions: [JSONValue] = []
        for city in cities {
            let own = try await city.members().first { $0["standing"] == "own" }
            let member = try #require(own)
            city.id = try #require(member["id"]?.stringValue)
            descriptions.append(["descriptions": member["descriptions"] ?? .null])
        }
        for city in cities {
            for (other, description) in zip(cities, descriptions) where other !== city {
                let told = try await city.client.send(
                    .POST,
                    "/network/v1/members",
                    to: city.running,
                    json: description
                )
                #expect(told.status == 204, "\(told.text)")
                try await city.admit(other)
            }
        }
    }

    func admit(_ other: WatchedCity) async throws {
        let path = "/network/v1/members/\(other.id)/standing"
        let answer = try await client.send(
            .PUT,
            path,
            to: running,
            json: ["standing": "admitted"]
        )
        #expect(answer.status == 204, "\(answer.text)")
    }

    private func members() async throws -> [JSONObject] {
        let answer = try await client.send(.GET, "/network/v1/members", to: running)
        return (try answer.json.arrayValue ?? []).compactMap(\.objectValue)
    }

    /// What this city's hub says of the record of another one.
    func record(of other: WatchedCity) async throws -> JSONObject {
        let path = "/network/v1/members/\(other.id)"
        let answer = try await client.send(.GET, path, to: running)
        return try answer.json.objectValue?["record"]?.objectValue ?? JSONObject()
    }

    func witnessKeys(besides other: WatchedCity) async throws -> [NoteKey] {
        try await members().filter { $0["id"]?.stringValue != other.id }
            .map { try NoteKey(#require($0["witnessKey"]?.stringValue)) }
    }

    // MARK: - Records

    func statusOfClassifying(_ type: String) async throws -> Int {
        try await client.send(
            .PUT,
            "/governance/v1/classification",
            to: running,
            json: [type: ["class": "personal", "subject": "patient"]]
        ).status
    }

    /// Adds an entry to the record, and waits until it is published.
    func classify(_ type: String) async throws {
        let size = try await checkpoint().checkpoint.size
        #expect(try await statusOfClassifying(type) < 300)
        try await untilPublished { $0.checkpoint.size > size }
    }

    private func checkpoint() async throws -> SignedCheckpoint {
        try SignedCheckpoint(
            try await client.send(.GET, "/record/checkpoint", to: running).text
        )
    }

    func untilPublished(_ isMet: (SignedCheckpoint) throws -> Bool) async throws {
        try await until("it publishes what is waited for") { try await isMet(checkpoint()) }
    }

    /// Waits until this hub has seen all entries of the other one's record.
    func untilSeen(_ other: WatchedCity) async throws {
        let size = try await other.checkpoint().checkpoint.size
        try await until("it sees \(size) entries of \(other.name)") {
            try await record(of: other)["size"]?.numberValue?.intValue ?? 0 >= size
        }
    }

    /// Waits until this hub has found something out about the other one's record; both notes are its evidence.
    func untilFound(_ kind: String, of other: WatchedCity) async throws {
        try await until("it finds a \(kind) of \(other.name)") {
            try await record(of: other)["finding"] != nil
        }
        let finding = try #require(try await record(of: other)["finding"]?.objectValue)
        #expect(finding["kind"]?.stringValue == kind)
        let texts = (finding["evidence"]?.arrayValue ?? []).compactMap(\.stringValue)
        let notes = try texts.map { try SignedCheckpoint($0) }
        #expect(notes.count == 2)
        let member = try await members().first { $0["id"]?.stringValue == other.id }
        let key = try NoteKey(#require(member?["recordKey"]?.stringValue))
        for note in notes { try note.verify(by: key) }
        #expect(notes.first?.checkpoint != notes.last?.checkpoint)
    }

    /// What it has noticed is on the page, among the figures and in its own record.
    func expectShown() async throws {
        let page = try await client.send(.GET, "/network", to: running).text
        for words in ["it was rolled back", "it has forked", "has not shown what it promises"] {
            #expect(page.contains(words), "\(name): \(words)")
        }
        let figures = try await client.send(.GET, "/metrics", to: running).text
        for kind in ["rollback", "fork", "gap"] {
            let isThere = figures.split(separator: "\n").contains { line in
                line.contains("balai_member_record_findings")
                    && line.contains("finding=\"\(kind)\"") && line.hasSuffix(" 1")
            }
            #expect(isThere, "\(figures)")
        }
        try await until("the log names both") {
            log.contains("shows a rollback") && log.contains("shows a fork")
        }
        let entries = try await client.send(.GET, "/record", to: running).text
        #expect(entries.contains("member"), "\(entries)")
    }
}
