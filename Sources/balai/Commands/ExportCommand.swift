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
        discussion: """
            What it writes, `balai import json` reads; what it writes with --history, `balai import \
            json --history`.
            """
    )

    /// The entities of one request.
    private static let pageSize = 1_000

    @Option(name: .customLong("type"), help: "Only entities of this type; may be given again.")
    var types: [String] = []
    @Flag(help: "Write the temporal evolution of the entities instead.") var history = false
    @OptionGroup var remote: RemoteHubOptions

    func run() async throws {
        try await reportingErrors {
            let hub = try remote.connection()
            do {
                try await hub.greet()
                let wanted = types.isEmpty ? try await allTypes(hub) : types
                var written: Set<String> = []
                for type in wanted { try await export(type, hub, &written) }
            } catch HubFailure.stopped(let reason), HubFailure.refused(let reason) {
                StandardError.write("balai: \(reason)\n")
                throw ExitCode(EX_UNAVAILABLE)
            }
        }
    }

    /// The types of the hub: a query must name something (clause 5.7.2).
    private func allTypes(_ hub: HTTPHub) async throws -> [String] {
        let answer = try read(try await hub.get("/ngsi-ld/v1/types"))
        return (answer.objectValue?["typeList"]?.arrayValue ?? []).compactMap(\.stringValue)
    }

    /// Writes the entities of the type, without those that were written for another of their
    /// types.
    private func export(_ type: String, _ hub: HTTPHub, _ written: inout Set<String>) async throws {
        if history { return try await exportHistory(type, hub, &written) }
        let query = "type=\(Self.encoded(type))&limit=\(Self.pageSize)"
        for page in 0... {
            let offset = page * Self.pageSize
            let answer = try await hub.get("/ngsi-ld/v1/entities?\(query)&offset=\(offset)")
            let entities = try read(answer).arrayValue ?? []
            for entity in entities where written.insert(Self.id(of: entity)).inserted {
                try write(entity)
            }
            if entities.count < Self.pageSize { return }
        }
    }

    private func write(_ entity: JSONValue) throws {
        try StandardOutput.write(entity.serialized + [0x0A])
    }

    private static func id(of entity: JSONValue) -> String {
        entity.objectValue?["id"]?.stringValue ?? ""
    }

    private func read(_ answer: [UInt8]) throws -> JSONValue {
        do {
            return try JSONReader.read(answer)
        } catch {
            throw HubFailure.stopped(reason: "The hub's answer is not JSON: \(error)")
        }
    }

    private static func encoded(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? text
    }
}

// MARK: - History

extension ExportCommand {
    /// The evolutions of one request: each may be long.
    private static let evolutionsPerPage = 50
    private static let temporalPath = "/ngsi-ld/v1/temporal/entities"
    /// The range that a temporal query must name (clause 5.7.4): all of time.
    private static let always = "timerel=after&timeAt=0001-01-01T00:00:00Z"

    /// Writes the evolutions of a type; one that is too long for an answer (206) takes several
    /// lines.
    private func exportHistory(
        _ type: String,
        _ hub: HTTPHub,
        _ written: inout Set<String>
    ) async throws {
        let limit = Self.evolutionsPerPage
        let query = "type=\(Self.encoded(type))&limit=\(limit)&\(Self.always)"
        for page in 0... {
            let path = "\(Self.temporalPath)?\(query)&offset=\(page * limit)"
            guard let part = try await hub.temporalPart(path) else { return }
            let evolutions = try read(part.body).arrayValue ?? []
            for evolution in evolutions where written.insert(Self.id(of: evolution)).inserted {
                try write(evolution)
                try await writeRest(of: Self.id(of: evolution), after: part.cutOffAt, hub)
            }
            if evolutions.count < limit { return }
        }
    }

    /// Writes the part of an evolution after the moment at which an answer was cut.
    private func writeRest(of id: String, after end: Timestamp?, _ hub: HTTPHub) async throws {
        var end = end
        while let known = end {
            let next = Timestamp(microseconds: known.microseconds + 1).text
            let path = "\(Self.temporalPath)/\(Self.encoded(id))?timerel=after&timeAt=\(next)"
            guard let part = try await hub.temporalPart(path) else { return }
            try write(try read(part.body))
            end = part.cutOffAt
        }
    }
}
