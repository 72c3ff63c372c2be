import Dispatch
import Governance
import Synchronization
import Testing

@testable import StorageSQLite

@Suite struct CommitterTests {
    private static let greedy = Party.named(PartyID("greedy"))
    private static let modest = Party.named(PartyID("modest"))

    private func committer(in folder: Folder) throws -> Committer {
        let path = "\(folder.path)/hub.sqlite"
        try Schema.migrate(path: path)
        return Committer(
            writer: try Writer(
                path: path,
                maximumPages: nil,
                sealing: SealingLimits(),
                now: seconds(0)
            ),
            checkpointer: try Checkpointer(path: path)
        )
    }

    /// Whose writes were run, in their order.
    private final class Order: Sendable {
        private let order = Mutex<[Party]>([])

        var parties: [Party] { order.withLock(\.self) }

        func write(_ party: Party, to committer: Committer) async throws {
            try await committer.run(for: party) { [self] _ in order.withLock { $0.append(party) } }
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `the parties take turns in writing, however much one of them has heaped up`() async throws
    {
        let folder = Folder()
        let committer = try committer(in: folder)
        let gate = DispatchSemaphore(value: 0)
        let (started, onStart) = AsyncStream.makeStream(of: Void.self)
        let order = Order()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await committer.run(for: Self.greedy) { _ in
                    onStart.yield()
                    gate.wait()
                }
            }
            var starts = started.makeAsyncIterator()
            await starts.next()
            for _ in 0..<20 {
                group.addTask { try await order.write(Self.greedy, to: committer) }
            }
            while committer.waitingCount < 20 { await Task.yield() }
            for _ in 0..<2 {
                group.addTask { try await order.write(Self.modest, to: committer) }
            }
            while committer.waitingCount < 22 { await Task.yield() }
            gate.signal()
            try await group.waitForAll()
        }
        let parties = order.parties
        let places = parties.indices.filter { parties[$0] == Self.modest }
        #expect(places.count == 2 && places.allSatisfy { $0 <= 3 }, "\(places)")
        await committer.close()
    }
}
