import ArgumentParser
import Collect
import ContextModel
import Foundation
import Governance
import Outbound

/// `balai policy`: what policies say, before they are in force.
struct PolicyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy",
        abstract: "Check policies before they are put into force.",
        subcommands: [CheckPolicy.self]
    )
}

/// `balai policy check`.
struct CheckPolicy: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Say whether a policy is understood, and who could newly do what, or no longer.",
        discussion: """
            Nothing is changed. With --offline no hub is asked, and the text alone is looked at. \
            docs/policies.md says what a policy may say.
            """
    )

    @Argument(help: "The file of the policy, ODRL in JSON-LD; - for standard input.")
    var file: String?
    @Option(help: "Say what happens when the policy of this uid is put out of force.")
    var delete: String?
    @Flag(help: "Look at the text alone.") var offline = false
    @Flag(help: "Write JSON.") var json = false
    @Option(help: "The @context of the types and attributes it names: a URL.") var context: String?
    @OptionGroup var remote: RemoteHubOptions

    func validate() throws {
        guard (file == nil) != (delete == nil) else {
            throw ValidationError("Name a file, or with --delete a policy.")
        }
        guard delete == nil || !offline else {
            throw ValidationError("--delete asks a hub, and --offline asks none.")
        }
    }

    func run() async throws {
        try await reportingErrors {
            guard let file else { return try await preview(nil) }
            let bytes = try Self.bytes(of: file)
            do {
                let source = try JSONReader.read(bytes)
                guard case .object(let object) = source else {
                    throw PolicyError("policy", "It is a JSON object.")
                }
                let policy = try ODRLReader { LDContext.core.expand($0) }.policy(object)
                guard offline else { return try await preview(bytes) }
                let rules = policy.permissions.count + policy.prohibitions.count
                try StandardOutput.line("\(policy.id) is understood and makes \(rules) rules.")
            } catch let error as PolicyError {
                try Self.refuse(file, "\(error)")
            } catch let error as JSONError {
                try Self.refuse(file, "\(error)")
            }
        }
    }

    private static func refuse(_ file: String, _ reason: String) throws {
        StandardError.write("balai: \(file): \(reason)\n")
        throw ExitCode(EX_DATAERR)
    }

    private static func bytes(of file: String) throws -> [UInt8] {
        if file == "-" { return Array(FileHandle.standardInput.readDataToEndOfFile()) }
        guard let data = FileManager.default.contents(atPath: file) else {
            throw StartError(.usage, "\(file) cannot be read.")
        }
        return Array(data)
    }

    private func preview(_ policy: [UInt8]?) async throws {
        let hub = try remote.connection(context: context)
        let query = delete.map { id in
            "?delete=" + (id.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? id)
        }
        do {
            let answer = try JSONReader.read(
                try await hub.post("/governance/v1/policies/preview\(query ?? "")", policy)
            )
            guard !json else { return try StandardOutput.line(answer.text) }
            for line in Self.lines(of: answer.objectValue ?? [:]) { try StandardOutput.line(line) }
        } catch HubFailure.stopped(let reason), HubFailure.refused(let reason) {
            StandardError.write("balai: \(reason)\n")
            throw ExitCode(EX_UNAVAILABLE)
        }
    }

    /// What the preview says, a line for each difference.
    static func lines(of preview: JSONObject) -> [String] {
        let differences = preview["differences"]?.arrayValue?.compactMap(\.objectValue) ?? []
        var lines = differences.map(line)
        if lines.isEmpty { lines = ["Nobody can do more or less than before."] }
        if preview["isComplete"] == .bool(false) {
            lines.append("There are more differences than are shown.")
        }
        return lines
    }

    private static func line(_ difference: JSONObject) -> String {
        func list(_ member: String) -> String {
            (difference[member]?.arrayValue ?? []).compactMap(\.stringValue).joined(separator: ", ")
        }
        var line =
            difference["effect"] == "gains"
            ? "+ \(list("parties")) can newly \(list("actions")) \(list("what"))"
            : "- \(list("parties")) can no longer \(list("actions")) \(list("what"))"
        if difference["roles"] != nil { line += "; role \(list("roles"))" }
        if difference["attributes"] != nil { line += "; attributes \(list("attributes"))" }
        line += "; purpose \(list("purposes"))"
        if let from = difference["from"]?.stringValue { line += "; from \(from)" }
        if let until = difference["until"]?.stringValue { line += "; until \(until)" }
        let example = difference["example"]?.objectValue
        if let id = example?["id"]?.stringValue { line += "; such as \(id)" }
        if let count = example?["count"]?.stringValue { line += "; \(count) entities" }
        return line
    }
}
