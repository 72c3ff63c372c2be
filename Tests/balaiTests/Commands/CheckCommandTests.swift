import Broker
import ContextModel
import Foundation
import Governance
import Storage
import StorageSQLite
import Testing

@testable import balai

@Suite struct CheckCommandTests {
    @Test func `an empty folder is sound`() async throws {
        try await withTemporaryFolder { path in
            let end = try RunningCommand(["check", "--data", path + "/none"]).end()
            #expect(end.code == 0)
            #expect(end.output.hasSuffix("sound\n"))
        }
    }

    @Test func `a damaged database is reported, also in JSON`() async throws {
        try await withTemporaryFolder { path in
            try String(repeating: "no database ", count: 1000)
                .write(toFile: path + "/hub.sqlite", atomically: true, encoding: .utf8)
            let end = try RunningCommand(["check", "--data", path, "--json"]).end()
            #expect(end.code == 1)
            let report = try JSONDecoder().decode(Report.self, from: Data(end.output.utf8))
            #expect(!report.isSound)
            #expect(report.findings.contains { $0.area == "database" && $0.isProblem })
        }
    }

    @Test func `a wrong setting is reported`() async throws {
        try await withTemporaryFolder { path in
            let file = path + "/hub.yaml"
            try "prot: 1".write(toFile: file, atomically: true, encoding: .utf8)
            let end = try RunningCommand(["check", "--data", path, "--config", file]).end()
            #expect(end.code == 78)
            #expect(end.output.contains("nearest: \"port\""))
        }
    }

    @Test func `the rights of services are reported as configured`() async throws {
        try await withTemporaryFolder { path in
            let arguments = ["check", "--data", path + "/none"]
            let plain = try RunningCommand(arguments).end()
            #expect(
                plain.output.contains("service: demo-city may, where it runs: write: every entity")
            )
            let file = path + "/hub.yaml"
            for (setting, told) in [
                ("types: [Bus]", "may, where it runs: write: Bus"),
                ("actions: [read]", "may do no more than anybody"),
                ("enabled: false", "demo-city is switched off."),
            ] {
                try "services: {demo-city: {\(setting)}}"
                    .write(toFile: file, atomically: true, encoding: .utf8)
                let end = try RunningCommand(arguments + ["--config", file]).end()
                #expect(end.code == 0)
                #expect(end.output.contains(told), "\(end.output)")
            }
        }
    }

    /// Writes documents of an earlier version into the database of a hub that is not running.
    private func keep(_ documents: [Document], in folder: String) async throws {
        let store = try SQLiteStore(folder: folder) { Timestamp(microseconds: 0) }
        let tenant = try await store.makeTenant(nil)
        try await tenant.bookkeep { transaction in
            for document in documents { try transaction.put(document) }
        }
        await store.close()
    }

    private func subscription(_ id: String, q: String) -> Document {
        SubscriptionRecord(
            id: id,
            owner: .named(PartyID("office")),
            purpose: nil,
            context: .array([]),
            body: [
                "entities": [["type": "Bus"]], "q": .string(q),
                "notification": ["endpoint": ["uri": "http://receiver.example/"]],
            ],
            createdAt: Timestamp(microseconds: 0)
        ).document
    }

    private func registration(_ id: String, idPattern: String) -> Document {
        let entity: JSONValue = ["type": "Bus", "idPattern": .string(idPattern)]
        return RegistrationRecord(
            id: id,
            body: [
                "endpoint": "http://source.example/", "information": [["entities": [entity]]],
            ],
            createdAt: Timestamp(microseconds: 0)
        ).document
    }

    /// Runs the body on a folder with valid documents and some that an earlier version accepted.
    private func withFormerDocuments(_ body: (String) async throws -> Void) async throws {
        try await withTemporaryFolder { path in
            let documents = [
                subscription("urn:s:good", q: "line~=^a+$"),
                subscription("urn:s:bad", q: "line~=\\bx"),
                registration("urn:r:good", idPattern: "^urn:.*"),
                registration("urn:r:bad", idPattern: "*a"),
            ]
            try await keep(documents, in: path)
            try await body(path)
        }
    }

    private static let refusals = [
        "The subscription 'urn:s:bad' (office) does not notify: ",
        "is not part of POSIX patterns.", "The registration 'urn:r:bad' is not found: ",
        "There is nothing before a repetition: *.",
    ]

    @Test func `stored documents that are refused now are listed with the reason`() async throws {
        try await withFormerDocuments { path in
            let end = try RunningCommand(["check", "--data", path]).end()
            #expect(end.code == 1)
            for text in Self.refusals { #expect(end.output.contains(text), "\(end.output)") }
            #expect(!end.output.contains("good"))
        }
    }

    @Test func `a hub logs at its start which stored documents are refused now`() async throws {
        try await withFormerDocuments { path in
            let hub = try RunningCommand([
                "serve", "--data", path, "--port", "0", "--log-level", "error",
            ])
            #expect(try hub.nextLine()?.hasPrefix("ready ") == true)
            for text in Self.refusals { #expect(hub.errors.contains(text), "\(hub.errors)") }
            #expect(!hub.errors.contains("good"))
            hub.stop(SIGTERM)
            #expect(try hub.end().code == 0)
        }
    }

    private struct Report: Decodable {
        struct Finding: Decodable {
            var area: String
            var isProblem: Bool
        }
        var isSound: Bool
        var findings: [Finding]
    }
}
