import ContextModel
import Record
import StorageSQLite
import Testing

/// A hub's record in a folder, for tests.
struct RecordFolder {
    let folder = Folder()
    let signer: NoteSigner

    init() throws {
        signer = try #require(NoteSigner(name: "city.example/hub", purpose: .note))
    }

    func open(openingsInRun: Int = 1_000) -> RecordWriter {
        let opening = SQLiteRecordStore.open(
            folder: folder.path,
            key: signer.key,
            openingsInRun: openingsInRun
        )
        return RecordWriter(opening, signer: signer)
    }

    func path(_ name: String) -> String { "\(folder.path)/\(name)" }
}

extension RecordDraft {
    static let moment = Timestamp(microseconds: 1_769_846_400_000_000)

    /// A read of persons with these numbers.
    static func read(_ persons: Range<Int> = 0..<0, tenant: String? = nil) -> RecordDraft {
        RecordDraft(
            .read,
            time: moment,
            state: 0,
            openings: persons.map {
                Opening(
                    subject: "urn:person:\($0)",
                    tenant: tenant,
                    party: "urn:clinic",
                    time: moment,
                    entities: ["urn:visit:\($0)"]
                )
            }
        )
    }
}

extension RecordWriter {
    /// Adds so many entries at once.
    func fill(_ count: Int, _ draft: RecordDraft = .read()) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<count { group.addTask { _ = try await self.append(draft) } }
            try await group.waitForAll()
        }
    }

    /// Closes the record with a checkpoint of all of it.
    func finish() async throws {
        try await signCheckpoint()
        await close()
    }

    var isDamaged: Bool { state != .sound }
}
