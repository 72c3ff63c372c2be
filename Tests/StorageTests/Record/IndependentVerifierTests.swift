import Foundation
import Processes
import Record
import Testing

/// What others' software makes of a record: sigstore, pymerkle and tamperlog, from PyPI.
@Suite struct IndependentVerifierTests {
    /// Where `.ci/python-packages` installs them.
    private static let python = repository.appending(path: ".build/record-verifier/bin/python").path
    private static let repository = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../..").standardized

    /// What a hub serves, in files for the program.
    private func serve(_ record: RecordFolder) async throws {
        let writer = record.open()
        try await writer.fill(300, .read(0..<2))
        let signed = try await writer.signCheckpoint()
        func write(_ text: String, _ name: String) throws {
            try text.write(toFile: record.path(name), atomically: true, encoding: .utf8)
        }
        func write(_ hashes: [TreeHash], _ name: String) throws {
            try write(hashes.map { "\($0)\n" }.joined(), name)
        }
        try write(record.signer.key.description, "key")
        try write(signed.text, "checkpoint")
        var lines: [UInt8] = []
        for (index, width) in [(0, 256), (1, 44)] {
            let bundle = try await writer.bytes(of: Tile(.entries, index: index, width: width))
            for entry in try #require(bundle.flatMap(EntryBundle.entries)) {
                lines += entry + [UInt8(ascii: "\n")]
            }
        }
        try Data(lines).write(to: URL(filePath: record.path("entries")))
        for index in [0, 1, 127, 255, 256, 298, 299] {
            try write(try await writer.proof(of: index).path, "inclusion-\(index)")
        }
        for size in [1, 2, 7, 128, 255, 256, 257, 299] {
            let question = try #require(try await writer.question(toWitnessAt: size))
            try write(question.proof, "consistency-\(size)")
        }
        await writer.close()
    }

    private func verify(_ record: RecordFolder) async throws -> (code: Int32, said: String) {
        try #require(
            FileManager.default.isExecutableFile(atPath: Self.python),
            "Run .ci/python-packages record-verifier first, as `make test` does."
        )
        let script = Self.repository.appending(path: "Tests/StorageTests/Record/verify_record.py")
        let process = try ChildProcess(
            program: Self.python,
            [script.path, record.folder.path],
            log: record.path("log")
        )
        let output = process.readRest()
        guard case .exited(let code) = await process.ended() else { return (-1, output) }
        return (code, output + process.errors)
    }

    @Test func `others' software agrees with the record, and not with a forged one`()
        async throws
    {
        let record = try RecordFolder()
        try await serve(record)
        let honest = try await verify(record)
        #expect(honest.code == 0, "\(honest.said)")
        #expect(honest.said == "agreed on 300 entries and 15 proofs\n")

        for (file, old, new) in [
            ("checkpoint", "\n300\n", "\n301\n"), ("entries", "\"state\":0", "\"state\":1"),
            ("consistency-7", "\n", "\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"),
            ("inclusion-0", "\n", "\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"),
        ] {
            let path = record.path(file)
            let text = try String(contentsOfFile: path, encoding: .utf8)
            let place = try #require(text.firstRange(of: old))
            try text.replacingCharacters(in: place, with: new)
                .write(toFile: path, atomically: true, encoding: .utf8)
            #expect(try await verify(record).code == 1, "\(file)")
            try text.write(toFile: path, atomically: true, encoding: .utf8)
        }
    }
}
