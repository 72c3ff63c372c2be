import Broker
import ContextModel
import Foundation
import Governance
import HubNetwork
import Outbound
import Processes
import Testing

@testable import Gateway

/// Reports at a TAXII server of somebody else: medallion, from PyPI.
@Suite(.timeLimit(.minutes(10))) struct MedallionTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    /// Where `.ci/python-packages` installs it.
    private static let python =
        folder.appending(path: "../../../.build/taxii-clients/bin/python").standardized.path

    @Test func `what members have signed is fetched from it, page by page, and nothing else`()
        async throws
    {
        try #require(
            FileManager.default.isExecutableFile(atPath: Self.python),
            "Run .ci/python-packages taxii-clients first, as `make test` does."
        )
        try await FederatedHub.running(1) { hubs in
            let hub = hubs[0]
            try await FederatedHub.join(hubs)
            let (author, stranger) = (MemberKey(), MemberKey())
            let now = hub.hub.clock()
            let signed = try (0..<5)
                .map { number in
                    let object = try STIXObject(.object(TestReport.sighting(at: now)))
                    let key = number == 3 ? stranger : author
                    return try SignedReport(object, by: MemberID(firstKey: key.id), with: key)
                }
            // One that nobody has signed is among them.
            let objects =
                signed.map { JSONValue.object($0.object.json) }
                + [.object(TestReport.sighting(at: now))]
            let log = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
            defer { try? FileManager.default.removeItem(atPath: log) }
            let server = try ChildProcess(
                program: Self.python,
                [
                    Self.folder.appending(path: "medallion_server.py").path,
                    JSONValue.array(objects).text,
                ],
                log: log
            )
            let line = try #require(await server.line(with: "ready "), "\(server.errors)")
            let address = String(line.dropFirst("ready ".count))
            // A member whose server speaks as others do.
            try await hub.admit(author, at: address)
            try await hub.decide(["heard": [.string(MemberID(firstKey: author.id).text)]])
            let web = OutboundWeb(allowsPrivateAddresses: true)
            let client = TaxiiClient(web)
            do {
                let collections = try await client.collections(at: address, nil)
                #expect(collections.count == 1)
                let service = ReportService(hub.hub, web)
                for _ in 0..<2 { await service.round() }
            } catch {
                try await web.shutdown()
                throw error
            }
            try await web.shutdown()
            let found = try await hub.hub.coordinating.queryReports(
                ReportFilter(),
                limit: 100,
                caller: Caller(party: .operator)
            )
            let expected = signed.filter { $0.hub == MemberID(firstKey: author.id) }
            #expect(Set(found.reports.map(\.report)) == Set(expected), "\(server.errors)")
            server.send(SIGTERM)
            _ = await server.ended()
        }
    }
}
