import ContextModel
import Foundation
import Synchronization
import Testing

@testable import Collect

@Suite struct ImportRunTests {
    /// A source of this many entities, one on each line.
    private struct Numbers: ImportSource {
        var last: Int
        var next = 0
        var extent: ImportExtent { ImportExtent(bytesRead: next, bytesInAll: last) }

        mutating func next(into batch: inout ImportBatch) -> Bool {
            guard next < last else { return false }
            next += 1
            let id = "urn:n:\(next)"
            batch.add(
                entity: JSONValue.object(["id": .string(id), "type": "N"]).serialized,
                origin: .init(entityID: id, file: "n", line: next)
            )
            return true
        }
    }

    private func temporaryJournal() -> (ImportJournal, URL) {
        let folder = URL.temporaryDirectory.appending(path: "balai-\(UUID().uuidString)")
        return (ImportJournal(folder: folder, identity: "n"), folder)
    }

    @Test func `everything arrives once, in requests of a thousand`() async throws {
        let hub = RecordingHub()
        let tally = try await ImportRun(hub: hub).run(Numbers(last: 4_500))
        #expect(hub.received.requests == 5 && tally.entities == 4_500 && tally.records == 4_500)
        #expect(Set(hub.ids).count == 4_500)
    }

    @Test func `an interrupted import continues after what was acknowledged`() async throws {
        let (journal, folder) = temporaryJournal()
        defer { try? FileManager.default.removeItem(at: folder) }
        let failing = RecordingHub { number throws(HubFailure) in
            if number > 5 { throw .stopped(reason: "away") }
            return []
        }
        await #expect(throws: HubFailure.stopped(reason: "away")) {
            try await ImportRun(hub: failing, journal: journal).run(Numbers(last: 20_000))
        }
        let acknowledged = try #require(journal.load()).acknowledgedRecords
        #expect(acknowledged > 0 && acknowledged <= 5_000)

        let hub = RecordingHub()
        let tally = try await ImportRun(hub: hub, journal: journal).run(Numbers(last: 20_000))
        #expect(tally.resumedRecords == acknowledged)
        #expect(hub.entities.count == 20_000 - acknowledged)
        #expect(Set(failing.ids + hub.ids).count == 20_000)
        #expect(journal.load() == nil)
    }

    @Test func `a journal belongs to one import only`() async throws {
        let (journal, folder) = temporaryJournal()
        defer { try? FileManager.default.removeItem(at: folder) }
        try journal.save(.init(acknowledgedRecords: 7, failures: 0))
        #expect(journal.load()?.acknowledgedRecords == 7)
        #expect(ImportJournal(folder: folder, identity: "other").load() == nil)
    }

    @Test func `refusals of the hub are reported with their position`() async throws {
        let hub = RecordingHub { number throws(HubFailure) in
            if number == 2 { throw .refused(reason: "400: bad") }
            return [EntityRefusal(entityID: "urn:n:3", reason: "no")]
        }
        let tally = try await ImportRun(hub: hub).run(Numbers(last: 1_500))
        // Two requests race: one of a thousand entities, one of five hundred.
        #expect(tally.failures == 501 || tally.failures == 1_001)
        #expect(tally.entities + tally.failures == 1_500)
        #expect(tally.problems.allSatisfy { $0.reason.hasPrefix("The hub refused `urn:n:") })
    }

    @Test func `a later state of an entity never overtakes an earlier one`() {
        var state = ImportState()
        func request(_ id: String) -> HubRequest {
            HubRequest(
                operation: .upsert,
                body: [],
                origins: [.init(entityID: id, file: "f", line: 1)]
            )
        }
        state.began(batchOf: 3)
        let first = state.sent(request("urn:a"))
        #expect(state.mustWait(with: request("urn:a")) && !state.mustWait(with: request("urn:b")))
        #expect(state.settled(RequestOutcome(request: request("urn:a"), ticket: first)) == nil)
        #expect(!state.mustWait(with: request("urn:a")))
    }

    @Test func `records count as done only when all before them are`() {
        var state = ImportState()
        func sent(_ id: String, records: Int) -> RequestOutcome {
            state.tally.records = records
            let request = HubRequest(
                operation: .history,
                body: [],
                origins: [.init(entityID: id, file: "f", line: 1)]
            )
            state.began(batchOf: 1)
            return RequestOutcome(request: request, ticket: state.sent(request))
        }
        let first = sent("urn:a", records: 10)
        let second = sent("urn:b", records: 20)
        #expect(state.settled(second) == nil)
        #expect(state.settled(first) == 20)
    }

    @Test func `a repeated entity is sent in a second request`() {
        var batch = ImportBatch()
        for line in 1...2 {
            batch.add(entity: "{}".utf8, origin: .init(entityID: "urn:a", file: "f", line: line))
        }
        #expect(batch.isFull)
        #expect(batch.requests().map(\.origins.count) == [1, 1])
    }

    @Test func `names are percent-encoded and stay different`() {
        #expect(EntityName.percentEncoded("188 Quay (EW)/é") == "188%20Quay%20%28EW%29%2F%C3%A9")
        #expect(EntityName.percentEncoded("a-b_c.d~1") == "a-b_c.d~1")
    }
}
