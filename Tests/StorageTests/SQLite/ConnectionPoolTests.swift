import Dispatch
import Governance
import Storage
import Testing

@testable import StorageSQLite

@Suite struct ConnectionPoolTests {
    /// A pool whose queries hold their connections until they are released.
    private final class BusyPool: Sendable {
        let pool: ConnectionPool
        private let folder = Folder()
        /// As many parties as there may be queries at once, with one query each.
        private let sharers = (0..<Limits.queryConnections).map {
            Sharer(.named(PartyID("\($0)")))
        }
        private let gate = DispatchSemaphore(value: 0)
        private let (started, onStart) = AsyncStream.makeStream(of: Void.self)

        init(queryTimeout: Duration = .seconds(600)) throws {
            let path = "\(folder.path)/hub.sqlite"
            try Schema.migrate(path: path)
            pool = try ConnectionPool(path: path, queryTimeout: queryTimeout)
        }

        /// Runs the body while the maximum number of queries runs.
        func whileBusy(_ body: () async throws -> Void) async throws {
            async let queries: Void = withThrowingDiscardingTaskGroup { group in
                for sharer in sharers {
                    group.addTask { [self] in
                        try await pool.run(.query(sharer)) { [self] _ in
                            onStart.yield()
                            gate.wait()
                        }
                    }
                }
            }
            var starts = started.makeAsyncIterator()
            for _ in 0..<Limits.queryConnections { await starts.next() }
            do { try await body() } catch { Issue.record(error) }
            letGo()
            try await queries
        }

        func letGo() { for _ in 0..<Limits.queryConnections { gate.signal() } }
    }

    @Test(.timeLimit(.minutes(1)))
    func `queries leave a connection to point reads`() async throws {
        let busy = try BusyPool()
        try await busy.whileBusy {
            // One more query than there are connections; it waits.
            let waiting = Task { try await busy.pool.run(.query(Self.operator)) { _ in 1 } }
            let later = try await busy.pool.run(.point) { try $0.documentCount(.subscription) }
            // The connection comes back a moment after the answer.
            var atOnce: Int?
            while atOnce == nil, !Task.isCancelled {
                atOnce = try busy.pool.immediately { try $0.documentCount(.subscription) }
                await Task.yield()
            }
            busy.letGo()
            let waited = try await waiting.value
            #expect((later, atOnce, waited) == (0, 0, 1))
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `a query is refused when its wait is over, whether a connection comes back or not`()
        async throws
    {
        let busy = try BusyPool(queryTimeout: .milliseconds(50))
        try await busy.whileBusy {
            // The second one is submitted while the first is being found.
            for _ in 0..<2 {
                await #expect(throws: StorageError(.overloaded, note: "")) {
                    try await busy.pool.run(.query(Self.operator)) { _ in }
                }
            }
        }
    }

    @Test func `a query that waited its full time is refused, and a point read is not`() throws {
        let folder = Folder()
        let path = "\(folder.path)/hub.sqlite"
        try Schema.migrate(path: path)
        var state = PoolState(idle: [try Reader(path: path)])
        let (query, point) = (job(.query(Self.operator)), job(.point))
        for job in [query, query, point] { #expect(state.add(job) == nil) }
        let begun = state.next()
        let first = try #require(begun)
        #expect(first.job.kind == .point)
        state.takeBack(first.reader, after: .point)
        #expect(state.removeLate(patience: .seconds(600)).isEmpty)
        let next = state.next()
        let second = try #require(next)
        #expect(second.job.kind.isQuery)
        #expect(state.add(point) == nil)
        state.takeBack(second.reader, after: .query(Self.operator))
        #expect(state.removeLate(patience: .zero).map(\.kind) == [.query(Self.operator)])
        #expect(state.next()?.job.kind == .point)
    }

    @Test func `a list of documents waits with the queries, and is not refused`() throws {
        let folder = Folder()
        let path = "\(folder.path)/hub.sqlite"
        try Schema.migrate(path: path)
        var state = PoolState(
            idle: try (0...Limits.queryConnections).map { _ in try Reader(path: path) }
        )
        for _ in 0..<4 { #expect(state.add(job(.list)) == nil) }
        let first = state.next()
        for _ in 1..<3 { #expect(state.next()?.job.kind == .list) }
        #expect(state.next() == nil)
        #expect(state.removeLate(patience: .zero).isEmpty)
        state.takeBack(try #require(first).reader, after: .list)
        #expect(state.next()?.job.kind == .list)
    }

    @Test
    func
        `a question to the change feed goes before queries, and is not refused for those that wait`()
        throws
    {
        let folder = Folder()
        let path = "\(folder.path)/hub.sqlite"
        try Schema.migrate(path: path)
        var state = PoolState(idle: [try Reader(path: path)])
        for _ in 0..<Limits.waitingReads { #expect(state.add(job(.point)) == nil) }
        #expect(state.add(job(.point))?.code == .overloaded)
        #expect(state.add(job(.query(Self.operator))) == nil)
        #expect(state.add(job(.feed)) == nil)
        for kind in Array(repeating: ReadKind.point, count: Limits.waitingReads) + [.feed] {
            let begun = state.next()
            let next = try #require(begun)
            #expect(next.job.kind == kind)
            state.takeBack(next.reader, after: kind)
        }
        #expect(state.next()?.job.kind == .query(Self.operator))
    }

    @Test func `queries of one party leave connections to other parties`() throws {
        let folder = Folder()
        let path = "\(folder.path)/hub.sqlite"
        try Schema.migrate(path: path)
        var state = PoolState(
            idle: try (0...Limits.queryConnections).map { _ in try Reader(path: path) }
        )
        func start() -> Party? { state.next()?.job.kind.sharer?.party }
        let greedy = Sharer(.named(PartyID("greedy")))
        for _ in 0..<9 { #expect(state.add(job(.query(greedy))) == nil) }
        for _ in 0..<3 { #expect(start() == greedy.party) }
        #expect(start() == nil)
        #expect(state.add(job(.query(Self.operator))) == nil)
        #expect(start() == .operator)
        // A reader of single entities takes precedence, and has the last connection in any case.
        let other = Sharer(.named(PartyID("other")))
        #expect(state.add(job(.query(other))) == nil)
        #expect(start() == other.party)
        #expect(state.add(job(.query(other))) == nil)
        #expect(start() == nil)
        #expect(state.add(job(.point)) == nil)
        #expect(state.next()?.job.kind == .point)
    }

    @Test func `queries of one address leave a connection to another, and to parties`() throws {
        let folder = Folder()
        let path = "\(folder.path)/hub.sqlite"
        try Schema.migrate(path: path)
        var state = PoolState(
            idle: try (0...Limits.queryConnections).map { _ in try Reader(path: path) }
        )
        func start() -> Sharer? { state.next()?.job.kind.sharer }
        let strangers = (UInt8(1)...9).map {
            Sharer(.anonymous, at: AddressBlock(bytes: [203, 0, 113, $0]))
        }
        for _ in 0..<9 { #expect(state.add(job(.query(strangers[0]))) == nil) }
        for _ in 0..<2 { #expect(start() == strangers[0]) }
        #expect(start() == nil)
        for stranger in strangers { #expect(state.add(job(.query(stranger))) == nil) }
        #expect(start() == strangers[1])
        #expect(start() == nil)
        #expect(state.add(job(.query(Self.operator))) == nil)
        #expect(start() == Self.operator)
        // Requests that waited for too long are removed, whichever address they are from.
        let late = state.removeLate(patience: .zero)
        #expect(late.count == 7 + 8)
        #expect(state.next() == nil)
    }

    private static let `operator` = Sharer(.operator)

    private func job(_ kind: ReadKind) -> PoolJob {
        PoolJob(kind: kind, run: { _ in }, refuse: { _ in })
    }
}
