import ArgumentParser
import Collect
import ContextModel
import Foundation
import Outbound

/// `balai export`: writes a hub's entities, one on each line.
struct ExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write a hub's entities to standard output, one JSON object on each line.",
        discussion: "What it writes, `balai import json` reads."
    )

    /// Entities asked for at a time.
    private static let pageSize = 1_000

    @Option(name: .customLong("type"), help: "Only entities of this type; may be given again.")
    var types: [String] = []
    @Flag(help: "Write the temporal evolution of the entities instead.") var history = false
    @OptionGroup var remote: RemoteHubOptions

    func run() async throws {
        try await reportingErrors {
            let hub = try remote.connection()
            do {
                let wanted = types.isEmpty ? try await allTypes(hub) : types
                var written: Set<String> = []
                for type in wanted { try await export(type, hub, &written) }
            } catch HubFailure.stopped(let reason), HubFailure.refused(let reason) {
                FileHandle.standardError.write(Data("balai: \(reason)\n".utf8))
                throw ExitCode(EX_UNAVAILABLE)
            }
        }
    }

    /// The types of the hub: a query has to name something (clause 5.7.2).
    private func allTypes(_ hub: HTTPHub) async throws -> [String] {
        let answer = try read(try await hub.get("/ngsi-ld/v1/types"))
        return (answer.objectValue?["typeList"]?.arrayValue ?? []).compactMap(\.stringValue)
    }

    /// Writes all entities of the type that were not written for another type they have.
    private func export(_ type: String, _ hub: HTTPHub, _ written: inout Set<String>) async throws {
        let path = history ? "/ngsi-ld/v1/temporal/entities" : "/ngsi-ld/v1/entities"
        // A temporal query names a range (clause 5.7.4): here, all of time.
        let range = history ? "&timerel=after&timeAt=0001-01-01T00:00:00Z" : ""
        let query = "type=\(Self.encoded(type))&limit=\(Self.pageSize)\(range)"
        for page in 0... {
            let answer = try await hub.get("\(path)?\(query)&offset=\(page * Self.pageSize)")
            let entities = try read(answer).arrayValue ?? []
            for entity in entities {
                let id = entity.objectValue?["id"]?.stringValue ?? ""
                guard written.insert(id).inserted else { continue }
                FileHandle.standardOutput.write(Data(entity.serialized + [0x0A]))
            }
            if entities.count < Self.pageSize { return }
        }
    }

    private func read(_ answer: [UInt8]) throws -> JSONValue {
        do {
            return try JSONReader.read(answer)
        } catch {
            throw HubFailure.stopped(reason: "The hub's answer is no JSON: \(error)")
        }
    }

    private static func encoded(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? text
    }
}
