import ContextModel
import Governance
import Storage
import Testing

/// In any store, the change feed has each change of a stored document, and nothing else.
@Suite struct ChangeFeedTests {
    private static let followed = Set(Document.Kind.allCases.filter(\.isFollowed))
    private let folder = Folder()

    private func document(
        _ id: String,
        _ body: UInt8 = 1,
        _ kind: Document.Kind = .subscription
    ) -> Document {
        Document(kind: kind, id: id, body: [body])
    }

    private func tenant(_ kind: StoreKind) async throws -> any TenantStore {
        try await kind.open(folder, Clock()).makeTenant(nil)
    }

    /// The changes after the number, as `id=body` or `-id`.
    private func told(
        _ tenant: any TenantStore,
        after number: Int64,
        _ kinds: Set<Document.Kind> = followed
    ) async throws -> [String] {
        let page = try await tenant.feed(after: number, of: kinds)
        #expect(page.isComplete)
        return page.changes.map { change in
            change.document.map { "\(change.id)=\($0.body[0])" } ?? "-\(change.id)"
        }
    }

    @Test(arguments: StoreKind.all)
    func `it lists each changed document once, in order, with its present content`(
        kind: StoreKind
    ) async throws {
        let tenant = try await tenant(kind)
        #expect(try await tenant.feed(after: 0, of: Self.followed) == ChangeFeedPage(number: 0))
        for (id, body) in [("a", UInt8(1)), ("b", 2), ("c", 3), ("a", 4)] {
            let document = document(id, body)
            try await tenant.changeDocuments(reading: []) { $0.put(document) }
        }
        let first = try await tenant.feed(after: 0, of: Self.followed)
        #expect(try await told(tenant, after: 0) == ["b=2", "c=3", "a=4"])
        try await tenant.changeDocuments(reading: []) { changes in
            changes.remove(.subscription, id: "b")
            changes.remove(.subscription, id: "none")
            changes.put(document("context", 5, .ldContext))
        }
        #expect(try await told(tenant, after: first.number) == ["-b", "context=5"])
        #expect(try await told(tenant, after: first.number, [.ldContext]) == ["context=5"])
        let newest = try await tenant.feed(after: first.number, of: [])
        #expect(newest.number == first.number + 2 && newest.changes.isEmpty)
        #expect(try await told(tenant, after: newest.number) == [])
    }

    @Test(arguments: StoreKind.all)
    func `a change of documents returns its part of the feed`(kind: StoreKind) async throws {
        let tenant = try await tenant(kind)
        let kept = try await tenant.changeFollowedDocuments(reading: []) { changes in
            changes.put(document("a", 1))
            changes.put(document("b", 2))
            changes.put(document("other", 3, .snapshot))
            changes.remove(.subscription, id: "none")
            changes.put(document("a", 4))
            changes.remove(.subscription, id: "b")
        }
        let own = try #require(kept.changes)
        let page = try await tenant.feed(after: 0, of: Self.followed)
        #expect(own.changes == page.changes && own.numbers == 1...page.number)
        let next = try await tenant.changeFollowedDocuments(reading: []) { changes in
            changes.put(document("c"))
        }
        #expect(next.changes?.numbers == page.number + 1...page.number + 1)
        let nothing = try await tenant.changeFollowedDocuments(reading: []) { changes in
            changes.put(document("other", 3, .snapshot))
            changes.remove(.subscription, id: "none")
        }
        #expect(nothing.changes == nil)
    }

    @Test(arguments: StoreKind.all)
    func `it does not list changes that are undone or quiet, or of kinds that are not cached`(
        kind: StoreKind
    ) async throws {
        let tenant = try await tenant(kind)
        let before = try await tenant.feed(after: nil, of: Self.followed)
        #expect(!before.isComplete)
        await #expect(throws: Undone.self) {
            try await tenant.changeDocuments(reading: []) { changes in
                changes.put(document("a"))
                throw Undone()
            }
        }
        await #expect(throws: Undone.self) {
            try await tenant.bookkeep { transaction in
                try transaction.put(document("a"))
                throw Undone()
            }
        }
        try await tenant.bookkeep { transaction in
            try transaction.put(document("quiet"), isQuiet: true)
            for other in Document.Kind.allCases where !other.isFollowed {
                try transaction.put(document("other", 1, other))
                _ = try transaction.removeDocument(other, id: "other")
            }
        }
        try await tenant.put([Entity("1", .sensor, [.speed: 1])])
        let after = try await tenant.feed(after: before.number, of: Self.followed)
        #expect(after == before.asComplete)
        #expect(try await tenant.document(.subscription, id: "quiet") != nil)
    }

    @Test(arguments: StoreKind.all)
    func `it keeps the newest changes and reports when older ones are missing`(
        kind: StoreKind
    ) async throws {
        let tenant = try await tenant(kind)
        let (kept, step) = (ChangeFeedPage.maximumKept, ChangeFeedPage.removedAtOnce)
        let count = 2 * kept + step / 2
        try await tenant.bookkeep { transaction in
            for number in 0..<count { try transaction.put(document("\(number)")) }
        }
        let newest = try await tenant.feed(after: nil, of: []).number
        #expect(newest == count)
        for number in [0, 1, newest - kept - step] {
            let page = try await tenant.feed(after: number, of: Self.followed)
            #expect(page == ChangeFeedPage(number: newest, isComplete: false), "\(number)")
        }
        let page = try await tenant.feed(after: newest - kept, of: Self.followed)
        #expect(page.isComplete)
        #expect(page.changes.map(\.id) == (count - kept..<count).map(String.init))
        // A number that this feed never had belongs to another feed.
        #expect(try await !tenant.feed(after: newest + 1, of: Self.followed).isComplete)
    }

    @Test(arguments: StoreKind.all)
    func `numbers continue after a restart`(kind: StoreKind) async throws {
        let store = try kind.open(folder, Clock())
        let number = try await {
            let tenant = try await store.makeTenant(nil)
            try await tenant.bookkeep { try $0.put(document("a")) }
            return try await tenant.feed(after: nil, of: []).number
        }()
        await store.close()
        let later = try await kind.open(folder, Clock()).makeTenant(nil)
        try await later.bookkeep { try $0.put(document("b")) }
        #expect(try await told(later, after: number) == ["b=1"])
    }

    @Test(arguments: StoreKind.all)
    func `a follower misses no change, however many are made meanwhile`(
        kind: StoreKind
    ) async throws {
        let tenant = try await tenant(kind)
        var known: [String: [UInt8]] = [:]
        var number: Int64 = 0
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<4 {
                group.addTask {
                    for step in 0..<40 {
                        let document = document("\(writer)-\(step % 7)", UInt8(step))
                        try await tenant.changeDocuments(reading: []) { changes in
                            if step % 5 == 4 {
                                changes.remove(.subscription, id: document.id)
                            } else {
                                changes.put(document)
                            }
                        }
                    }
                }
            }
            for _ in 0..<200 {
                let page = try await tenant.feed(after: number, of: Self.followed)
                for change in page.changes { known[change.id] = change.document?.body }
                number = page.number
                await Task.yield()
            }
            try await group.waitForAll()
        }
        let page = try await tenant.feed(after: number, of: Self.followed)
        for change in page.changes { known[change.id] = change.document?.body }
        let stored = try await tenant.documents(.subscription)
        #expect(known == Dictionary(uniqueKeysWithValues: stored.map { ($0.id, $0.body) }))
    }

    private struct Undone: Error {}
}

extension ChangeFeedPage {
    /// The same page, complete.
    fileprivate var asComplete: ChangeFeedPage { ChangeFeedPage(number: number) }
}
