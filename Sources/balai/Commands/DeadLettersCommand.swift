import ArgumentParser
import Collect
import ContextModel
import Foundation
import Outbound

/// `balai dead-letters`: lists, replays or drops the dead letters of a running hub.
struct DeadLettersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead-letters",
        abstract: "List, send again or drop notifications that a hub gave up on.",
        discussion: "They need the operator's token: give it, or the data folder that has it.",
        subcommands: [
            ListDeadLetters.self, ReplayDeadLetters.self, DropDeadLetters.self,
        ]
    )
}

/// The choice of dead letters, and the hub.
struct DeadLetterOptions: ParsableArguments {
    @Option(help: "Only the one with this id.") var id: String?
    @Option(help: "Only those of this subscription.") var subscription: String?
    @Option(help: "Only those of this party's subscriptions: its name, operator or anonymous.")
    var owner: String?
    @Flag(help: "Write JSON.") var json = false
    @OptionGroup var remote: RemoteHubOptions

    /// Sends a request about them and returns the answer.
    func ask(
        _ path: String = "",
        _ method: (HTTPHub, String) async throws -> [UInt8]
    ) async throws -> JSONValue {
        let hub = try remote.connection()
        do {
            return try JSONReader.read(try await method(hub, "/hub/dead-letters\(path)\(query)"))
        } catch HubFailure.stopped(let reason), HubFailure.refused(let reason) {
            StandardError.write("balai: \(reason)\n")
            throw ExitCode(EX_UNAVAILABLE)
        }
    }

    /// The choice as the query of a URL.
    var query: String {
        let pairs = [("id", id), ("subscription", subscription), ("owner", owner)]
            .compactMap { name, value in
                value?.addingPercentEncoding(withAllowedCharacters: .alphanumerics)
                    .map { "\(name)=\($0)" }
            }
        return pairs.isEmpty ? "" : "?" + pairs.joined(separator: "&")
    }

    /// Prints how many there were, for people or for programs.
    func report(_ answer: JSONValue, _ member: String, _ sentence: (Int) -> String) throws {
        let count = answer.objectValue?[member]?.numberValue?.intValue ?? 0
        try StandardOutput.line(json ? answer.text : sentence(count))
    }
}

/// `balai dead-letters list`.
struct ListDeadLetters: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List them, oldest first."
    )
    @OptionGroup var options: DeadLetterOptions

    func run() async throws {
        try await reportingErrors {
            let answer = try await options.ask { try await $0.get($1) }
            guard !options.json else { return try StandardOutput.line(answer.text) }
            let letters = answer.arrayValue?.compactMap(\.objectValue) ?? []
            for letter in letters { try StandardOutput.line(Self.line(letter)) }
            if letters.isEmpty { try StandardOutput.line("There are none.") }
        }
    }

    /// Its members in an order for people, separated by tabs.
    static func line(_ letter: JSONObject) -> String {
        ["abandonedAt", "subscriptionId", "owner", "reason", "id"]
            .map { letter[$0]?.stringValue ?? "" }.joined(separator: "\t")
    }
}

/// `balai dead-letters replay`.
struct ReplayDeadLetters: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Send them again, as new notifications are."
    )
    @OptionGroup var options: DeadLetterOptions

    func run() async throws {
        try await reportingErrors {
            let answer = try await options.ask("/replay") { try await $0.post($1) }
            try options.report(answer, "replayed") { "\($0) sent again." }
        }
    }
}

/// `balai dead-letters drop`.
struct DropDeadLetters: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drop",
        abstract: "Remove them for good."
    )
    @OptionGroup var options: DeadLetterOptions

    func run() async throws {
        try await reportingErrors {
            let answer = try await options.ask { try await $0.delete($1) }
            try options.report(answer, "dropped") { "\($0) dropped." }
        }
    }
}
