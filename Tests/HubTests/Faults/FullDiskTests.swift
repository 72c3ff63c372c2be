import ContextModel
import Foundation
import NIOHTTP1
import Testing

/// The disk is full: here, no file of the hub may grow any more.
@Suite struct FullDiskTests {
    @Test func `a full disk gets 507, reading goes on, and room made is all that is needed`()
        async throws
    {
        let folder = try TestFolder()
        let hub = try await RealHub(folder: folder)
        try await HubClient.with { client in
            var kept = try await fill(hub, client, upTo: 3)
            try await hub.process.limitFiles(to: 1 << 20)
            kept += try await fill(hub, client, from: kept.count, upTo: 100)
            #expect(kept.count < 100, "the disk is never full")

            let refused = try await create(kept.count, on: hub, client)
            #expect(refused.status == 507)
            let detail = try refused.json.objectValue?["detail"]?.stringValue
            #expect(detail?.contains("disk is full") == true, "\(refused.text)")
            try await expect(kept, on: hub, client)

            try await hub.process.limitFiles(to: nil)
            #expect(try await create(kept.count, on: hub, client).status == 201)
            kept.append(kept.count)
            try await expect(kept, on: hub, client)

            await hub.kill()
            let next = try await RealHub(folder: folder)
            try await expect(kept, on: next, client)
            #expect(await next.stop() == .exited(0))
        }
    }

    /// Creates entities until one is refused; the numbers of those that were taken.
    private func fill(
        _ hub: RealHub,
        _ client: HubClient,
        from start: Int = 0,
        upTo end: Int
    ) async throws -> [Int] {
        for number in start..<end {
            let answer = try await create(number, on: hub, client)
            if answer.status != 201 {
                #expect(answer.status == 507, "\(answer.text)")
                return Array(start..<number)
            }
        }
        return Array(start..<end)
    }

    private func create(
        _ number: Int,
        on hub: RealHub,
        _ client: HubClient
    ) async throws -> HubAnswer {
        try await client.send(
            .POST,
            "/ngsi-ld/v1/entities",
            to: hub,
            json: [
                "id": .string("urn:x:\(number)"), "type": "Filling",
                "number": .number(JSONNumber(number)),
                "text": .string(String(repeating: "x", count: 100_000)),
            ]
        )
    }

    private func expect(_ numbers: [Int], on hub: RealHub, _ client: HubClient) async throws {
        let answer = try await client.send(
            .GET,
            "/ngsi-ld/v1/entities?type=Filling&pick=number&options=keyValues&limit=1000",
            to: hub
        )
        #expect(answer.status == 200)
        let found = try answer.json.arrayValue?.compactMap {
            $0.objectValue?["number"]?.numberValue?.intValue
        }
        #expect(found == numbers)
    }
}
