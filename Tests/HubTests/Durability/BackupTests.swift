import ContextModel
import Foundation
import NIOHTTP1
import Processes
import Testing

/// `balai backup` and `balai restore`, as operators use them: with hubs at work, disks that are full, and
/// programs that are killed.
@Suite(.timeLimit(.minutes(5))) struct BackupTests {
    @Test func `a backup of a hub under writes has all that was acknowledged before it`()
        async throws
    {
        try await HubClient.with { client in
            let folder = try TestFolder()
            let hub = try await RealHub(folder: folder)
            let filling = Filling(hub: hub, client: client, textBytes: 2_000)
            let before = try await filling.fill(upTo: 50)
            async let during = filling.fill(from: 50, upTo: 400)
            let file = folder.path + "/hub.tar"
            let made = try Self.run(["backup", file, "--data", folder.data], folder)
            #expect(made.code == 0, "\(made.errors)")
            let written = try await during
            #expect(written.count == 350)

            let other = try TestFolder()
            let restored = try Self.run(["restore", file, "--data", other.data], other)
            #expect(restored.code == 0, "\(restored.errors)")
            let second = try await RealHub(folder: other)
            let found = try await Filling(hub: second, client: client).found()
            #expect(found.starts(with: before) && found == Array(0..<found.count))
            // The same token opens both.
            let tokens = try [folder, other].map {
                try String(contentsOfFile: $0.data + "/operator.token", encoding: .utf8)
            }
            #expect(tokens[0] == tokens[1])
            #expect(!second.process.errors.contains("error"), "\(second.process.errors)")
            #expect(await second.stop() == .exited(0))
            #expect(await hub.stop() == .exited(0))
        }
    }

    @Test func `ordinary programs read and check a backup, and only its owner may`() async throws {
        let folder = try TestFolder()
        try await Self.start(folder) { _, _ in }
        let file = folder.path + "/hub.tar"
        #expect(try Self.run(["backup", file, "--data", folder.data], folder).code == 0)
        let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions]
        #expect((mode as? NSNumber)?.intValue == 0o600)
        let unpacked = folder.path + "/unpacked"
        try FileManager.default.createDirectory(atPath: unpacked, withIntermediateDirectories: true)
        let tar = try Self.run(["-xf", file, "-C", unpacked], folder, program: "/bin/tar")
        #expect(tar.code == 0, "\(tar.errors)")
        let sums = try Self.run(
            ["-c", "cd \(unpacked) && sha256sum --check --strict SHA256SUMS"],
            folder,
            program: "/bin/sh"
        )
        #expect(sums.code == 0 && sums.output.contains("hub.sqlite: OK"), "\(sums)")
        #expect(sums.output.contains("record.sqlite: OK") && sums.output.contains("hub.key: OK"))
    }

    @Test func `tenants come along, and databases that are not in the backup go`() async throws {
        let folder = try TestFolder()
        let north = [("NGSILD-Tenant", "north"), ("Content-Type", "application/json")]
        let entity = Array(#"{"id": "urn:x:1", "type": "T", "a": {"value": 1}}"#.utf8)
        try await Self.start(folder) { hub, client in
            let answer = try await client.send(
                .POST,
                "/ngsi-ld/v1/entities",
                to: hub,
                headers: north,
                body: entity
            )
            #expect(answer.status == 201)
        }
        let file = folder.path + "/hub.tar"
        #expect(try Self.run(["backup", file, "--data", folder.data], folder).code == 0)
        try await Self.start(folder) { hub, client in
            let gone = try await client.send(
                .DELETE,
                "/ngsi-ld/v1/entities/urn:x:1",
                to: hub,
                headers: north
            )
            #expect(gone.status == 204)
            let south = [("NGSILD-Tenant", "south"), ("Content-Type", "application/json")]
            let made = try await client.send(
                .POST,
                "/ngsi-ld/v1/entities",
                to: hub,
                headers: south,
                body: entity
            )
            #expect(made.status == 201)
        }
        let restored = try Self.run(["restore", file, "--data", folder.data], folder)
        #expect(restored.code == 0 && restored.output.contains("replaced-"), "\(restored)")
        try await Self.start(folder) { hub, client in
            for (tenant, status) in [("north", 200), ("south", 404)] {
                let answer = try await client.send(
                    .GET,
                    "/ngsi-ld/v1/entities/urn:x:1",
                    to: hub,
                    headers: [("NGSILD-Tenant", tenant)]
                )
                #expect(Int(answer.status) == status, "\(tenant): \(answer.text)")
            }
        }
    }

    @Test func `a running hub is not restored`() async throws {
        let folder = try TestFolder()
        let hub = try await RealHub(folder: folder)
        let file = folder.path + "/hub.tar"
        #expect(try Self.run(["backup", file, "--data", folder.data], folder).code == 0)
        let refused = try Self.run(["restore", file, "--data", folder.data], folder)
        #expect(
            refused.code == EX_IOERR && refused.errors.contains("in use by a hub"),
            "\(refused)"
        )
        #expect(await hub.stop() == .exited(0))
    }

    @Test func `a damaged backup is refused wherever it is damaged, and changes nothing`()
        async throws
    {
        let folder = try TestFolder()
        try await Self.start(folder) { _, _ in }
        let file = folder.path + "/hub.tar"
        #expect(try Self.run(["backup", file, "--data", folder.data], folder).code == 0)
        let whole = [UInt8](try #require(FileManager.default.contents(atPath: file)))
        let before = try #require(FileManager.default.contents(atPath: folder.data + "/hub.sqlite"))
        let bad = folder.path + "/bad.tar"
        var damaged: [[UInt8]] = [[], Array(whole.prefix(100)), Array(whole.dropLast(1_024))]
        for place in stride(from: 3, to: whole.count, by: whole.count / 40) {
            var copy = whole
            copy[place] ^= 0x41
            damaged.append(copy)
            damaged.append(Array(whole.prefix(place)))
        }
        for bytes in damaged {
            try Data(bytes).write(to: URL(filePath: bad))
            // A byte in the padding is no part of a file.
            let check = try Self.run(["restore", "--check", bad], folder)
            if check.code == 0 { continue }
            #expect(check.code == EX_DATAERR, "\(check)")
            let refused = try Self.run(["restore", bad, "--data", folder.data], folder)
            #expect(refused.code == EX_DATAERR, "\(refused)")
        }
        #expect(FileManager.default.contents(atPath: folder.data + "/hub.sqlite") == before)
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.data)
        #expect(
            !names.contains { $0.hasPrefix("restore-") || $0.hasPrefix("replaced-") },
            "\(names)"
        )
    }

    @Test func `an archive that names files elsewhere writes none of them`() async throws {
        let folder = try TestFolder()
        try await Self.start(folder) { _, _ in }
        let file = folder.path + "/hub.tar"
        #expect(try Self.run(["backup", file, "--data", folder.data], folder).code == 0)
        let unpacked = folder.path + "/unpacked"
        let script = """
            mkdir -p \(unpacked)/x && cd \(unpacked)/x && tar -xf \(file) && echo evil > ../evil \
            && sha256sum balai-backup.json hub.sqlite ../evil > SHA256SUMS \
            && tar --format=ustar -P -cf \(folder.path)/evil.tar balai-backup.json hub.sqlite ../evil SHA256SUMS
            """
        #expect(try Self.run(["-c", script], folder, program: "/bin/sh").code == 0)
        let target = folder.path + "/new/data"
        let refused = try Self.run(
            ["restore", folder.path + "/evil.tar", "--data", target],
            folder
        )
        #expect(refused.code == EX_DATAERR && refused.errors.contains("../evil"), "\(refused)")
        #expect(!FileManager.default.fileExists(atPath: folder.path + "/new/evil"))
        #expect(!FileManager.default.fileExists(atPath: target + "/hub.sqlite"))
    }

    @Test func `a full disk leaves no backup, and removes none`() async throws {
        let folder = try TestFolder()
        try await Self.start(folder) { hub, client in
            _ = try await Filling(hub: hub, client: client).fill(upTo: 20)
        }
        let target = folder.path + "/backups"
        try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: true)
        let old = target + "/balai-20200101T000000Z.tar"
        try Data("old".utf8).write(to: URL(filePath: old))
        for limit in [100_000, 1_000_000, 2_200_000] {
            let failed = try Self.run(
                [
                    "--fsize=\(limit):", try ChildProcess.product("balai").path, "backup", target,
                    "--keep", "1", "--data", folder.data,
                ],
                folder,
                program: "/usr/bin/prlimit"
            )
            #expect(failed.code == EX_CANTCREAT, "\(limit): \(failed)")
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: target) == [
                    "balai-20200101T000000Z.tar"
                ]
            )
        }
        let made = try Self.run(["backup", target, "--keep", "1", "--data", folder.data], folder)
        #expect(made.code == 0, "\(made.errors)")
        let names = try FileManager.default.contentsOfDirectory(atPath: target)
        #expect(names.count == 1 && names != ["balai-20200101T000000Z.tar"], "\(names)")
    }

    @Test func `backups and restores that are killed harm nothing`() async throws {
        let folder = try TestFolder()
        try await Self.start(folder) { hub, client in
            _ = try await Filling(hub: hub, client: client).fill(upTo: 60)
        }
        let target = folder.path + "/backups"
        try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: true)
        #expect(try Self.run(["backup", target, "--data", folder.data], folder).code == 0)
        let first = try #require(try FileManager.default.contentsOfDirectory(atPath: target).first)
        try await Self.start(folder) { hub, client in
            _ = try await Filling(hub: hub, client: client).fill(from: 60, upTo: 70)
        }
        for round in 0..<12 {
            for words in [["backup", target], ["restore", "\(target)/\(first)"]] {
                let process = try ChildProcess(words + ["--data", folder.data], log: folder.log)
                try await Task.sleep(for: .milliseconds(10 + round * 12))
                process.send(SIGKILL)
                _ = await process.ended()
            }
            try await Self.start(folder) { hub, client in
                let found = try await Filling(hub: hub, client: client).found()
                #expect([60, 70].contains(found.count) && found == Array(0..<found.count))
            }
        }
        // What has its name is whole, and the next backup clears away the rest.
        #expect(try Self.run(["backup", target, "--data", folder.data], folder).code == 0)
        for name in try FileManager.default.contentsOfDirectory(atPath: target) {
            #expect(name.hasSuffix(".tar"), "\(name)")
            #expect(try Self.run(["restore", "--check", "\(target)/\(name)"], folder).code == 0)
        }
    }

    @Test func `a database is backed up before it gets a newer schema`() async throws {
        let folder = try TestFolder()
        try await Self.start(folder) { hub, client in
            _ = try await Filling(hub: hub, client: client).fill(upTo: 3)
        }
        try Self.makeOlder(folder)
        // Where there is no room for a backup, the hub does not start and says why.
        let backups = folder.data + "/backups"
        try Data().write(to: URL(filePath: backups))
        let refused = try Self.run(["serve", "--data", folder.data, "--port", "0"], folder)
        #expect(
            refused.code == EX_IOERR && refused.errors.contains("--without-backup"),
            "\(refused)"
        )
        try FileManager.default.removeItem(atPath: backups)

        try await Self.start(folder) { _, _ in }
        let names = try FileManager.default.contentsOfDirectory(atPath: backups)
        #expect(names.count == 1, "\(names)")
        #expect(try Self.onRecord("PRAGMA user_version", folder) == "3\n")
        let check = try Self.run(["restore", "--check", "\(backups)/\(names[0])"], folder)
        #expect(check.code == 0, "\(check)")
        // The next start changes nothing, and backs up nothing.
        try await Self.start(folder) { _, _ in }
        #expect(try FileManager.default.contentsOfDirectory(atPath: backups) == names)
    }

    @Test func `starts that fail leave the first backup from before a newer schema`() async throws {
        let folder = try TestFolder()
        try await Self.start(folder) { _, _ in }
        try Self.makeOlder(folder)
        let backups = folder.data + "/backups"
        let serve = ["serve", "--data", folder.data, "--port", "0"]

        // What is wrong with the files for TLS, or with a hub that runs, is told before anything is done.
        let configuration = folder.path + "/hub.yaml"
        try "tls: {certificate: /none, key: /none}".write(
            toFile: configuration,
            atomically: true,
            encoding: .utf8
        )
        let noTLS = try Self.run(serve + ["--config", configuration], folder)
        #expect(noTLS.code != 0 && noTLS.errors.contains("/none"), "\(noTLS)")
        let running = try Self.run(
            [folder.data + "/hub.lock", try ChildProcess.product("balai").path] + serve,
            folder,
            program: "/usr/bin/flock"
        )
        #expect(running.code != 0 && running.errors.contains("another hub"), "\(running)")
        #expect(!FileManager.default.fileExists(atPath: backups))

        // A start that went wrong after its backup is as one of a record that is again an older one.
        var first: String?
        for round in 0..<6 {
            try await Self.start(folder) { _, _ in }
            let names = try FileManager.default.contentsOfDirectory(atPath: backups).sorted()
            first = first ?? names.first
            #expect(names.first == first && names.count == min(round + 1, 3), "\(names)")
            try Self.makeOlder(folder)
        }
    }

    @Test func `a record of a newer version does not stay under a backup of an older one`()
        async throws
    {
        let folder = try TestFolder()
        try await Self.start(folder) { hub, client in
            _ = try await Filling(hub: hub, client: client).fill(upTo: 3)
        }
        let file = folder.path + "/hub.tar"
        #expect(try Self.run(["backup", file, "--data", folder.data], folder).code == 0)
        _ = try Self.onRecord("PRAGMA user_version = 99", folder)
        let restore = ["restore", file, "--data", folder.data]
        let refused = try Self.run(restore, folder)
        #expect(
            refused.code == EX_USAGE && refused.errors.contains("move `record.*`"),
            "\(refused)"
        )
        let away = try Self.run(
            ["-c", "mkdir \(folder.path)/away && mv \(folder.data)/record.* \(folder.path)/away"],
            folder,
            program: "/bin/sh"
        )
        #expect(away.code == 0, "\(away)")
        let restored = try Self.run(restore, folder)
        #expect(restored.code == 0, "\(restored)")
        try await Self.start(folder) { hub, client in
            let found = try await Filling(hub: hub, client: client).found()
            #expect(found == [0, 1, 2])
        }
        #expect(try Self.onRecord("PRAGMA user_version", folder) == "3\n")
    }

    @Test func `what is kept of the city, and that a record is damaged, come from the backup`()
        async throws
    {
        let folder = try TestFolder()
        try await Self.start(folder) { _, _ in }
        let city = folder.data + "/city.json"
        func put(_ name: String) throws {
            let json = #"{"name": "\#(name)", "latitude": 1, "longitude": 2}"#
            try Data(json.utf8).write(to: URL(filePath: city))
        }
        try put("One")
        try Data("a tile is missing".utf8)
            .write(to: URL(filePath: folder.data + "/record.damage"))
        let file = folder.path + "/hub.tar"
        #expect(try Self.run(["backup", file, "--data", folder.data], folder).code == 0)
        try put("Two")
        let restored = try Self.run(["restore", file, "--data", folder.data], folder)
        #expect(restored.code == 0 && !restored.output.contains("city.json"), "\(restored)")
        #expect(try String(contentsOfFile: city, encoding: .utf8).contains("One"))
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.data)
        let replaced = try #require(names.first { $0.hasPrefix("replaced-") })
        let old = try String(
            contentsOfFile: "\(folder.data)/\(replaced)/city.json",
            encoding: .utf8
        )
        #expect(old.contains("Two"))

        let other = try TestFolder()
        #expect(try Self.run(["restore", file, "--data", other.data], other).code == 0)
        let damage = try String(contentsOfFile: other.data + "/record.damage", encoding: .utf8)
        #expect(damage == "a tile is missing")
    }

    // MARK: -

    /// Runs statements on the record of a hub that does not run, and returns what they print.
    private static func onRecord(_ statements: String, _ folder: TestFolder) throws -> String {
        let end = try run(
            [folder.data + "/record.sqlite", statements],
            folder,
            program: "/usr/bin/sqlite3"
        )
        #expect(end.code == 0, "\(end.errors)")
        return end.output
    }

    /// Makes the record one of the first schema.
    private static func makeOlder(_ folder: TestFolder) throws {
        _ = try onRecord(
            """
            DELETE FROM grdb_migrations WHERE identifier IN ('2', '3');
            DROP TABLE opening_of_person; DROP TABLE indexed_openings;
            CREATE INDEX opening_subject ON opening (subject, tenant, key);
            PRAGMA user_version = 1
            """,
            folder
        )
    }

    private static func run(
        _ arguments: [String],
        _ folder: TestFolder,
        program: String? = nil
    ) throws -> (code: Int32, output: String, errors: String) {
        let log = "\(folder.path)/log-\(UUID().uuidString)"
        let process = try ChildProcess(program: program, arguments, log: log)
        let output = process.readRest()
        guard case .exited(let code) = process.waitUntilEnded() else {
            return (-1, output, process.errors)
        }
        return (code, output, process.errors)
    }

    /// Runs a hub on the folder from its start to a clean stop.
    private static func start(
        _ folder: TestFolder,
        _ body: (RealHub, HubClient) async throws -> Void
    ) async throws {
        try await HubClient.with { client in
            let hub = try await RealHub(folder: folder)
            try await body(hub, client)
            #expect(await hub.stop() == .exited(0))
        }
    }
}
