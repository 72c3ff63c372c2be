import ContextModel
import Dispatch
@testable import Record
import Synchronization
import Testing

/// The writer over a store in memory that fails and waits as it is told.
@Suite struct RecordWriterTests {
    private final class Double: RecordStore {
        struct State {
            var entries: [PreparedEntry] = []
            var checkpoint: SignedCheckpoint?
            var failures = 0
            var readFailures = 0
            var keepFails = false
            var damage: [String] = []
            var transactions: [Int] = []
            /// The entries that a transaction waits for.
            var expected = 0
            var patience = Duration.seconds(60)
            /// What an append waits for.
            var gate: DispatchSemaphore?
            var isWaiting = false
        }
        let state = Mutex(State())

        var size: Int { state.withLock(\.entries.count) }
        var checkpoint: SignedCheckpoint? { state.withLock(\.checkpoint) }

        /// Appends wait from now on.
        func close(the gate: DispatchSemaphore) -> DispatchSemaphore {
            state.withLock { $0.gate = gate }
            return gate
        }

        func open(_ gate: DispatchSemaphore) {
            state.withLock { $0.gate = nil }
            gate.signal()
        }

        var isWaiting: Bool { state.withLock(\.isWaiting) }

        func patience(
            gathered: Int,
            isFirst: Bool
        ) -> (entries: Int, duration: Duration)? {
            let (expected, patience) = state.withLock { ($0.expected, $0.patience) }
            return gathered < expected ? (expected - gathered, patience) : nil
        }

        func append(_ entries: [PreparedEntry], leaving waiting: Int) throws -> Int {
            let gate = state.withLock { state in
                state.isWaiting = true
                return state.gate
            }
            gate?.wait()
            return try state.withLock { state in
                if state.failures > 0 {
                    state.failures -= 1
                    throw RecordError(.unavailable, "the disk is full")
                }
                state.transactions.append(entries.count)
                defer { state.entries += entries }
                return state.entries.count
            }
        }
        func keep(_ checkpoint: SignedCheckpoint) throws {
            try state.withLock { state in
                if state.keepFails { throw RecordError(.unavailable, "the disk is full") }
                state.checkpoint = checkpoint
            }
        }
        func keep(damage note: String) throws {
            try state.withLock { state in
                if state.keepFails { throw RecordError(.unavailable, "the disk is full") }
                state.damage.append(note)
            }
        }
        func hashes(level: Int, index: Int) throws -> [TreeHash] {
            level == 0 && index == 0 ? state.withLock { $0.entries.map(\.hash) } : []
        }
        func entries(_ numbers: Range<Int>) throws -> [[UInt8]] {
            try state.withLock { state in
                if state.readFailures > 0 {
                    state.readFailures -= 1
                    throw RecordError(.unavailable, "the disk cannot be read")
                }
                return state.entries[numbers].map(\.bytes)
            }
        }
        func commitments(of entry: Int) throws -> [TreeHash] { [] }
        func openings(_ query: OpeningQuery) throws -> [KeptOpening] { [] }
        func openings(of entry: Int) throws -> [KeptOpening] { [] }
        func removeReads(of subject: String, tenant: String?, atMost count: Int) throws -> Int {
            0
        }
        func close() {}
    }

    private struct Stopped: Error {}
    private let store = Double()
    private let draft = RecordDraft(.read, time: Timestamp(microseconds: 0), state: 0)

    private func writer(_ state: RecordState = .sound) throws -> RecordWriter {
        let signer = try #require(NoteSigner(name: "city.example", purpose: .note))
        return RecordWriter(RecordOpening(store: store, state: state), signer: signer)
    }

    @Test func `a failure is told to each caller it concerns, and the next entry goes on`()
        async throws
    {
        let writer = try writer()
        #expect(try await writer.append(draft) == 0)
        store.state.withLock { $0.failures = 1 }
        await #expect(throws: RecordError(.unavailable, "")) { try await writer.append(draft) }
        #expect(writer.state == .sound)
        #expect(try await writer.append(draft) == 1)
        await writer.close()
    }

    @Test func `a disk that cannot be read for a moment makes no record a damaged one`()
        async throws
    {
        let writer = try writer()
        for _ in 0..<3 { _ = try await writer.append(draft) }
        store.state.withLock { $0.readFailures = 2 }
        let rests = Mutex(0)
        try await writer.checkAll { rests.withLock { $0 += 1 } }
        // The portion was read a third time, and then it was looked at.
        #expect(rests.withLock { $0 } == 3)
        #expect(writer.state == .sound)
        #expect(try await writer.append(draft) == 3)
        await writer.close()
    }

    @Test func `what shows that the record is damaged is kept, once`() async throws {
        let writer = try writer()
        _ = try await writer.append(draft)
        writer.markDamaged("It was rolled back.")
        writer.markDamaged("It was edited.")
        #expect(writer.state == .damaged("It was rolled back."))
        #expect(store.state.withLock(\.damage) == ["It was rolled back."])
        await writer.close()
        // Where that cannot be written it holds for this run, and says so.
        let other = try self.writer()
        store.state.withLock { $0.keepFails = true }
        other.markDamaged("It was rolled back.")
        guard case .damaged(let note) = other.state else {
            Issue.record("it is not damaged")
            return
        }
        #expect(note.contains("A restart will forget this") && note.contains("the disk is full"))
        await other.close()
    }

    @Test func `entries that come together are written together`() async throws {
        let writer = try writer()
        let gate = store.close(the: DispatchSemaphore(value: 0))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { _ = try await writer.append(draft) }
            while !store.isWaiting { await Task.yield() }
            for _ in 0..<200 { group.addTask { _ = try await writer.append(draft) } }
            while writer.waitingCount < 200 { await Task.yield() }
            store.open(gate)
            try await group.waitForAll()
        }
        await writer.close()
        #expect(store.state.withLock(\.transactions) == [1, 200])
    }

    @Test func `a transaction waits for the entries that are expected, and no longer than it may`()
        async throws
    {
        let writer = try writer()
        store.state.withLock { $0.expected = 5 }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<5 {
                group.addTask { _ = try await writer.append(draft) }
                try await Task.sleep(for: .milliseconds(1))
            }
            try await group.waitForAll()
        }
        #expect(store.state.withLock(\.transactions) == [5])
        // Nobody else comes: the last one is written all the same.
        store.state.withLock { $0.patience = .milliseconds(10) }
        #expect(try await writer.append(draft) == 5)
        #expect(store.state.withLock(\.transactions) == [5, 1])
        await writer.close()
    }

    @Test func `more persons than may wait at once are refused`() async throws {
        let writer = try writer()
        let openings = (0...RecordDraft.maximumOpenings / 2).map {
            Opening(subject: "urn:\($0)", party: "urn:p", time: Timestamp(microseconds: 0))
        }
        let wide = RecordDraft(
            .read,
            time: Timestamp(microseconds: 0),
            state: 0,
            openings: openings
        )
        let gate = store.close(the: DispatchSemaphore(value: 0))
        // The first is being written, three wait, and there is no room for a fourth.
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { _ = try await writer.append(draft) }
            while !store.isWaiting { await Task.yield() }
            for _ in 0..<3 { group.addTask { _ = try await writer.append(wide) } }
            while writer.waitingCount < 3 { await Task.yield() }
            await #expect(throws: RecordError(.overloaded, "")) { try await writer.append(wide) }
            store.open(gate)
            try await group.waitForAll()
        }
        await writer.close()
        #expect(store.size == 4)
    }

    @Test func `a damaged record takes no entries, and neither does one that is closed`()
        async throws
    {
        let damaged = try writer(.damaged("it was cut"))
        await #expect(throws: RecordError(.damaged, "")) { try await damaged.append(draft) }
        let writer = try writer()
        await writer.close()
        await #expect(throws: RecordError(.closed, "")) { try await writer.append(draft) }
        let signer = try #require(NoteSigner(name: "city.example", purpose: .note))
        let opening = RecordOpening(store: nil, state: .damaged("it is gone"))
        let none = RecordWriter(opening, signer: signer)
        await #expect(throws: RecordError(.damaged, "")) { try await none.append(draft) }
        await #expect(throws: RecordError(.notFound, "")) { try await none.proof(of: 0) }
        #expect(try await none.bytes(of: Tile(.entries, index: 0)) == nil)
        await none.close()
    }

    @Test func `checkpoints are signed after each pause if anything is new, failures or not`()
        async throws
    {
        let writer = try writer()
        let publisher = RecordPublisher(writer)
        let sizes = Mutex<[Int?]>([])
        let failures = Mutex(0)
        await #expect(throws: Stopped.self) {
            try await publisher.keepPublishing { pause in
                #expect(pause == .seconds(1))
                let round = sizes.withLock { sizes in
                    sizes.append(publisher.checkpoint?.checkpoint.size)
                    return sizes.count
                }
                if round == 5 { throw Stopped() }
                // Nothing is new in the second pause, and the disk fails in the third.
                store.state.withLock { $0.keepFails = round == 3 }
                if round != 2, round != 4 { _ = try await writer.append(draft) }
            } failed: { error in
                #expect(error as? RecordError == RecordError(.unavailable, ""))
                failures.withLock { $0 += 1 }
            }
        }
        #expect(sizes.withLock { $0 } == [0, 1, 1, 1, 2])
        #expect(failures.withLock { $0 } == 1)
        let first = try await writer.signCheckpoint()
        #expect(try await writer.signCheckpoint() == first)
        await writer.close()
    }
}
