import ArgumentParser
import Record

/// `balai record`: the hub's public record.
struct RecordCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "record",
        abstract: "Show the keys of a hub's public record, and of the hub as a witness.",
        subcommands: [Key.self, WitnessKey.self]
    )

    /// Prints the public key with which the hub signs as a witness, and makes the key if there is none.
    struct WitnessKey: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "witness-key",
            abstract:
                "Print the public key of the hub as a witness; make the key if there is none.",
            discussion: """
                Others write the line into `witnesses` of their configuration, and into the files of \
                `balai verify --keys`. The private key stays in the data folder, in witness.key.
                """
        )

        @Option(help: "The hub's data folder.") var data = "balai-data"
        @Option(help: "The witness's name, if it has no key yet: the hub's host, and /witness.")
        var name: String?

        func run() async throws {
            try await reportingErrors {
                let folder = try DataFolder(creating: data)
                var random = SystemRandomNumberGenerator()
                let chosen = name ?? DataFolder.witnessName(publicURL: nil, &random)
                let signer = try folder.witnessSigner(named: chosen)
                if let name, signer.key.name != name {
                    throw StartError(
                        .usage,
                        "The witness has a key already, and its name is \(signer.key.name)."
                    )
                }
                try StandardOutput.line(signer.key.description)
            }
        }
    }

    /// Prints the public key, and makes the key if there is none.
    struct Key: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the public key that checks the record; make the key if there is none.",
            discussion: """
                The line is one that `balai verify --keys` reads, and other tools of transparency \
                logs (C2SP signed-note). The private key stays in the data folder, in record.key: \
                keep a copy of it in a safe place, for the record goes on with this key alone.
                """
        )

        @Option(help: "The hub's data folder.") var data = "balai-data"
        @Option(
            help: """
                The record's name, if it has no key yet: the URL where it is served, without \
                https://. It cannot be changed.
                """
        )
        var name: String?

        func run() async throws {
            try await reportingErrors {
                let folder = try DataFolder(creating: data)
                var random = SystemRandomNumberGenerator()
                let chosen = name ?? DataFolder.recordName(publicURL: nil, &random)
                let signer = try folder.recordSigner(named: chosen)
                if let name, signer.key.name != name {
                    throw StartError(
                        .usage,
                        "The record has a key already, and its name is \(signer.key.name)."
                    )
                }
                try StandardOutput.line(signer.key.description)
            }
        }
    }
}
