import Logging
import Clauses
import ContextModel
import Governance
import Storage
import Synchronization
import Testing

@testable import Broker

/// What the hub keeps of other servers' documents.
@Suite(.clause("5.13.1")) struct LDContextCopiesTests {
    private static let url = "https://far.example/context.jsonld"
    private let office = Party.named(PartyID("office"))

    /// A web of documents, each of which says its own URL, and a clock to set.
    private final class World: LDContextSource {
        private struct State {
            var seconds = 0
            var isReachable = true
            var freshSeconds: Int?
            var fetched: [String] = []
            /// So many fetches wait for each other.
            var together = 1
            var waiting: [CheckedContinuation<Void, Never>] = []
            var meanwhile: @Sendable () async -> Void = {}
        }
        private let state = Mutex(State())
        let fixture: SubscriptionFixture

        init() async throws { fixture = try await SubscriptionFixture() }

        var fetched: [String] { state.withLock { $0.fetched } }
        func pass(seconds: Int) { state.withLock { $0.seconds += seconds } }
        func cutOff() { state.withLock { $0.isReachable = false } }
        func say(freshSeconds: Int) { state.withLock { $0.freshSeconds = freshSeconds } }

        func hold(until together: Int) { state.withLock { $0.together = together } }
        /// What happens while a document is being fetched.
        func meanwhile(_ body: @escaping @Sendable () async -> Void) {
            state.withLock { $0.meanwhile = body }
        }

        private func waitForOthers() async {
            await withCheckedContinuation { continuation in
                let ready = state.withLock { state in
                    state.waiting.append(continuation)
                    guard state.waiting.count >= state.together else {
                        return [CheckedContinuation<Void, Never>]()
                    }
                    defer { state.waiting = [] }
                    return state.waiting
                }
                for continuation in ready { continuation.resume() }
            }
        }

        func document(
            at url: String,
            for sharer: Sharer
        ) async throws(LDContextError) -> LDContextDocument {
            let (isReachable, freshSeconds, meanwhile) = state.withLock { state in
                state.fetched.append(url)
                return (state.isReachable, state.freshSeconds, state.meanwhile)
            }
            await waitForOthers()
            await meanwhile()
            guard isReachable else { throw LDContextError(.unavailable, "nothing") }
            return LDContextDocument(
                ["@context": ["Bus": .string(url)]],
                freshSeconds: freshSeconds
            )
        }

        private var now: Timestamp {
            Timestamp(microseconds: Int64(state.withLock { $0.seconds }) * 1_000_000)
        }

        func shelf() -> LDContextShelf {
            LDContextShelf(
                store: fixture.store,
                source: self,
                publicURL: "http://hub.example",
                clock: HubClock { self.now },
                makeIdentifier: fixture.hub.makeIdentifier,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            )
        }
    }

    @Test func `a copy outlives a restart without internet`() async throws {
        let world = try await World()
        let copy = try await world.shelf().document(at: Self.url, for: Sharer(office))
        world.cutOff()
        let later = world.shelf()
        try await later.load()
        #expect(later.entries(.cached) == [copy])
        #expect(try await later.document(at: Self.url, for: Sharer(.anonymous)) == copy)
        #expect(world.fetched.count == 1)
    }

    @Test func `what is fetched for nobody in particular is not written to disk`() async throws {
        let world = try await World()
        let shelf = world.shelf()
        _ = try await shelf.document(at: Self.url, for: Sharer(.anonymous))
        #expect(try await documentsOnDisk(world) == 0)
        // Somebody who uses it has it kept.
        _ = try await shelf.document(at: Self.url, for: Sharer(office))
        #expect(try await documentsOnDisk(world) == 1)
        #expect(world.fetched.count == 1)
    }

    private func documentsOnDisk(_ world: World) async throws -> Int {
        try await world.fixture.store.makeTenant(nil).documentCount(.ldContext)
    }

    @Test func `a URL fetched twice at once has one copy, in memory and on disk`() async throws {
        let world = try await World()
        world.hold(until: 2)
        let shelf = world.shelf()
        async let first = shelf.document(at: Self.url, for: Sharer(office))
        async let second = shelf.document(at: Self.url, for: Sharer(office))
        let identifiers = try await [first.localID, second.localID]
        #expect(world.fetched.count == 2)
        #expect(Set(identifiers).count == 1)
        #expect(try await documentsOnDisk(world) == 1)
        let later = world.shelf()
        try await later.load()
        #expect(later.entries(.cached).map(\.localID) == [identifiers[0]])
        #expect(try await documentsOnDisk(world) == 1)
    }

    @Test func `of two copies of a URL on disk the newer one is kept at the start`() async throws {
        let world = try await World()
        var old = try await world.shelf().document(at: Self.url, for: Sharer(office))
        let new = old
        old.localID = "zzz"
        old.createdAt = Timestamp(microseconds: -1_000_000)
        let second = old.document
        let store = try await world.fixture.store.makeTenant(nil)
        try await store.bookkeep { try $0.put(second) }
        let later = world.shelf()
        try await later.load()
        #expect(later.entries(.cached) == [new])
        #expect(try await documentsOnDisk(world) == 1)
    }

    @Test func `a copy that one process fetches serves the others, until one deletes it`()
        async throws
    {
        let world = try await World()
        let (first, second) = (world.shelf(), world.shelf())
        try await second.load()
        let library = LDContextLibrary(second)
        let copy = try await first.document(at: Self.url, for: Sharer(office))
        _ = try await library.context(for: .string(Self.url), sharer: Sharer(office))
        #expect(second.entries(.cached) == [copy])
        #expect(world.fetched.count == 1)
        try await first.remove(copy)
        await second.catchUp()
        #expect(second.entries(.cached).isEmpty)
        _ = try await library.context(for: .string(Self.url), sharer: Sharer(office))
        #expect(world.fetched.count == 2)
        await first.catchUp()
        #expect(first.entries(.cached) == second.entries(.cached))
    }

    @Test func `a copy that one process reloads is what the others use`() async throws {
        let world = try await World()
        let (first, second) = (world.shelf(), world.shelf())
        _ = try await first.document(at: Self.url, for: Sharer(office))
        await second.catchUp()
        world.pass(seconds: 60)
        try await first.reload(Self.url, for: Sharer(office))
        await second.catchUp()
        #expect(second.entries(.cached) == first.entries(.cached))
        #expect(second.entries(.cached).map(\.createdAt.microseconds) == [60_000_000])
        #expect(try await documentsOnDisk(world) == 1)
    }

    @Test func `a copy does not take the place of a later one in the store`() async throws {
        let world = try await World()
        let (first, second) = (world.shelf(), world.shelf())
        var later = try await first.document(at: Self.url, for: Sharer(office))
        await second.catchUp()
        later.createdAt = Timestamp(microseconds: 120_000_000)
        let document = later.document
        let store = try await world.fixture.store.makeTenant(nil)
        world.pass(seconds: 60)
        // Another process writes its copy before this one writes an earlier one.
        world.meanwhile {
            try? await store.changeDocuments(reading: []) { $0.put(document) }
            await second.catchUp()
        }
        try await first.reload(Self.url, for: Sharer(office))
        await second.catchUp()
        #expect(first.entries(.cached) == [later] && second.entries(.cached) == [later])
        #expect(try await store.documents(.ldContext).map(\.body) == [document.body])
    }

    @Test func `a copy reloaded is used, also where the clock of another process is ahead`()
        async throws
    {
        let world = try await World()
        let (first, second) = (world.shelf(), world.shelf())
        world.pass(seconds: 60)
        _ = try await second.document(at: Self.url, for: Sharer(office))
        await first.catchUp()
        world.pass(seconds: -30)
        try await first.reload(Self.url, for: Sharer(office))
        await second.catchUp()
        #expect(first.entries(.cached) == second.entries(.cached))
        let stored = try await world.fixture.store.makeTenant(nil).documents(.ldContext)
        #expect(stored.compactMap { StoredLDContext($0) } == first.entries(.cached))
    }

    @Test func `of copies that processes fetch at once all keep the same one`() async throws {
        let world = try await World()
        world.hold(until: 2)
        let (first, second) = (world.shelf(), world.shelf())
        async let one = first.document(at: Self.url, for: Sharer(office))
        async let other = second.document(at: Self.url, for: Sharer(office))
        _ = try await (one, other)
        // What one does about it the other must hear of.
        for shelf in [first, second, first, second] { await shelf.catchUp() }
        #expect(first.entries(.cached).count == 1)
        #expect(first.entries(.cached) == second.entries(.cached))
        let stored = try await world.fixture.store.makeTenant(nil).documents(.ldContext)
        #expect(stored.map(\.id) == first.entries(.cached).map(\.localID))
    }

    @Test func `of copies of one moment that cross each other all rooms keep the same one`() {
        func copy(_ id: String, seconds: Int64 = 0) -> StoredLDContext {
            StoredLDContext(
                localID: id,
                url: Self.url,
                kind: .cached,
                body: ["@context": [:]],
                createdAt: Timestamp(microseconds: seconds * 1_000_000),
                owner: office
            )
        }
        for (one, other, kept) in [
            (copy("a"), copy("b"), "b"), (copy("a", seconds: 1), copy("b"), "a"),
        ] {
            var rooms = [LDContextRoom(), LDContextRoom()]
            _ = rooms[0].put(one, bytes: 10)
            _ = rooms[1].put(other, bytes: 10)
            let gone = [rooms[0].follow(other, bytes: 10), rooms[1].follow(one, bytes: 10)]
            #expect(rooms.map { $0.all.map(\.localID) } == [[kept], [kept]])
            // Both say which one goes from the store.
            #expect(
                gone.map { $0.map(\.localID) }
                    == Array(repeating: [kept == "a" ? "b" : "a"], count: 2)
            )
        }
    }

    @Test func `a copy deleted while its server is asked in vain stays deleted`() async throws {
        let world = try await World()
        let shelf = world.shelf()
        let old = try await shelf.document(at: Self.url, for: Sharer(office))
        world.cutOff()
        world.pass(seconds: 86_400)
        world.meanwhile { try? await shelf.remove(old) }
        #expect(try await shelf.document(at: Self.url, for: Sharer(office)) == old)
        #expect(shelf.entries(.cached).isEmpty)
        #expect(try await documentsOnDisk(world) == 0)
    }

    @Test func `an old copy serves when the hub fetches too many, and is asked for next time`()
        async throws
    {
        let world = try await World()
        let shelf = world.shelf()
        let old = try await shelf.document(at: Self.url, for: Sharer(office))
        world.pass(seconds: 86_400)
        let most = LDContextRoom.maximumFetches / 2
        world.hold(until: most + 1)
        try await withThrowingTaskGroup { [office] group in
            for number in 0..<most {
                group.addTask {
                    _ = try await shelf.document(
                        at: "https://x.example/\(number)",
                        for: Sharer(office)
                    )
                }
            }
            while world.fetched.count < most + 1 { await Task.yield() }
            #expect(try await shelf.document(at: Self.url, for: Sharer(office)) == old)
            #expect(world.fetched.count == most + 1)
            // Somebody else's comes as well, and lets the others go.
            _ = try await shelf.document(at: "https://x.example/last", for: Sharer(.operator))
            try await group.waitForAll()
        }
        world.hold(until: 1)
        #expect(
            try await shelf.document(at: Self.url, for: Sharer(office)).expiresAt != old.expiresAt
        )
    }

    @Test(arguments: [(nil, 86_400), (600, 600), (0, 300), (99_999_999, 604_800)])
    func `a copy grows old as its server says, within bounds`(
        said: Int?,
        seconds: Int
    ) async throws {
        let world = try await World()
        if let said { world.say(freshSeconds: said) }
        let library = LDContextLibrary(world.shelf())
        for (passing, fetches) in [(0, 1), (seconds - 1, 1), (1, 2), (seconds - 1, 2)] {
            world.pass(seconds: passing)
            _ = try await library.context(for: .string(Self.url), sharer: Sharer(office))
            #expect(world.fetched.count == fetches)
        }
    }

    @Test func `an old copy serves when its server is gone, which is not asked by each request`()
        async throws
    {
        let world = try await World()
        let library = LDContextLibrary(world.shelf())
        _ = try await library.context(for: .string(Self.url), sharer: Sharer(office))
        world.cutOff()
        world.pass(seconds: 86_400)
        for _ in 0..<3 {
            let ld = try await library.context(for: .string(Self.url), sharer: Sharer(office))
            #expect(ld.expand("Bus") == IRI(Self.url))
        }
        #expect(world.fetched.count == 2)
    }

    @Test func `strangers drive out each other's copies only`() async throws {
        let world = try await World()
        let shelf = world.shelf()
        _ = try await shelf.document(at: Self.url, for: Sharer(office))
        let hosted = try await shelf.host(["Bus": "urn:bus"], for: .operator)
        for number in 0..<LDContextRoom.maximumOfAKind + 10 {
            _ = try await shelf.document(at: "https://x.example/\(number)", for: Sharer(.anonymous))
        }
        #expect(shelf.entries(.cached).count == LDContextRoom.maximumOfAKind)
        #expect(shelf.entry(Self.url) != nil && shelf.entry(hosted.url) != nil)
        #expect(shelf.entry("https://x.example/0") == nil)
    }

    @Test func `hosted documents have room for so many bytes`() async throws {
        let shelf = try await World().shelf()
        let text = JSONValue.string(String(repeating: "x", count: 1_000_000))
        let fitting = LDContextRoom.maximumBytes / 2 / 1_000_000
        for number in 0..<fitting {
            _ = try await shelf.host([text, .string("\(number)")], for: office)
        }
        await #expect(throws: BrokerError(.overloaded, "")) {
            try await shelf.host([text, "more"], for: office)
        }
        #expect(shelf.entries(.hosted).count == fitting)
    }

    @Test func `one the hub made goes when there is no room and nobody names it`() async throws {
        let world = try await World()
        let shelf = world.shelf()
        func make(
            _ number: Int,
            for party: Party? = nil,
            inUse: Set<String> = []
        ) async throws -> StoredLDContext {
            try await shelf.createImplicitly(
                [["n": .string("urn:\(number)")]],
                for: party ?? office,
                inUse: { inUse }
            )
        }
        let most = LDContextRoom.maximumOfAKind / 2
        let made = [try await make(0), try await make(1)]
        for number in 2..<most { _ = try await make(number) }
        await #expect(throws: BrokerError(.overloaded, "")) { try await make(-1) }
        // Others have room all the same, each within its share of what is left.
        for number in most..<most + LDContextRoom.maximumOfAKind / 4 {
            _ = try await make(number, for: .operator)
        }
        await #expect(throws: BrokerError(.overloaded, "")) { try await make(-2, for: .operator) }
        _ = try await make(-2, for: Party.named(PartyID("other")))
        world.pass(seconds: LDContextShelf.unusedSeconds + 1)
        // Handed out a moment ago, so that somebody is about to name it.
        let handed = try await make(1)
        #expect(handed == made[1])
        let more = try await make(-1, inUse: [made[0].url])
        let left = [made[0].url, handed.url, more.url]
        #expect(Set(shelf.entries(.implicitlyCreated).map(\.url)) == Set(left))
        #expect(try await documentsOnDisk(world) == left.count)
    }

    @Test func `a stored subscription keeps its @context, also when it does not notify`()
        async throws
    {
        let fixture = try await SubscriptionFixture()
        let ld = LDContext(
            reference: [["Bus": "urn:bus"], ["Tram": "urn:tram"]],
            definitions: LDContextDefinitions()
        )
        _ = try await fixture.hub.subscribing.createSubscription(
            [
                "type": "Subscription", "entities": [["type": "Bus"]],
                "notification": ["endpoint": ["uri": "http://receiver.example"]],
            ],
            ld: ld,
            caller: Caller(party: .operator)
        )
        fixture.hub.subscriptions.replace([], .entities, tenant: nil)
        let urls = fixture.hub.shelf.entries(.implicitlyCreated).map(\.url)
        #expect(urls.count == 1)
        #expect(try await fixture.hub.hosting.urlsInUse() == Set(urls))
    }

    @Test func `one party fetches so many at once and leaves room for others`() {
        var room = LDContextRoom()
        for _ in 0..<LDContextRoom.maximumFetches / 2 {
            #expect(room.beginFetch(Sharer(.anonymous)) == true)
        }
        #expect(room.beginFetch(Sharer(.anonymous)) == false)
        #expect(room.beginFetch(Sharer(office)) == true)
        room.endFetch(Sharer(.anonymous))
        #expect(room.beginFetch(Sharer(.anonymous)) == true)
    }

    @Test func `one address without a token fetches so many at once and leaves room for others`() {
        var room = LDContextRoom()
        let strangers = (UInt8(1)...2).map {
            Sharer(.anonymous, at: AddressBlock(bytes: [203, 0, 113, $0]))
        }
        for _ in 0..<LDContextRoom.maximumFetches / 4 {
            #expect(room.beginFetch(strangers[0]) == true)
        }
        #expect(room.beginFetch(strangers[0]) == false)
        #expect(room.beginFetch(strangers[1]) == true)
    }
}
