import ArgumentParser
import Foundation

/// `balai token`: tokens of the parties that the configuration gives permissions to.
struct TokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Make, list and remove the tokens of named parties.",
        discussion: """
            What a party may do is in the configuration under "permissions". A running hub takes \
            up a change within a second.
            """,
        subcommands: [Add.self, List.self, Remove.self]
    )

    /// Makes a token.
    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a token and print it; it cannot be shown again."
        )

        @Argument(help: "The party's name, as in the configuration.")
        var party: String
        @Option(help: "The hub's data folder.") var data = "balai-data"

        func validate() throws {
            guard !party.isEmpty, party.utf8.count <= 128 else {
                throw ValidationError("A party's name has 1 to 128 bytes.")
            }
            guard !["operator", "anonymous"].contains(party) else {
                throw ValidationError("'\(party)' is no name for a party: others are called so.")
            }
        }

        func run() async throws {
            try await reportingErrors {
                let folder = try DataFolder(creating: data)
                var random = SystemRandomNumberGenerator()
                let token = DataFolder.makeToken(&random)
                var tokens = try PartyTokens(of: folder)
                tokens.add(party: party, token: token, at: Date())
                try tokens.save(in: folder)
                try StandardOutput.line(token)
            }
        }
    }

    /// Lists who has a token.
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List who has a token.")

        @Option(help: "The hub's data folder.") var data = "balai-data"
        @Flag(help: "Print JSON.") var json = false

        func run() async throws {
            try await reportingErrors {
                guard let folder = DataFolder(existing: data) else {
                    throw StartError(.folder, "There is no folder \(data).")
                }
                let entries = try PartyTokens(of: folder).entries
                if json {
                    try printJSON(entries)
                } else {
                    for entry in entries {
                        try StandardOutput.line("\(entry.party)\t\(entry.made.formatted(.iso8601))")
                    }
                }
            }
        }
    }

    /// Takes a party's tokens away.
    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Remove a party's tokens.")

        @Argument(help: "The party's name.") var party: String
        @Option(help: "The hub's data folder.") var data = "balai-data"

        func run() async throws {
            try await reportingErrors {
                guard let folder = DataFolder(existing: data) else {
                    throw StartError(.folder, "There is no folder \(data).")
                }
                var tokens = try PartyTokens(of: folder)
                guard tokens.remove(party: party) > 0 else {
                    throw StartError(.usage, "\"\(party)\" has no token.")
                }
                try tokens.save(in: folder)
            }
        }
    }
}

/// Prints a value as JSON for scripts.
func printJSON(_ value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.dateEncodingStrategy = .iso8601
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try StandardOutput.write(try encoder.encode(value) + Data("\n".utf8))
}
