import ContextModel
import NIOHTTP1
import Processes
import Testing

/// A full disk: here, no file of the hub may grow any more.
@Suite struct FullDiskTests {
    @Test func `a full disk gets 507, reads go on, and freed space is all that is needed`()
        async throws
    {
        let folder = try TestFolder()
        let hub = try await RealHub(folder: folder)
        try await HubClient.with { client in
            let filling = Filling(hub: hub, client: client)
            var kept = try await filling.fill(upTo: 3)
            try await hub.process.limitFiles(to: 1 << 20)
            kept += try await filling.fill(from: kept.count, upTo: 100)
            #expect(kept.count < 100, "the disk is never full")

            let refused = try await filling.create(kept.count)
            #expect(refused.status == 507)
            let detail = try refused.json.objectValue?["detail"]?.stringValue
            #expect(detail?.contains("disk is full") == true, "\(refused.text)")
            #expect(try await filling.found() == kept)
            #expect(try await filling.healthPage().contains("The disk is full"))

            try await hub.process.limitFiles(to: nil)
            #expect(try await filling.create(kept.count).status == 201)
            kept.append(kept.count)
            #expect(try await filling.found() == kept)
            #expect(try await filling.health() == 200)

            await hub.kill()
            let next = try await RealHub(folder: folder)
            #expect(try await Filling(hub: next, client: client).found() == kept)
            #expect(await next.stop() == .exited(0))
        }
    }

    @Test func `a file without space gets 507, for itself and for its content`()
        async throws
    {
        let folder = try TestFolder()
        let hub = try await RealHub(folder: folder)
        let entity =
            #"{"id": "urn:x:%", "type": "T", "text": {"value": ""#
            + String(repeating: "x", count: 1_000) + #""}}"#
        func file(_ count: Int) -> [UInt8] {
            let lines = (0..<count).map { entity.replacing("%", with: "\($0)") }
            return Array(lines.joined(separator: "\n").utf8)
        }
        try await hub.process.limitFiles(to: 1 << 20)
        for count in [900, 3_000] {
            let answer = try await hub.request(
                .POST,
                "/hub/imports/entities",
                contentType: "application/x-ndjson",
                body: file(count)
            )
            #expect(answer.status == 507, "\(count) entities: \(answer.text)")
        }
        try await hub.process.limitFiles(to: nil)
        #expect(await hub.stop() == .exited(0))
        withExtendedLifetime(folder) {}
    }
}
