import ContextModel
import Governance
import Storage
import StorageMemory
import StoreDoubles
import Synchronization
import Testing

@testable import Broker

@Suite(.timeLimit(.minutes(1))) struct DocumentFollowerTests {
    /// A cache of documents.
    private final class Cache: Sendable {
        private let bodies = Mutex<[String: [UInt8]]>([:])
        private let looks = Mutex(0)
        private let failures = Mutex(0)

        var known: [String: [UInt8]] { bodies.withLock { $0 } }
        /// The number of times that it read everything.
        var readings: Int { looks.withLock { $0 } }

        func fail(_ times: Int) { failures.withLock { $0 = times } }

        func apply(_ news: DocumentFollower.News) throws {
            let fails = failures.withLock { left in
                defer { left = max(0, left - 1) }
                return left > 0
            }
            if fails { throw Failure() }
            switch news {
            case .all(let documents):
                looks.withLock { $0 += 1 }
                bodies.withLock { bodies in
                    bodies = Dictionary(uniqueKeysWithValues: documents.map { ($0.id, $0.body) })
                }
            case .changes(let changes):
                bodies.withLock { bodies in
                    for change in changes { bodies[change.id] = change.document?.body }
                }
            }
        }
    }
    /// Counts the questions to a store.
    private final class Questions: Sendable {
        private let asked = Mutex(0)

        var count: Int { asked.withLock { $0 } }

        func counted(_ store: any Store) -> any Store {
            StoreDouble(
                store,
                .fails { [self] _ in
                    asked.withLock { $0 += 1 }
                    return nil
                }
            )
        }
    }
    private struct Failure: Error {}

    private let store = MemoryStore { Timestamp(microseconds: 0) }
    private let cache = Cache()

    private func put(_ id: String, _ body: UInt8 = 1) async throws {
        let document = Document(kind: .subscription, id: id, body: [body])
        try await store.makeTenant(nil).changeDocuments(reading: []) { $0.put(document) }
    }

    private func remove(_ id: String) async throws {
        try await store.makeTenant(nil).changeDocuments(reading: []) {
            $0.remove(.subscription, id: id)
        }
    }

    /// Puts or removes the document; returns what that added to the feed.
    private func change(
        _ id: String,
        _ body: UInt8?,
        noting follower: DocumentFollower? = nil
    ) async throws -> OwnChanges? {
        try await store.makeTenant(nil).changeFollowedDocuments(reading: []) { changes in
            if let follower { changes.notify { follower.note($0, of: nil) } }
            if let body {
                changes.put(Document(kind: .subscription, id: id, body: [body]))
            } else {
                changes.remove(.subscription, id: id)
            }
        }.changes
    }

    private func catchUp(_ follower: DocumentFollower, _ own: OwnChanges? = nil) async throws {
        try await follower.catchUp(with: nil, own: own) { [cache] in try cache.apply($0) }
    }

    @Test func `a caller that catches up has all earlier changes, and reads everything once`()
        async throws
    {
        let follower = DocumentFollower(store, [.subscription])
        try await put("before")
        try await catchUp(follower)
        #expect(cache.known == ["before": [1]])
        try await put("a")
        try await put("a", 2)
        try await remove("before")
        try await catchUp(follower)
        #expect(cache.known == ["a": [2]])
        #expect(cache.readings == 1)
    }

    @Test func `a follower that is behind reads all again, and misses nothing`() async throws {
        let follower = DocumentFollower(store, [.subscription])
        try await put("a")
        try await put("gone")
        try await catchUp(follower)
        try await put("b")
        try await remove("gone")
        try await store.makeTenant(nil).bookkeep { transaction in
            for number in 0..<2 * ChangeFeedPage.maximumKept {
                try transaction.put(
                    Document(kind: .ldContext, id: "\(number % 9)", body: [])
                )
            }
        }
        try await put("c")
        try await catchUp(follower)
        #expect(cache.known == ["a": [1], "b": [1], "c": [1]])
        #expect(cache.readings == 2)
    }

    @Test func `a page that could not be applied is applied the next time`() async throws {
        let follower = DocumentFollower(store, [.subscription])
        cache.fail(1)
        try await put("a")
        await #expect(throws: Failure.self) { try await catchUp(follower) }
        #expect(follower.tenantsBehind == [nil])
        try await catchUp(follower)
        #expect(cache.known == ["a": [1]] && follower.tenantsBehind.isEmpty)
        cache.fail(1)
        try await put("b")
        await #expect(throws: Failure.self) { try await catchUp(follower) }
        try await catchUp(follower)
        #expect(cache.known == ["a": [1], "b": [1]])
        #expect(cache.readings == 1)
    }

    @Test func `of many simultaneous changes each is applied when its caller has caught up`()
        async throws
    {
        let follower = DocumentFollower(store, [.subscription])
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<100 {
                group.addTask {
                    try await put("\(number)")
                    try await catchUp(follower)
                    #expect(cache.known["\(number)"] == [1])
                    try await put("\(number)", 2)
                    try await catchUp(follower)
                    #expect(cache.known["\(number)"] == [2])
                }
            }
            try await group.waitForAll()
        }
        #expect(cache.known.count == 100)
    }

    @Test
    func `a caller with its own changes does not ask the store, if they come next`()
        async throws
    {
        let questions = Questions()
        let follower = DocumentFollower(questions.counted(store), [.subscription])
        try await catchUp(follower)
        let atStart = questions.count
        for number in UInt8(1)...3 {
            let own = try await change("a", number)
            try await catchUp(follower, own)
            #expect(cache.known == ["a": [number]])
        }
        let removal = try await change("a", nil)
        try await catchUp(follower, removal)
        #expect(cache.known.isEmpty)
        #expect(questions.count == atStart)
        // Another caller's change comes between.
        try await put("b")
        let own = try await change("c", 5)
        try await catchUp(follower, own)
        #expect(cache.known == ["b": [1], "c": [5]])
        #expect(questions.count > atStart)
    }

    @Test func `the first caller to catch up applies all noted changes, in any order`()
        async throws
    {
        let questions = Questions()
        let follower = DocumentFollower(questions.counted(store), [.subscription])
        try await catchUp(follower)
        let atStart = questions.count
        let first = try await change("a", 1, noting: follower)
        let second = try await change("a", 2, noting: follower)
        let third = try await change("b", 3, noting: follower)
        try await catchUp(follower, third)
        #expect(cache.known == ["a": [2], "b": [3]])
        try await catchUp(follower, first)
        try await catchUp(follower, second)
        #expect(cache.known == ["a": [2], "b": [3]])
        #expect(questions.count == atStart)
    }

    @Test func `changes noted out of order are applied in order`() async throws {
        let follower = DocumentFollower(store, [.subscription])
        try await catchUp(follower)
        let first = try await change("a", 1)
        let second = try await change("a", 2)
        try await catchUp(follower, second)
        #expect(cache.known == ["a": [2]])
        try await catchUp(follower, first)
        #expect(cache.known == ["a": [2]])
    }

    @Test func `a change that could not be applied is read again, also after others' own ones`()
        async throws
    {
        let follower = DocumentFollower(store, [.subscription])
        try await catchUp(follower)
        cache.fail(1)
        let failed = try await change("a", 1)
        await #expect(throws: Failure.self) { try await catchUp(follower, failed) }
        #expect(follower.tenantsBehind == [nil])
        let later = try await change("b", 2)
        try await catchUp(follower, later)
        #expect(cache.known == ["a": [1], "b": [2]] && follower.tenantsBehind.isEmpty)
    }

    @Test func `the outcome of a round is noted before the next one may begin`() async throws {
        let made = Mutex<DocumentFollower?>(nil)
        let notes = Mutex<[Bool]>([])
        let isOver = Mutex(false)
        let follower = DocumentFollower(store, [.subscription]) { _, isBehind in
            notes.withLock { $0.append(isBehind) }
            if made.withLock({ $0 })?.tenantsBehind == [nil] { isOver.withLock { $0 = true } }
        }
        made.withLock { $0 = follower }
        cache.fail(1)
        await #expect(throws: Failure.self) { try await catchUp(follower) }
        #expect(notes.withLock { $0 } == [true] && !isOver.withLock { $0 })
        #expect(follower.tenantsBehind == [nil])
        made.withLock { $0 = nil }
    }

    @Test func `of many simultaneous own changes each is applied, and none is undone`()
        async throws
    {
        let follower = DocumentFollower(store, [.subscription])
        try await catchUp(follower)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<100 {
                group.addTask {
                    for body in UInt8(1)...5 {
                        let own = try await change(
                            "\(number)",
                            body,
                            noting: number % 3 == 0 ? nil : follower
                        )
                        try await catchUp(follower, number % 7 == 0 ? nil : own)
                        #expect(cache.known["\(number)"] == [body])
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(cache.known.count == 100 && Set(cache.known.values) == [[5]])
    }

    @Test func `a tenant is followed when it is created`() async throws {
        let name = TenantName("harbour")
        let follower = DocumentFollower(store, [.subscription])
        try await follower.catchUp(with: name) { [cache] in try cache.apply($0) }
        #expect(cache.readings == 0)
        let document = Document(kind: .subscription, id: "a", body: [1])
        try await store.makeTenant(name).changeDocuments(reading: []) { $0.put(document) }
        try await follower.catchUp(with: name) { [cache] in try cache.apply($0) }
        #expect(cache.known == ["a": [1]])
    }

    @Test func `a snapshot that is removed while it is followed has no documents any more`()
        async throws
    {
        let name = TenantName(
            snapshotFile: "one",
            of: SnapshotOrigin(tenant: nil, id: "urn:x:one")
        )
        let follower = DocumentFollower(store, [.subscription])
        let snapshot = try await store.makeSnapshot(name)
        let document = Document(kind: .subscription, id: "a", body: [1])
        try await snapshot.changeDocuments(reading: []) { $0.put(document) }
        try await follower.catchUp(with: name) { [cache, store] news in
            try await store.removeSnapshot(name)
            try cache.apply(news)
        }
        #expect(cache.known == ["a": [1]])
        try await follower.catchUp(with: name) { [cache] in try cache.apply($0) }
        #expect(cache.known.isEmpty && follower.number(of: name) == nil)
    }
}
