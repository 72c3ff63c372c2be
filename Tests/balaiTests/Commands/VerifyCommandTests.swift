import ContextModel
import Foundation
import Record
import StorageSQLite
import Testing

@testable import balai

@Suite struct VerifyCommandTests {
    /// Files of a person, whose choice and one later access are in a record.
    private struct Files {
        let folder: String
        let keys: String
        let choice: String
        let access: String

        init(in folder: String, stateOfAccess: Int = 1, witnessKey: Bool = false) async throws {
            self.folder = folder
            (keys, choice, access) = (
                folder + "/keys", folder + "/choice.tlog-proof", folder + "/access.tlog-proof"
            )
            let signer = try DataFolder(creating: folder).recordSigner(named: "city.example/record")
            let opening = SQLiteRecordStore.open(folder: folder, key: signer.key)
            let writer = RecordWriter(opening, signer: signer)
            try await Self.add(.choice, second: 0, state: 0, to: writer)
            try await Self.add(.read, second: 60, state: stateOfAccess, to: writer)
            for (number, path) in [choice, access].enumerated() {
                let query = OpeningQuery(
                    of: "urn:person:1",
                    tenant: nil,
                    in: number..<number + 1,
                    limit: 1
                )
                let kept = try #require(try await writer.openings(query).first)
                let proof = try await writer.proof(of: number, opening: kept)
                try proof.text.write(toFile: path, atomically: true, encoding: .utf8)
            }
            await writer.close()
            var lines = "# the city's record\n\(signer.key)\n"
            if witnessKey {
                let witness = NoteSigner(name: "witness.example", purpose: .cosignature)
                lines += "\(try #require(witness).key)\n"
            }
            try lines.write(toFile: keys, atomically: true, encoding: .utf8)
        }

        private static func add(
            _ kind: EntryKind,
            second: Int64,
            state: Int,
            to writer: RecordWriter
        ) async throws {
            let time = Timestamp(microseconds: 1_769_846_400_000_000 + second * 1_000_000)
            let opening = Opening(
                subject: "urn:person:1",
                party: "urn:clinic\u{1B}[2J",
                purpose: "https://w3id.org/dpv#PublicHealth",
                time: time
            )
            let draft = RecordDraft(kind, time: time, state: state, openings: [opening])
            _ = try await writer.append(draft)
        }
    }

    private func verify(
        _ files: Files,
        _ options: [String] = []
    ) throws -> (
        code: Int32, output: String, errors: String
    ) {
        try RunningCommand(
            ["verify", files.choice, files.access, "--keys", files.keys] + options
        ).end()
    }

    @Test func `a person checks a choice and an access without a hub`() async throws {
        try await withTemporaryFolder { path in
            let files = try await Files(in: path)
            let result = try verify(files)
            #expect(result.code == 0)
            #expect(result.errors.isEmpty)
            #expect(result.output.hasSuffix("verified\n"))
            #expect(result.output.contains("entry 0 of 2 in city.example/record: choice"))
            #expect(result.output.contains("person \"urn:person:1\""))
            // A terminal is not made to do what a party's name says.
            #expect(!result.output.contains("\u{1B}"))
        }
    }

    @Test func `an access that did not honour the choice is told`() async throws {
        try await withTemporaryFolder { path in
            let result = try verify(try await Files(in: path, stateOfAccess: 0))
            #expect(result.code == 1)
            #expect(result.errors.contains("does not include the choice in entry 0"))
            #expect(!result.output.contains("verified\n"))
        }
    }

    @Test func `witnesses whose keys are given must have signed`() async throws {
        try await withTemporaryFolder { path in
            let files = try await Files(in: path, witnessKey: true)
            let strict = try verify(files)
            #expect(strict.code == 1)
            #expect(strict.errors.contains("0 of the given witnesses"))
            #expect(try verify(files, ["--witnesses", "0"]).code == 0)
            #expect(try verify(files, ["--witnesses", "2"]).code == 64)
        }
    }

    @Test func `what is wrong with a file is said, by a code of its own`() async throws {
        try await withTemporaryFolder { path in
            let files = try await Files(in: path)
            func code(_ arguments: [String]) throws -> Int32 {
                try RunningCommand(["verify"] + arguments).end().code
            }
            let text = try String(contentsOfFile: files.choice, encoding: .utf8)
            let wrong = path + "/wrong"
            try text.replacing("index 0\n", with: "index 1\n")
                .write(toFile: wrong, atomically: true, encoding: .utf8)
            #expect(try code([wrong, "--keys", files.keys]) == 1)
            try "nothing".write(toFile: wrong, atomically: true, encoding: .utf8)
            #expect(try code([wrong, "--keys", files.keys]) == 65)
            #expect(try code([files.choice, "--keys", wrong]) == 65)
            #expect(try code([path + "/missing", "--keys", files.keys]) == 66)
            #expect(try code([files.choice]) == 64)
            try "# none\n".write(toFile: wrong, atomically: true, encoding: .utf8)
            #expect(try code([files.choice, "--keys", wrong]) == 1)
        }
    }

    @Test func `the record's key is made once, for its owner alone`() async throws {
        try await withTemporaryFolder { path in
            func key(
                _ more: [String] = []
            ) throws -> (
                code: Int32, output: String, errors: String
            ) {
                try RunningCommand(["record", "key", "--data", path] + more).end()
            }
            let made = try key(["--name", "city.example/record"])
            #expect(made.code == 0)
            let publicKey = try NoteKey(String(made.output.dropLast()))
            #expect(publicKey.name == "city.example/record")
            #expect(try key().output == made.output)
            #expect(try key(["--name", "other.example"]).code == 64)
            let file = path + "/record.key"
            let attributes = try FileManager.default.attributesOfItem(atPath: file)
            #expect(attributes[.posixPermissions] as? Int == 0o600)
            try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: file)
            #expect(try key().code == 77)
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file)
            try "nothing".write(toFile: file, atomically: false, encoding: .utf8)
            #expect(try key().code == 77)
        }
        var dice = SystemRandomNumberGenerator()
        #expect(
            DataFolder.recordName(publicURL: "https://city.example/hub/", &dice)
                == "city.example/hub/record"
        )
        #expect(NoteKey.isName(DataFolder.recordName(publicURL: nil, &dice)))
    }
}
