import ContextModel
import Storage
import Synchronization
import Testing

/// In any store, a change of documents depends only on the documents that it names.
@Suite struct DocumentChangesTests {
    private static let ids = ["a", "b", "c"]
    private let folder = Folder()

    private static func document(_ id: String, _ body: UInt8 = 1) -> Document {
        Document(kind: .registration, id: id, body: [body])
    }

    private func tenant(_ kind: StoreKind) async throws -> any TenantStore {
        let tenant = try await kind.open(folder, Clock()).makeTenant(nil)
        try await tenant.changeDocuments(reading: []) { changes in
            for id in Self.ids { changes.put(Self.document(id)) }
        }
        return tenant
    }

    @Test(arguments: StoreKind.all)
    func `a change of documents reads its own changes, and the store has them afterwards`(
        kind: StoreKind
    ) async throws {
        let tenant = try await tenant(kind)
        let seen = try await tenant.changeDocuments(reading: [.all(.registration)]) { changes in
            changes.put(Self.document("b", 2))
            changes.remove(.registration, id: "a")
            changes.put(Self.document("d"))
            changes.put(Document(kind: .subscription, id: "c", body: [9]))
            return (
                all: try changes.documents(.registration),
                gone: try changes.document(.registration, id: "a"),
                new: try changes.document(.registration, id: "d"),
                old: try changes.document(.registration, id: "c"),
                count: try changes.storedCount(.registration)
            )
        }
        let expected = [Self.document("b", 2), Self.document("c"), Self.document("d")]
        #expect(seen.all == expected)
        #expect(seen.gone == nil && seen.new == expected[2] && seen.old == expected[1])
        #expect(seen.count == 3)
        #expect(try await tenant.documents(.registration) == expected)
    }

    @Test(arguments: StoreKind.all, [1, 2, 3, 10])
    func `documents are read in portions, each once and in order`(
        kind: StoreKind,
        portion: Int
    ) async throws {
        let tenant = try await tenant(kind)
        try await tenant.changeDocuments(reading: []) {
            $0.put(Document(kind: .subscription, id: "other", body: [1]))
        }
        let read = Mutex<[[String]]>([])
        try await tenant.documents(.registration, inPortionsOf: portion) { documents in
            read.withLock { $0.append(documents.map(\.id)) }
        }
        let portions = read.withLock { $0 }
        #expect(portions.flatMap { $0 } == Self.ids)
        #expect(portions.allSatisfy { (1...portion).contains($0.count) })
        await #expect(throws: NotThere.self) {
            try await tenant.documents(.registration, inPortionsOf: portion) { _ in
                throw NotThere()
            }
        }
        try await tenant.documents(.snapshot, inPortionsOf: portion) { _ in
            Issue.record("there are none")
        }
    }

    @Test(arguments: StoreKind.all)
    func `a change of documents that throws leaves nothing, and its followers are not called`(
        kind: StoreKind
    ) async throws {
        let tenant = try await tenant(kind)
        let (words, heard) = AsyncStream<String>.makeStream()
        await #expect(throws: NotThere.self) {
            try await tenant.changeDocuments(reading: []) { changes in
                changes.remove(.registration, id: "a")
                changes.send([
                    NewMessage(body: [1], recipients: ["s"], enqueuedAt: seconds(1)) { _ in
                        heard.yield("sent")
                    }
                ])
                throw NotThere()
            }
        }
        heard.finish()
        #expect(await words.reduce(into: []) { $0.append($1) } == [])
        #expect(try await tenant.documents(.registration).map(\.id) == Self.ids)
        #expect(try await tenant.outboxDepth().count == 0)
    }

    @Test(arguments: StoreKind.all)
    func `the followers of a change of documents are called once, with the number of its message`(
        kind: StoreKind
    ) async throws {
        let tenant = try await tenant(kind)
        let (words, heard) = AsyncStream<String>.makeStream()
        try await tenant.changeDocuments(reading: []) { changes in
            changes.send([
                NewMessage(body: [1], recipients: ["s"], enqueuedAt: seconds(1)) {
                    heard.yield("sent \($0.sequence)")
                }
            ])
        }
        heard.finish()
        let waiting = try await tenant.outbox(after: 0, limit: 9, grant: Grants.delivering)
        #expect(waiting.map(\.body) == [[1]])
        let told = await words.reduce(into: []) { $0.append($1) }
        #expect(told == ["sent \(waiting[0].sequence)"])
    }

    @Test(arguments: StoreKind.all)
    func `a document that many change at once has all their changes`(
        kind: StoreKind
    ) async throws {
        let tenant = try await tenant(kind)
        let key = DocumentKey.document(.registration, id: "a")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<50 {
                group.addTask {
                    try await tenant.changeDocuments(reading: [key]) { changes in
                        let old = try changes.document(.registration, id: "a")
                        changes.put(Self.document("a", (old?.body.first ?? 0) + 1))
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try await tenant.document(.registration, id: "a")?.body == [51])
    }
}
