import ContextModel
import Governance
import Storage
import Testing

/// Every store gives the processes that deliver its outbox the same guarantees.
@Suite struct OutboxContractTests {
    private func tenant(_ kind: StoreKind, _ folder: Folder) async throws -> any TenantStore {
        try await kind.open(folder, Clock()).makeTenant(nil)
    }

    @Test(arguments: StoreKind.all)
    func `messages are claimed in order, once in a term, and as a batch`(
        kind: StoreKind
    ) async throws {
        let folder = Folder()
        let tenant = try await tenant(kind, folder)
        let numbers = try await tenant.enqueue(5)
        let lease = try #require(try await tenant.lease("a", until: 10, now: 0))
        #expect(try await tenant.claim(lease, limit: 3) == Array(numbers[..<3]))
        #expect(try await tenant.claim(lease, after: numbers[2], limit: 3) == Array(numbers[3...]))
        #expect(try await tenant.claim(lease) == [])
        #expect(try await tenant.outboxDepth().count == 5)
    }

    @Test(arguments: StoreKind.all)
    func `during a lease no other process can claim or settle`(kind: StoreKind) async throws {
        let folder = Folder()
        let tenant = try await tenant(kind, folder)
        let numbers = try await tenant.enqueue(2)
        let lease = try #require(try await tenant.lease("a", until: 10, now: 0))
        _ = try await tenant.claim(lease)
        #expect(try await tenant.lease("b", until: 20, now: 9) == nil)
        #expect(try await tenant.outboxLease() == lease)
        for term in [lease.term - 1, lease.term + 1] {
            let other = OutboxLease(owner: "b", term: term, until: seconds(20))
            await #expect(throws: StorageError(.leaseLost, note: "")) {
                try await tenant.claim(other)
            }
            await #expect(throws: StorageError(.leaseLost, note: "")) {
                try await tenant.bookkeep { try $0.removeFromOutbox(numbers, in: term) }
            }
            await #expect(throws: StorageError(.leaseLost, note: "")) {
                try await tenant.bookkeep { try $0.narrowOutbox([(numbers[0], [])], in: term) }
            }
            try await tenant.bookkeep { try $0.releaseOutbox(in: term) }
        }
        #expect(try await tenant.outboxDepth().count == 2)
        #expect(try await tenant.outboxLease() == lease)
    }

    @Test(arguments: StoreKind.all)
    func `messages that were claimed and not settled are taken over after the lease`(
        kind: StoreKind
    ) async throws {
        let folder = Folder()
        let tenant = try await tenant(kind, folder)
        let numbers = try await tenant.enqueue(3)
        let gone = try #require(try await tenant.lease("a", until: 10, now: 0))
        _ = try await tenant.claim(gone)
        try await tenant.bookkeep { try $0.removeFromOutbox([numbers[0]], in: gone.term) }
        let heir = try #require(try await tenant.lease("b", until: 20, now: 10))
        #expect(heir.term > gone.term)
        #expect(try await tenant.claim(heir) == Array(numbers[1...]))
        // The other process was only slow, and learns that it lost the lease.
        await #expect(throws: StorageError(.leaseLost, note: "")) {
            try await tenant.bookkeep { try $0.removeFromOutbox([numbers[1]], in: gone.term) }
        }
        #expect(try await tenant.lease("a", having: gone.term, until: 30, now: 15) == nil)
        try await tenant.bookkeep { try $0.removeFromOutbox(numbers, in: heir.term) }
        #expect(try await tenant.outboxDepth().count == 0)
    }

    @Test(arguments: StoreKind.all)
    func `a lease is extended, even late, and released at once`(kind: StoreKind) async throws {
        let folder = Folder()
        let tenant = try await tenant(kind, folder)
        _ = try await tenant.enqueue(1)
        let lease = try #require(try await tenant.lease("a", until: 10, now: 0))
        _ = try await tenant.claim(lease)
        let longer = try await tenant.lease("a", having: lease.term, until: 30, now: 5)
        #expect(longer == OutboxLease(owner: "a", term: lease.term, until: seconds(30)))
        let late = try await tenant.lease("a", having: lease.term, until: 50, now: 40)
        #expect(late?.term == lease.term)
        #expect(try await tenant.claim(lease) == [])
        try await tenant.bookkeep { try $0.releaseOutbox(in: lease.term) }
        let next = try #require(try await tenant.lease("b", until: 60, now: 41))
        #expect(try await tenant.claim(next).count == 1)
    }

    @Test(arguments: StoreKind.all)
    func `a process that was restarted need not wait for its own lease`(
        kind: StoreKind
    ) async throws {
        let folder = Folder()
        let tenant = try await tenant(kind, folder)
        let numbers = try await tenant.enqueue(1)
        let before = try #require(try await tenant.lease("a", until: 10, now: 0))
        _ = try await tenant.claim(before)
        let after = try #require(try await tenant.lease("a", until: 11, now: 1))
        #expect(after.term > before.term)
        #expect(try await tenant.claim(after) == numbers)
    }

    @Test(arguments: StoreKind.all)
    func `the process with the lease claims its new messages, unless that would overtake others`(
        kind: StoreKind
    ) async throws {
        let folder = Folder()
        let tenant = try await tenant(kind, folder)
        #expect(try await tenant.put(in: 1).isClaimed == false)
        let lease = try #require(try await tenant.lease("a", until: 10, now: 0))
        #expect(try await tenant.put(in: lease.term).isClaimed == false, "an older one waits")
        #expect(try await tenant.outboxHasUnclaimed())
        #expect(try await tenant.claim(lease).count == 2)
        #expect(try await tenant.outboxHasUnclaimed() == false)
        #expect(try await tenant.put(in: lease.term).isClaimed)
        #expect(try await tenant.put(in: lease.term + 1).isClaimed == false)
        #expect(try await tenant.put(in: lease.term).isClaimed == false)
        #expect(try await tenant.claim(lease).count == 2)
        // A process cannot settle a message that it has not claimed.
        let free = try await tenant.put(in: nil)
        try await tenant.bookkeep { try $0.removeFromOutbox([free.sequence], in: lease.term) }
        try await tenant.bookkeep { try $0.narrowOutbox([(free.sequence, ["t"])], in: lease.term) }
        let left = try await tenant.outboxMessage(free.sequence, grant: Grants.read())
        #expect(left?.recipients == ["s"])
    }

    @Test(arguments: StoreKind.all)
    func `a late settlement leaves nothing behind`(kind: StoreKind) async throws {
        let folder = Folder()
        let tenant = try await tenant(kind, folder)
        let numbers = try await tenant.enqueue(1)
        let lease = try #require(try await tenant.lease("a", until: 10, now: 0))
        _ = try await tenant.claim(lease)
        _ = try await tenant.lease("b", until: 20, now: 10)
        let document = Document(kind: .subscription, id: "s", body: [1])
        await #expect(throws: StorageError(.leaseLost, note: "")) {
            try await tenant.bookkeep { transaction in
                try transaction.put(document)
                try transaction.removeFromOutbox(numbers, in: lease.term)
            }
        }
        #expect(try await tenant.documents(.subscription) == [])
        // A transaction that is rolled back claims nothing and takes no lease.
        struct Undone: Error {}
        await #expect(throws: Undone.self) {
            try await tenant.bookkeep { transaction in
                _ = try transaction.leaseOutbox(
                    to: "c",
                    having: nil,
                    until: seconds(90),
                    now: seconds(30)
                )
                throw Undone()
            }
        }
        #expect(try await tenant.outboxLease()?.owner == "b")
    }
}

extension TenantStore {
    /// Adds this many messages with one recipient each; returns their numbers.
    func enqueue(_ count: Int) async throws -> [Int64] {
        try await bookkeep { transaction in
            try (0..<count).map { try transaction.enqueue([UInt8($0)], to: ["s"], at: seconds(1)) }
        }
    }

    func put(in term: Int64?) async throws -> EnqueuedMessage {
        try await bookkeep { try $0.enqueue([1], to: ["s"], at: seconds(1), in: term) }
    }

    func lease(
        _ owner: String,
        having term: Int64? = nil,
        until: Int,
        now: Int
    ) async throws -> OutboxLease? {
        try await bookkeep {
            try $0.leaseOutbox(
                to: owner,
                having: term,
                until: seconds(until),
                now: seconds(now)
            )
        }
    }

    /// The numbers of the claimed messages.
    @discardableResult
    func claim(
        _ lease: OutboxLease,
        after sequence: Int64 = 0,
        limit: Int = 100
    ) async throws -> [Int64] {
        try await bookkeep {
            try $0.claimOutbox(
                after: sequence,
                limit: limit,
                in: lease.term,
                grant: Grants.delivering
            ).map(\.sequence)
        }
    }
}
