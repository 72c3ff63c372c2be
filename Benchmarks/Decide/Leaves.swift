import ContextModel
import Record
import StorageSQLite

/// How many entries the record takes by itself, without a hub around it.
enum Leaves {
    /// Entries a second while so many callers each wait for one to be on disk before they add the next.
    ///
    /// The folder is empty. Throws what the record throws.
    static func perSecond(callers: Int, in folder: String) async throws -> Double {
        guard let signer = NoteSigner(name: "bench.example/record", purpose: .note) else {
            preconditionFailure("this is a name for a key")
        }
        let record = RecordWriter(
            SQLiteRecordStore.open(folder: folder, key: signer.key),
            signer: signer
        )
        _ = try await add(to: record, callers: callers, for: .milliseconds(500))
        let start = ContinuousClock.now
        let count = try await add(to: record, callers: callers, for: .seconds(3))
        let seconds = start.duration(to: .now) / .seconds(1)
        await record.close()
        return Double(count) / seconds
    }

    private static func add(
        to record: RecordWriter,
        callers: Int,
        for duration: Duration
    ) async throws -> Int {
        let end = ContinuousClock.now + duration
        return try await withThrowingTaskGroup(of: Int.self) { group in
            for caller in 0..<callers {
                group.addTask {
                    var count = 0
                    while ContinuousClock.now < end {
                        _ = try await record.append(read(of: count * callers + caller))
                        count += 1
                    }
                    return count
                }
            }
            return try await group.reduce(0, +)
        }
    }

    /// What the answer to a retrieval of a visit notes: one person, one entity, eight attributes.
    private static func read(of person: Int) -> RecordDraft {
        let time = Timestamp(microseconds: 1_769_846_400_000_000)
        let names = [
            "patient", "ward", "began", "temperature", "pulse", "diagnosis", "doctor", "note",
        ]
        return RecordDraft(
            .read,
            time: time,
            state: 0,
            openings: [
                Opening(
                    subject: "urn:person:\(person)",
                    party: "urn:balai:party:reader",
                    purpose: "dpv:PublicHealth",
                    rule: "urn:balai:policy:0",
                    time: time,
                    entities: ["urn:ngsi-ld:Visit:\(person)"],
                    attributes: names.map { "https://uri.etsi.org/ngsi-ld/default-context/" + $0 }
                )
            ]
        )
    }
}
