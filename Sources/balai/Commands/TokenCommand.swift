import ArgumentParser
import Broker
import ContextModel
import Foundation
import Gateway
import Governance

/// `balai token`: manages the tokens of parties.
struct TokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Make, list and remove the tokens of named parties.",
        discussion: """
            What a party may do is in the configuration under "permissions". A token that is issued \
            is signed by the hub, says whose it is, and ends by itself or when it is revoked. One that is added is opaque, \
            and holds until it is removed; a running hub takes up a change within a second.
            """,
        subcommands: [Issue.self, Add.self, List.self, Remove.self, Revoke.self]
    )

    /// Signs a token with the hub's own key.
    struct Issue: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Sign a token that names its bearer and expires, and print it."
        )

        @Option(help: "The party, a URI.") var party: String
        @Option(help: "A role: admin, or one that policies name; may be repeated.")
        var role: [String] = []
        @Option(help: "The person whose token it is, a URI.") var subject: String?
        @Option(help: "The only purpose that it is for, of the Data Privacy Vocabulary.")
        var purpose: String?
        @Option(help: "Its lifetime, as 45s, 30m, 1h or 7d; at most 366d.")
        var ttl = TokenLifetime(seconds: 3600)
        @Option(help: "The hub's data folder.") var data = "balai-data"

        func validate() throws {
            guard URIText.isValid(party), Party.isName(party) else {
                throw ValidationError("--party: '\(party)' is not a URI that can name a party.")
            }
            if let wrong = role.first(where: { !Standing.isRoleName($0) }) {
                throw ValidationError("--role: '\(wrong)' is no role: one has 1 to 128 bytes.")
            }
            if let subject, !URIText.isValid(subject) || subject.utf8.count > 256 {
                throw ValidationError("--subject: '\(subject)' is not a URI of at most 256 bytes.")
            }
            if let purpose, !Purpose(purpose).isKnown {
                throw ValidationError(
                    "--purpose: '\(purpose)' is no purpose of the Data Privacy Vocabulary, such as "
                        + "dpv:ImproveTransportMobility (https://w3id.org/dpv)."
                )
            }
        }

        func run() async throws {
            try await reportingErrors {
                let key = try await DataFolder(creating: data).hubKey()
                let standing = Standing(roleNames: role)
                let credential = Credential(
                    party: .named(PartyID(party)),
                    roles: standing.roles,
                    otherRoles: standing.otherRoles,
                    subject: subject.map { SubjectID($0) },
                    purpose: purpose.map { Purpose($0) }
                )
                try StandardOutput.line(
                    key.token(
                        for: credential,
                        seconds: ttl.seconds,
                        at: Timestamp(Date()),
                        id: UUID().uuidString.lowercased()
                    )
                )
            }
        }
    }

    /// Creates a token.
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
            if let problem = PartyTokens.problem(withName: party) {
                throw ValidationError(problem)
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

        /// A warning for a party without a permission: its token gives no more access than none.
        ///
        /// A hub that was started before keeps rules of its own, which a command cannot see.
        private func warning() async throws(ConfigurationError) -> String? {
            let environment = ProcessInfo.processInfo.environment
            let policy = try HubConfiguration(
                await ConfigurationSources(file: config, environment: environment)
            ).policy
            guard !policy.permissions.contains(where: { $0.assignee == .party(PartyID(party)) })
            else { return nil }
            let place = config.map { "\($0) has" } ?? "Without --config there is"
            return """
                balai: \(place) no permission for "\(party)". Unless the rules that the hub keeps since \
                its first start have one, this token shows no more than what is public: name the party \
                under "permissions" there (docs/rights.md).

                """
        }
    }

    /// Lists the parties with a token.
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

    /// Removes a party's tokens.
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

/// The lifetime of a token, written as `45s`, `30m`, `1h` or `7d`.
struct TokenLifetime: ExpressibleByArgument {
    let seconds: Int

    init(seconds: Int) { self.seconds = seconds }

    init?(argument: String) {
        let units: [Character: Int] = ["s": 1, "m": 60, "h": 3600, "d": 86400]
        guard let unit = argument.last.flatMap({ units[$0] }),
            let count = Int(argument.dropLast()), (1...Self.maximumSeconds / unit).contains(count)
        else { return nil }
        seconds = count * unit
    }

    var defaultValueDescription: String { "\(seconds / 3600)h" }

    static let maximumSeconds = 366 * 86400
}

/// Prints a value as JSON for scripts.
func printJSON(_ value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.dateEncodingStrategy = .iso8601
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try StandardOutput.write(try encoder.encode(value) + Data("\n".utf8))
}
