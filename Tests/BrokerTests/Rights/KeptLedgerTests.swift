import ContextModel
import Governance
import Statistics
import Storage
import StorageMemory
import StoreDoubles
import Testing

@testable import Broker

/// The ledger of what statistics took, beside a record that tells the same.
@Suite struct KeptLedgerTests {
    @Test func `a database that was lost, or put back, has spent what the record says`()
        async throws
    {
        let clock = SettableTime(try #require(Timestamp("2026-11-29T12:00:00Z")))
        let office = try await Office(now: clock.now)
        let other = Caller(party: .named(PartyID("lab")), purpose: Office.caller.purpose)
        #expect(try await office.askUntilRefused() == 50)
        let spent = try await office.spent()

        let memory = SharedMemory()
        let record = office.ward.record
        let restored = try await Office(memory: memory, now: clock.now, record: record)
        #expect(try await restored.askUntilRefused() == 0)
        #expect(try await restored.spent() == spent)
        #expect(try await restored.askUntilRefused(by: other) == 25)
        // Nothing is counted twice, however often the hub is started.
        let all = try await restored.spent()
        for _ in 0..<3 {
            let again = try await Office(
                memory: memory,
                process: "again",
                isNew: false,
                now: clock.now,
                record: record
            )
            #expect(try await again.askUntilRefused(by: other) == 0)
            #expect(try await again.spent() == all)
        }
        // The next period begins for everybody.
        clock.set(try #require(Timestamp("2026-12-03T00:00:00Z")))
        #expect(try await restored.askUntilRefused() == 50)
    }

    /// The ledger of the office as these bytes say.
    private static func keep(_ ledger: String, _ office: Office) async throws {
        let store = try #require(try await office.ward.fixture.store.tenant(nil))
        try await store.changeDocuments(reading: []) { changes in
            changes.put(Document(kind: .privacyLedger, id: "people", body: Array(ledger.utf8)))
        }
    }

    @Test(arguments: [
        "{}", #"{"whole": {"spent": 1, "latest": 0}, "parties": {}, "known": 3}"#,
        #"{"whole": {"spent": 1, "latest": 0}, "parties": {}, "known": "3"}"#,
        #"{"whole": {"spent": 1, "latest": 0}, "parties": {}, "known": "-1 x"}"#,
        #"{"whole": {"spent": 1, "latest": 0}, "known": "0"}"#,
    ])
    func `a ledger that cannot be read refuses`(ledger: String) async throws {
        let office = try await Office()
        _ = try await office.ask(Office.count)
        try await Self.keep(ledger, office)
        await #expect(throws: StorageError.self) { _ = try await office.ask(Office.count) }
    }

    @Test func `a ledger of before the record was looked through holds on`() async throws {
        let office = try await Office()
        let moment = Int(office.ward.hub.governing.clock().microseconds)
        let spent = #"{"spent": 1000000, "latest": \#(moment)}"#
        try await Self.keep(#"{"whole": \#(spent), "parties": {"urn:x:p": \#(spent)}}"#, office)
        _ = try await office.ask(Office.count)
        let other = try await Office()
        _ = try await other.ask(Office.count)
        let added = try await office.spent().trillionths - other.spent().trillionths
        #expect(added == 1_000_000)
    }

    @Test func `a ledger of another record, or of one that was put back, lacks no spending`()
        async throws
    {
        let memory = SharedMemory()
        let office = try await Office(memory: memory)
        for _ in 0..<4 { _ = try await office.ask(Office.count) }
        let (spent, size) = (try await office.spent(), office.ward.record.size)
        // The record is put back, and grows to its old size with spendings of another database.
        let record = office.ward.record.copy(after: size - 2)
        let other = try await Office(record: record)
        while record.size < size + 1 { _ = try await other.ask(Office.count) }
        let restored = try await Office(
            memory: memory,
            process: "restored",
            isNew: false,
            record: record
        )
        _ = try await restored.ask(Office.count)
        #expect(try await restored.spent().trillionths >= spent.trillionths / 4 * 7)
    }
}
