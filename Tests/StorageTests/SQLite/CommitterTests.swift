import Dispatch
import Governance
import Synchronization
import Testing

@testable import StorageSQLite

@Suite struct CommitterTests {
    private static func office(_ name: String) -> Sharer { Sharer(.named(PartyID(name))) }

    private static func stranger(_ number: UInt8) -> Sharer {
        Sharer(.anonymous, at: AddressBlock(bytes: [203, 0, 113, number]))
    }

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

    /// The parties whose writes ran, in order.
    private final class Order: Sendable {
        private let order = Mutex<[Sharer]>([])

        var sharers: [Sharer] { order.withLock(\.self) }

        func write(_ sharer: Sharer, to committer: Committer) async throws {
            try await committer.run(for: sharer) { [self] _ in
                order.withLock { $0.append(sharer) }
            }
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `parties take turns in writing, even if one has many writes waiting`() async throws {
        let (greedy, modest) = (Self.office("greedy"), Self.office("modest"))
        let order = try await order(of: [(greedy, 20), (modest, 2)])
        let places = order.indices.filter { order[$0] == modest }
        #expect(places.count == 2 && places.allSatisfy { $0 <= 3 }, "\(places)")
    }

    @Test(.timeLimit(.minutes(1)))
    func `those without a token take turns by address, and together as one party`()
        async throws
    {
        let (greedy, modest) = (Self.stranger(1), Self.stranger(2))
        let office = Self.office("office")
        let order = try await order(of: [(greedy, 20), (modest, 2), (office, 4)])
        let places = order.indices.filter { order[$0] == modest }
        #expect(places.count == 2 && places.allSatisfy { $0 <= 7 }, "\(order)")
        // However many addresses there are, every second turn is the party's.
        #expect(order.indices.filter { order[$0] == office }.allSatisfy { $0 <= 7 }, "\(order)")
    }

    /// The order in which parties with this many waiting writes write.
    private func order(of writes: [(sharer: Sharer, count: Int)]) async throws -> [Sharer] {
        let folder = Folder()
        let committer = try committer(in: folder)
        let gate = DispatchSemaphore(value: 0)
        let (started, onStart) = AsyncStream.makeStream(of: Void.self)
        let order = Order()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await committer.run(for: writes[0].sharer) { _ in
                    onStart.yield()
                    gate.wait()
                }
            }
            var starts = started.makeAsyncIterator()
            await starts.next()
            var waiting = 0
            for (sharer, count) in writes {
                for _ in 0..<count {
                    group.addTask { try await order.write(sharer, to: committer) }
                }
                waiting += count
                while committer.waitingCount < waiting { await Task.yield() }
            }
            gate.signal()
            try await group.waitForAll()
        }
        await committer.finish()
        committer.close()
        return order.sharers
    }
}
