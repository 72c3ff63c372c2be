import Logging
import Clauses
import ContextModel
import Governance
import Storage
import Synchronization
import Testing

@testable import Broker

/// Copies of other servers' documents.
@Suite(.clause("5.13.1")) struct LDContextCopiesTests {
    private static let url = "https://far.example/context.jsonld"
    private let office = Party.named(PartyID("office"))

    /// A web of documents, each of which contains its own URL, and a clock to set.
    private final class World: LDContextSource {
        private struct State {
            var seconds = 0
            var isReachable = true
            var freshSeconds: Int?
            var fetched: [String] = []
            /// The number of fetches that wait for each other.
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
        /// Runs the body while a document is being fetched.
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

        /// The `@context`s of one process of the hub.
        func contexts() -> LDContextFetcher {
            let store = LDContextStore(
                fixture.store,
                publicURL: "http://hub.example",
                clock: HubClock { self.now },
                makeIdentifier: fixture.hub.makeIdentifier,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            )
            return LDContextFetcher(store, self)
        }
    }

    @Test func `a copy survives a restart without Internet access`() async throws {
        let world = try await World()
        let copy = try await world.contexts().document(at: Self.url, for: Sharer(office))
        world.cutOff()
        let later = world.contexts()
        try await later.store.follower.load()
        #expect(later.store.entries(.cached) == [copy])
        #expect(try await later.document(at: Self.url, for: Sharer(.anonymous)) == copy)
        #expect(world.fetched.count == 1)
    }

    @Test func `a copy for the anonymous party is not written to disk`() async throws {
        let world = try await World()
        let contexts = world.contexts()
        _ = try await contexts.document(at: Self.url, for: Sharer(.anonymous))
        #expect(try await documentsOnDisk(world) == 0)
        // A party that uses it has it stored.
        _ = try await contexts.document(at: Self.url, for: Sharer(office))
        #expect(try await documentsOnDisk(world) == 1)
        #expect(world.fetched.count == 1)
    }

    private func documentsOnDisk(_ world: World) async throws -> Int {
        try await world.fixture.store.makeTenant(nil).documentCount(.ldContext)
    }

    @Test func `a URL fetched twice at once has one copy, in memory and on disk`() async throws {
        let world = try await World()
        world.hold(until: 2)
        let contexts = world.contexts()
        async let first = contexts.document(at: Self.url, for: Sharer(office))
        async let second = contexts.document(at: Self.url, for: Sharer(office))
        let identifiers = try await [first.localID, second.localID]
        #expect(world.fetched.count == 2)
        #expect(Set(identifiers).count == 1)
        #expect(try await documentsOnDisk(world) == 1)
        let later = world.contexts()
        try await later.store.follower.load()
        #expect(later.store.entries(.cached).map(\.localID) == [identifiers[0]])
        #expect(try await documentsOnDisk(world) == 1)
    }

    @Test func `of two copies of a URL on disk the newer one is kept at the start`() async throws {
        let world = try await World()
        var old = try await world.contexts().document(at: Self.url, for: Sharer(office))
        let new = old
        old.localID = "zzz"
        old.createdAt = Timestamp(microseconds: -1_000_000)
        let second = old.document
        let store = try await world.fixture.store.makeTenant(nil)
        try await store.bookkeep { try $0.put(second) }
        let later = world.contexts()
        try await later.store.follower.load()
        #expect(later.store.entries(.cached) == [new])
        #expect(try await documentsOnDisk(world) == 1)
    }

    @Test func `a copy fetched by one process serves the others, until one deletes it`()
        async throws
    {
        let world = try await World()
        let (first, second) = (world.contexts(), world.contexts())
        try await second.store.follower.load()
        let resolver = LDContextResolver(second)
        let copy = try await first.document(at: Self.url, for: Sharer(office))
        _ = try await resolver.context(for: .string(Self.url), sharer: Sharer(office))
        #expect(second.store.entries(.cached) == [copy])
        #expect(world.fetched.count == 1)
        try await first.store.remove(copy)
        await second.store.follower.catchUp()
        #expect(second.store.entries(.cached).isEmpty)
        _ = try await resolver.context(for: .string(Self.url), sharer: Sharer(office))
        #expect(world.fetched.count == 2)
        await first.store.follower.catchUp()
        #expect(first.store.entries(.cached) == second.store.entries(.cached))
    }

    @Test func `a copy reloaded by one process is used by the others`() async throws {
        let world = try await World()
        let (first, second) = (world.contexts(), world.contexts())
        _ = try await first.document(at: Self.url, for: Sharer(office))
        await second.store.follower.catchUp()
        world.pass(seconds: 60)
        try await first.reload(Self.url, for: Sharer(office))
        await second.store.follower.catchUp()
        #expect(second.store.entries(.cached) == first.store.entries(.cached))
        #expect(second.store.entries(.cached).map(\.createdAt.microseconds) == [60_000_000])
        #expect(try await documentsOnDisk(world) == 1)
    }

    @Test func `a copy does not replace a later one in the store`() async throws {
        let world = try await World()
        let (first, second) = (world.contexts(), world.contexts())
        var later = try await first.document(at: Self.url, for: Sharer(office))
        await second.store.follower.catchUp()
        later.createdAt = Timestamp(microseconds: 120_000_000)
        let document = later.document
        let store = try await world.fixture.store.makeTenant(nil)
        world.pass(seconds: 60)
        // Another process writes its copy before this one writes an earlier one.
        world.meanwhile {
            try? await store.changeDocuments(reading: []) { $0.put(document) }
            await second.store.follower.catchUp()
        }
        try await first.reload(Self.url, for: Sharer(office))
        await second.store.follower.catchUp()
        #expect(first.store.entries(.cached) == [later] && second.store.entries(.cached) == [later])
        #expect(try await store.documents(.ldContext).map(\.body) == [document.body])
    }

    @Test func `a reloaded copy is used, even if another process has a fast clock`()
        async throws
    {
        let world = try await World()
        let (first, second) = (world.contexts(), world.contexts())
        world.pass(seconds: 60)
        _ = try await second.document(at: Self.url, for: Sharer(office))
        await first.store.follower.catchUp()
        world.pass(seconds: -30)
        try await first.reload(Self.url, for: Sharer(office))
        await second.store.follower.catchUp()
        #expect(first.store.entries(.cached) == second.store.entries(.cached))
        let stored = try await world.fixture.store.makeTenant(nil).documents(.ldContext)
        #expect(stored.compactMap { StoredLDContext($0) } == first.store.entries(.cached))
    }

    @Test func `of simultaneous copies all processes keep the same one`() async throws {
        let world = try await World()
        world.hold(until: 2)
        let (first, second) = (world.contexts(), world.contexts())
        async let one = first.document(at: Self.url, for: Sharer(office))
        async let other = second.document(at: Self.url, for: Sharer(office))
        _ = try await (one, other)
        // A change by one must reach the other.
        for contexts in [first, second, first, second] { await contexts.store.follower.catchUp() }
        #expect(first.store.entries(.cached).count == 1)
        #expect(first.store.entries(.cached) == second.store.entries(.cached))
        let stored = try await world.fixture.store.makeTenant(nil).documents(.ldContext)
        #expect(stored.map(\.id) == first.store.entries(.cached).map(\.localID))
    }

    @Test func `of copies with equal times all processes keep the same one`() {
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
            let caches = [LDContextCache(), LDContextCache()]
            _ = caches[0].put(one, bytes: 10)
            _ = caches[1].put(other, bytes: 10)
            let gone = [caches[0].follow([(other, 10)]), caches[1].follow([(one, 10)])]
            #expect(caches.map { $0.all.map(\.localID) } == [[kept], [kept]])
            // Both choose the same one to be removed from the store.
            #expect(
                gone.map { $0.map(\.localID) }
                    == Array(repeating: [kept == "a" ? "b" : "a"], count: 2)
            )
        }
    }

    @Test func `a copy deleted during a failed renewal stays deleted`() async throws {
        let world = try await World()
        let contexts = world.contexts()
        let old = try await contexts.document(at: Self.url, for: Sharer(office))
        world.cutOff()
        world.pass(seconds: 86_400)
        world.meanwhile { try? await contexts.store.remove(old) }
        #expect(try await contexts.document(at: Self.url, for: Sharer(office)) == old)
        #expect(contexts.store.entries(.cached).isEmpty)
        #expect(try await documentsOnDisk(world) == 0)
    }

    @Test func `an old copy serves while the hub fetches too many, and is renewed next time`()
        async throws
    {
        let world = try await World()
        let contexts = world.contexts()
        let old = try await contexts.document(at: Self.url, for: Sharer(office))
        world.pass(seconds: 86_400)
        let most = LDContextFetcher.maximumFetches / 2
        world.hold(until: most + 1)
        try await withThrowingTaskGroup { [office] group in
            for number in 0..<most {
                group.addTask {
                    _ = try await contexts.document(
                        at: "https://x.example/\(number)",
                        for: Sharer(office)
                    )
                }
            }
            while world.fetched.count < most + 1 { await Task.yield() }
            #expect(try await contexts.document(at: Self.url, for: Sharer(office)) == old)
            #expect(world.fetched.count == most + 1)
            // Another party's copy is fetched as well, and lets the others continue.
            _ = try await contexts.document(at: "https://x.example/last", for: Sharer(.operator))
            try await group.waitForAll()
        }
        world.hold(until: 1)
        #expect(
            try await contexts.document(at: Self.url, for: Sharer(office)).expiresAt
                != old.expiresAt
        )
    }

    @Test(arguments: [(nil, 86_400), (600, 600), (0, 300), (99_999_999, 604_800)])
    func `a copy expires as its server says, within bounds`(
        said: Int?,
        seconds: Int
    ) async throws {
        let world = try await World()
        if let said { world.say(freshSeconds: said) }
        let resolver = LDContextResolver(world.contexts())
        for (passing, fetches) in [(0, 1), (seconds - 1, 1), (1, 2), (seconds - 1, 2)] {
            world.pass(seconds: passing)
            _ = try await resolver.context(for: .string(Self.url), sharer: Sharer(office))
            #expect(world.fetched.count == fetches)
        }
    }

    @Test func `an old copy serves when its server is down, which not every request calls`()
        async throws
    {
        let world = try await World()
        let resolver = LDContextResolver(world.contexts())
        _ = try await resolver.context(for: .string(Self.url), sharer: Sharer(office))
        world.cutOff()
        world.pass(seconds: 86_400)
        for _ in 0..<3 {
            let ld = try await resolver.context(for: .string(Self.url), sharer: Sharer(office))
            #expect(ld.expand("Bus") == IRI(Self.url))
        }
        #expect(world.fetched.count == 2)
    }

    @Test func `strangers evict each other's copies only`() async throws {
        let world = try await World()
        let contexts = world.contexts()
        _ = try await contexts.document(at: Self.url, for: Sharer(office))
        let hosted = try await contexts.store.host(["Bus": "urn:bus"], for: .operator)
        for number in 0..<LDContextCache.maximumOfAKind + 10 {
            _ = try await contexts.document(
                at: "https://x.example/\(number)",
                for: Sharer(.anonymous)
            )
        }
        #expect(contexts.store.entries(.cached).count == LDContextCache.maximumOfAKind)
        #expect(contexts.store.entry(Self.url) != nil && contexts.store.entry(hosted.url) != nil)
        #expect(contexts.store.entry("https://x.example/0") == nil)
    }

    @Test func `hosted documents have a limit of bytes`() async throws {
        let contexts = try await World().contexts()
        let text = JSONValue.string(String(repeating: "x", count: 1_000_000))
        let fitting = LDContextCache.maximumBytes / 2 / 1_000_000
        for number in 0..<fitting {
            _ = try await contexts.store.host([text, .string("\(number)")], for: office)
        }
        await #expect(throws: BrokerError(.overloaded, "")) {
            try await contexts.store.host([text, "more"], for: office)
        }
        #expect(contexts.store.entries(.hosted).count == fitting)
    }

    @Test func `a created context is removed when places are few and it is unused`() async throws {
        let world = try await World()
        let contexts = world.contexts()
        func make(
            _ number: Int,
            for party: Party? = nil,
            inUse: Set<String> = []
        ) async throws -> StoredLDContext {
            try await contexts.store.createImplicitly(
                [["n": .string("urn:\(number)")]],
                for: party ?? office,
                inUse: { inUse }
            )
        }
        let most = LDContextCache.maximumOfAKind / 2
        let made = [try await make(0), try await make(1)]
        for number in 2..<most { _ = try await make(number) }
        await #expect(throws: BrokerError(.overloaded, "")) { try await make(-1) }
        // Others have places all the same, each within its share of the rest.
        for number in most..<most + LDContextCache.maximumOfAKind / 4 {
            _ = try await make(number, for: .operator)
        }
        await #expect(throws: BrokerError(.overloaded, "")) { try await make(-2, for: .operator) }
        _ = try await make(-2, for: Party.named(PartyID("other")))
        world.pass(seconds: LDContextStore.unusedSeconds + 1)
        // It was given a moment ago to somebody who is about to refer to it.
        let handed = try await make(1)
        #expect(handed == made[1])
        let more = try await make(-1, inUse: [made[0].url])
        let left = [made[0].url, handed.url, more.url]
        #expect(Set(contexts.store.entries(.implicitlyCreated).map(\.url)) == Set(left))
        #expect(try await documentsOnDisk(world) == left.count)
    }

    @Test func `a stored subscription keeps its @context, even when it does not notify`()
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
        let urls = fixture.hub.contextStore.entries(.implicitlyCreated).map(\.url)
        #expect(urls.count == 1)
        #expect(try await fixture.hub.hosting.urlsInUse() == Set(urls))
    }

    @Test func `one party has a limit of fetches and leaves places to others`() async throws {
        let contexts = try await World().contexts()
        for _ in 0..<LDContextFetcher.maximumFetches / 2 {
            #expect(contexts.begin(for: Sharer(.anonymous)) == true)
        }
        #expect(contexts.begin(for: Sharer(.anonymous)) == false)
        #expect(contexts.begin(for: Sharer(office)) == true)
        contexts.end(for: Sharer(.anonymous))
        #expect(contexts.begin(for: Sharer(.anonymous)) == true)
    }

    @Test func `one address without a token has a limit of fetches and leaves places to others`()
        async throws
    {
        let contexts = try await World().contexts()
        let strangers = (UInt8(1)...2).map {
            Sharer(.anonymous, at: AddressBlock(bytes: [203, 0, 113, $0]))
        }
        for _ in 0..<LDContextFetcher.maximumFetches / 4 {
            #expect(contexts.begin(for: strangers[0]) == true)
        }
        #expect(contexts.begin(for: strangers[0]) == false)
        #expect(contexts.begin(for: strangers[1]) == true)
    }
}
