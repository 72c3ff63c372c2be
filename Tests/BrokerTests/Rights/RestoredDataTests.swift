import ContextModel
import Governance
import Record
import Storage
import StorageMemory
import StoreDoubles
import Synchronization
import Testing

@testable import Broker

/// Data that was put back from a backup, under a record that is newer.
@Suite struct RestoredDataTests {
    /// The data of a ward as it was when it was filled, after the same entries of a record.
    private static func backup() async throws -> SharedMemory {
        let memory = SharedMemory()
        _ = try await Ward(memory: memory).filled()
        return memory
    }

    @Test func `choices that the data has not are in force from the start`() async throws {
        let ward = try await Ward().filled()
        try await ward.choose("object", Ward.budi)
        try await ward.choose("object", Ward.siti, recipient: "urn:balai:party:clinic")
        try await ward.choose("object", Ward.budi, recipient: "urn:balai:party:shop")
        try await ward.choose("consent", Ward.budi)
        #expect(try await ward.found("Visit") == ["urn:visit:2"])

        let memory = try await Self.backup()
        let restored = try await Ward(memory: memory, process: "restored", record: ward.record)
        #expect(try await restored.found("Visit") == ["urn:visit:1", "urn:visit:2"])
        await restored.hub.governing.takeUpRecord()
        #expect(try await restored.found("Visit") == ["urn:visit:2"])
        // Receipts are the same as they were.
        func receipts(_ ward: Ward) async throws -> [JSONValue] {
            try await ward.hub.governing.choices(of: Ward.budi, caller: Ward.boss)
        }
        #expect(try await receipts(restored) == receipts(ward))
        #expect(try await restored.adopted() == Governing.Adopted())
        // What is chosen afterwards is not undone by a start.
        try await restored.choose("consent", Ward.siti, recipient: "urn:balai:party:clinic")
        let again = try await Ward(memory: memory, process: "again", record: ward.record)
        await again.hub.governing.takeUpRecord()
        #expect(try await again.found("Visit") == ["urn:visit:1", "urn:visit:2"])
    }

    @Test func `a backup that has some of the choices lacks the rest alone`() async throws {
        let memory = SharedMemory()
        let ward = try await Ward(memory: memory).filled()
        try await ward.choose("object")
        // The record goes on without the data.
        let other = try await Ward(record: ward.record)
        try await other.choose("consent")
        try await other.choose("object", Ward.budi)
        let restored = try await Ward(memory: memory, process: "restored", record: ward.record)
        #expect(try await restored.adopted().choices == 2)
        #expect(try await restored.found("Visit") == ["urn:visit:1"])
    }

    /// The numbers of its entries were given before: the data must not take them for those that it knows.
    @Test func `choices in a record that was put back, and went on, are in force`() async throws {
        let memory = SharedMemory()
        let ward = try await Ward(memory: memory).filled()
        let old = ward.record.copy(after: ward.record.size)
        for _ in 0..<3 { try await ward.choose("consent", Ward.budi) }
        // The record is put back; other data goes on with it beyond where it was.
        let other = try await Ward(record: old)
        try await other.choose("object", Ward.siti)
        for _ in 0..<5 { try await other.choose("consent", Ward.budi) }
        #expect(old.size > ward.record.size)
        // Then the data is put back, too, which has heeded more entries than the copy had.
        let restored = try await Ward(memory: memory, process: "restored", record: old)
        #expect(try await restored.found("Visit") == ["urn:visit:1", "urn:visit:2"])
        await restored.hub.governing.takeUpRecord()
        #expect(try await restored.found("Visit") == ["urn:visit:2"])
        #expect(try await restored.adopted() == Governing.Adopted())
    }

    @Test func `what people chose after the record was copied stays when it is put back`()
        async throws
    {
        let memory = SharedMemory()
        let moment = Mutex<Int64>(1_700_000_000_000_000)
        let now: @Sendable () -> Timestamp = {
            moment.withLock {
                $0 += 1_000_000
                return Timestamp(microseconds: $0)
            }
        }
        let ward = try await Ward(memory: memory, now: now).filled()
        try await ward.choose("consent", Ward.siti)
        let old = ward.record.copy(after: ward.record.size)
        try await ward.choose("object", Ward.siti)
        #expect(try await ward.found("Visit") == ["urn:visit:2"])
        let again = try await Ward(memory: memory, process: "again", now: now, record: old)
        await again.hub.governing.takeUpRecord()
        #expect(try await again.found("Visit") == ["urn:visit:2"])
        #expect(try await again.hub.governing.missingChange() == nil)
        // From here on it is as with any record: what is chosen next is adopted by older data.
        try await again.choose("consent", Ward.siti)
        #expect(try await again.adopted() == Governing.Adopted())
        #expect(try await again.found("Visit") == ["urn:visit:1", "urn:visit:2"])
    }

    @Test func `marks are read as they were written, and no others`() throws {
        let hash = TreeHash.leaf([1])
        for mark in [RecordMark.start, RecordMark(count: 12, last: hash)] {
            #expect(RecordMark(mark.text) == mark)
        }
        for text in ["", "1", "0 \(hash)", "-1 \(hash)", "1 \(hash) ", "1  \(hash)", "x \(hash)"] {
            #expect(RecordMark(text) == nil, "\(text)")
        }
    }

    @Test func `where the record cannot be read nothing about people is answered`() async throws {
        let all = [Permission(assignee: .anyone, actions: [.read], target: .everything)]
        let ward = try await Ward().filled()
        try await ward.choose("object")
        let memory = try await Self.backup()
        let restored = try await Ward(
            memory: memory,
            process: "restored",
            common: all,
            record: ward.record
        )
        try await restored.make(["id": "urn:bench:1", "type": "Bench"])
        ward.record.failToRead()
        await restored.hub.governing.takeUpRecord()
        ward.record.failToRead(false)
        let refused = await #expect(throws: BrokerError.self) {
            _ = try await restored.found("Visit")
        }
        #expect(refused?.code == .recordUnavailable)
        let anonymous = Caller(party: .anonymous)
        #expect(try await restored.found("Bench", by: anonymous) == ["urn:bench:1"])
    }

    @Test func `a choice of one tenant is none of another's`() async throws {
        let ward = try await Ward().filled()
        let opening = Opening(
            subject: Ward.siti.uri,
            tenant: "north",
            party: SubjectChoices.everybody.uri,
            purpose: "dpv:PublicHealth",
            time: Timestamp(microseconds: 0),
            details: ["choice": "object", "receipt": "urn:balai:receipt:north"]
        )
        _ = try await ward.record.append(
            RecordDraft(.choice, time: opening.time, state: 0, openings: [opening])
        )
        #expect(try await ward.adopted() == Governing.Adopted())
        #expect(try await ward.found("Visit") == ["urn:visit:1", "urn:visit:2"])
    }
}

extension Ward {
    /// What its data lacked of the record, which is in force then.
    func adopted() async throws -> Governing.Adopted {
        try await hub.governing.adoptMissingChanges(of: [nil])
    }
}
