import ArgumentParser
import Broker
import Foundation
import Governance

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
        @Option(help: "The hub's configuration file, to see what it permits the party.")
        var config: String?

        func validate() throws {
            guard !party.isEmpty, party.utf8.count <= 128 else {
                throw ValidationError("A party's name has 1 to 128 bytes.")
            }
            guard !["operator", "anonymous"].contains(party),
                !party.hasPrefix(Party.servicePrefix)
            else {
                throw ValidationError("'\(party)' is no name for a party: others are called so.")
            }
        }

        func run() async throws {
            try await reportingErrors {
                let warning = try await warning()
                let folder = try DataFolder(creating: data)
                var random = SystemRandomNumberGenerator()
                let token = DataFolder.makeToken(&random)
                var tokens = try PartyTokens(of: folder)
                tokens.add(party: party, token: token, at: Date())
                try tokens.save(in: folder)
                try StandardOutput.line(token)
                if let warning { StandardError.write(warning) }
            }
        }

        /// A token of a party that no permission names opens no more than none does.
        private func warning() async throws(ConfigurationError) -> String? {
            let environment = ProcessInfo.processInfo.environment
            let policy = try HubConfiguration(
                await ConfigurationSources(file: config, environment: environment)
            ).policy
            guard !policy.permissions.contains(where: { $0.assignee == .party(PartyID(party)) })
            else { return nil }
            let place = config.map { "\($0) has" } ?? "Without --config there is"
            return """
                balai: \(place) no permission for "\(party)": this token shows no more than what is \
                public. Name the party under "permissions" (docs/configuration.md).

                """
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
