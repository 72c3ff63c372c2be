import ArgumentParser
import ContextModel
import Foundation
import Record

/// `balai verify`: whether something is in a record, without any hub.
struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check proofs of a public record, offline.",
        discussion: """
            A key file has a public key in each line: of the record, and of the witnesses that must \
            have signed. Several proofs are also checked against each other: what was decided after \
            a choice must know of the choice.

            Exits with 0 when all is right, 1 when it is not, 64 for wrong usage, 65 when a file is \
            no proof or has no keys, 66 when one cannot be read.
            """
    )

    @Argument(help: "Files with proofs (.tlog-proof).") var files: [String]
    @Option(parsing: .upToNextOption, help: "Files with public keys.") var keys: [String]
    @Option(help: "How many of the witnesses must have signed; all, if this is not given.")
    var witnesses: Int?

    func run() async throws {
        try await reportingErrors {
            let verifier = ProofVerifier(keys: try trusted(), quorum: witnesses)
            var proofs: [VerifiedProof] = []
            for file in files {
                let text = try read(file)
                let proof = try about(file) { () throws(ProofError) in
                    try verifier.verify(TransparencyProof(text))
                }
                try StandardOutput.write(Self.report(proof, file))
                proofs.append(proof)
            }
            try about(nil) { () throws(ProofError) in try verifier.compare(proofs) }
            try StandardOutput.line("verified")
        }
    }

    private func trusted() throws -> [NoteKey] {
        var trusted: [NoteKey] = []
        for file in keys {
            let text = try read(file)
            trusted += try about(file) { () throws(ProofError) in try NoteKey.keys(inFile: text) }
        }
        let count = Set(trusted.filter { $0.purpose == .cosignature }).count
        guard witnesses ?? 0 <= count, witnesses ?? 0 >= 0 else {
            StandardError.write("balai: The key files have keys of \(count) witnesses.\n")
            throw ExitCode(EX_USAGE)
        }
        return trusted
    }

    private func read(_ file: String) throws -> String {
        guard let data = FileManager.default.contents(atPath: file) else {
            StandardError.write("balai: \(file) cannot be read.\n")
            throw ExitCode(EX_NOINPUT)
        }
        return String(decoding: data, as: UTF8.self)
    }

    private func about<Answer>(
        _ file: String?,
        _ body: () throws(ProofError) -> Answer
    ) throws -> Answer {
        do {
            return try body()
        } catch {
            let place = file.map { "\($0): " } ?? ""
            StandardError.write("balai: \(place)\(error.message)\n")
            throw ExitCode(error.code == .malformed ? EX_DATAERR : 1)
        }
    }

    /// What the proof shows, in sentences; texts of the proof in quotes, for they may be anything.
    static func report(_ proof: VerifiedProof, _ file: String) -> String {
        func quoted(_ text: String) -> String { JSONValue.string(text).text }
        let (entry, checkpoint) = (proof.entry, proof.checkpoint)
        var lines = [
            "\(file):",
            "  entry \(proof.index) of \(checkpoint.size) in \(checkpoint.origin): "
                + "\(entry.kind.name), \(entry.time)",
            "  decided when \(entry.state) entries were in force",
        ]
        if let opening = proof.opening {
            let parts = [
                ("person", opening.subject), ("party", opening.party),
                ("tenant", opening.tenant), ("purpose", opening.purpose), ("rule", opening.rule),
            ]
            lines += parts.compactMap { name, text in text.map { "  \(name) \(quoted($0))" } }
            lines += opening.entities.map { "  entity \(quoted($0))" }
            lines += opening.attributes.map { "  attribute \(quoted($0))" }
            if !opening.details.isEmpty {
                lines.append("  details \(JSONValue.object(opening.details).text)")
            }
        }
        lines += proof.witnesses.map { "  seen by \($0.name), \($0.time)" }
        return lines.map { "\($0)\n" }.joined()
    }
}
