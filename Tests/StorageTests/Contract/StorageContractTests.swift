import ContextModel
import Dispatch
import Governance
import Storage
import Testing

/// Every store keeps this contract.
@Suite struct StorageContractTests {
    @Test(arguments: StoreKind.all)
    func `the reads of one body see one moment, even while others write`(
        kind: StoreKind
    ) async throws {
        let tenant = try await kind.open(Folder(), Clock()).makeTenant(nil)
        try await tenant.put([Entity("a")])
        let (wrote, isReading) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let all = EntityQuery(condition: .everything, limit: 9)
        async let counts = tenant.read(try Grants.read()) { transaction in
            let before = try transaction.identifiers(all).count
            isReading.signal()
            // The body may block; the test fails here instead of waiting for ever.
            guard wrote.wait(timeout: .now() + 20) == .success else { return [before] }
            let after = try transaction.encodedEntities(all).entities.count
            return [before, after, try transaction.shapes().reduce(0) { $0 + $1.count }]
        }
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                isReading.wait()
                continuation.resume()
            }
        }
        try await tenant.put([Entity("b")])
        wrote.signal()
        #expect(try await counts == [1, 1, 1])
        #expect(try await tenant.read(try Grants.read()) { try $0.identifiers(all).count } == 2)
    }

    @Test(arguments: StoreKind.all)
    func `an entity reads back as it was put, and as it was replaced`(kind: StoreKind) async throws
    {
        let folder = Folder()
        let tenant = try await kind.open(folder, Clock()).makeTenant(nil)
        var entity = Entity("a", .sensor, [.speed: 1.5, .label: ["x": [nil, true]]])
        entity.scopes = ["/Phuket/Patong"]
        try await tenant.put([entity])
        #expect(try await tenant.entity(entity.id, grant: Grants.read()) == entity)
        entity = Entity("a", .station, [.speed: 2])
        try await tenant.put([entity])
        #expect(try await tenant.entity(entity.id, grant: Grants.read()) == entity)
    }

    @Test(arguments: StoreKind.all)
    func `an entity that the grant does not cover is not found`(kind: StoreKind) async throws {
        let folder = Folder()
        let tenant = try await kind.open(folder, Clock()).makeTenant(nil)
        try await tenant.put([Entity("a", .sensor, [.speed: 1]), Entity("b", .station)])
        let id = EntityID("urn:a")
        #expect(try await tenant.entity(id, grant: Grants.read(.type(.station))) == nil)
        let shown = try await tenant.entity(id, grant: Grants.read(hidden: [.speed]))
        #expect(shown?.attributes.isEmpty == true)
        #expect(try await tenant.ids(.everything, grant: .type(.station)) == ["b"])
        let shapes = try await tenant.shapes(grant: Grants.read(.type(.sensor), hidden: [.speed]))
        #expect(shapes == [EntityShape(types: [.sensor], attributes: [:], count: 1)])
    }

    @Test(arguments: StoreKind.all)
    func `pages follow the order of creation without gaps`(kind: StoreKind) async throws {
        let folder = Folder()
        let tenant = try await kind.open(folder, Clock()).makeTenant(nil)
        try await tenant.put(
            (0..<50).map { Entity("\($0)", $0 % 2 == 0 ? .sensor : .station, [.speed: 1]) }
        )
        let grant = try Grants.read()
        var seen: [String] = []
        for offset in stride(from: 0, to: 50, by: 7) {
            let query = EntityQuery(
                condition: .attribute(.speed),
                offset: offset,
                limit: 7,
                wantsCount: true
            )
            let page = try await tenant.entities(query, grant: grant)
            #expect(page.count == 50)
            #expect(page.hasMore == (offset + 7 < 50))
            seen += page.entities.map { String($0.id.uri.dropFirst(4)) }
        }
        #expect(seen == (0..<50).map(String.init))
        let count = EntityQuery(condition: .type(.sensor), limit: 0, wantsCount: true)
        #expect(try await tenant.entities(count, grant: grant).count == 25)
    }

    @Test(arguments: StoreKind.all)
    func `an expired entity is not found`(kind: StoreKind) async throws {
        let folder = Folder()
        let clock = Clock()
        let tenant = try await kind.open(folder, clock).makeTenant(nil)
        var entity = Entity("a")
        entity.expiresAt = clock.now
        try await tenant.put([entity, Entity("b")])
        clock.now.microseconds -= 1
        #expect(try await tenant.ids(.everything) == ["a", "b"])
        clock.now.microseconds += 1
        #expect(try await tenant.ids(.everything) == ["b"])
        #expect(try await tenant.entity(entity.id, grant: Grants.read()) == nil)
        #expect(try await tenant.shapes(grant: Grants.read()).map(\.count) == [1])
    }

    @Test(arguments: StoreKind.all)
    func `entities sort by a value, and those without one are last`(kind: StoreKind) async throws {
        let folder = Folder()
        let tenant = try await kind.open(folder, Clock()).makeTenant(nil)
        try await tenant.put([
            Entity("a", .sensor, [.speed: 2]), Entity("b"), Entity("c", .sensor, [.speed: 10]),
        ])
        let path = OrderTerm.Subject.path(AttributePath(names: [.speed]))
        for (isDescending, order) in [(false, ["a", "c", "b"]), (true, ["c", "a", "b"])] {
            let query = EntityQuery(
                condition: .everything,
                order: [OrderTerm(subject: path, isDescending: isDescending)],
                limit: 10
            )
            let page = try await tenant.entities(query, grant: Grants.read())
            #expect(page.entities.map { String($0.id.uri.dropFirst(4)) } == order)
        }
    }

    @Test(arguments: StoreKind.all)
    func `a request that fails is undone alone`(kind: StoreKind) async throws {
        struct Refused: Error {}
        let folder = Folder()
        let tenant = try await kind.open(folder, Clock()).makeTenant(nil)
        let failures = await withTaskGroup(of: Bool.self) { group in
            for number in 0..<64 {
                group.addTask {
                    do {
                        try await tenant.transact {
                            try $0.put(Entity("\(number)", IRI("urn:type:\(number)")))
                            if number % 3 == 0 { throw Refused() }
                        }
                        return false
                    } catch { return error is Refused }
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(failures == 22)
        let kept = Set(try await tenant.ids(.everything))
        #expect(kept == Set((0..<64).filter { $0 % 3 != 0 }.map(String.init)))
        #expect(try await tenant.shapes(grant: Grants.read()).count == 42)
    }

    @Test(arguments: StoreKind.all)
    func `an entity with too many bytes is not stored, but the rest of the request is`(
        kind: StoreKind
    ) async throws {
        let folder = Folder()
        let tenant = try await kind.open(folder, Clock()).makeTenant(nil)
        let entities = [EntityLimits.bytes - 1_000, EntityLimits.bytes].map { bytes in
            Entity("a", .sensor, [.label: .string(String(repeating: "x", count: bytes))])
        }
        try await tenant.transact { transaction in
            try transaction.put(entities[0])
            #expect(throws: StorageError(.entityTooLarge, note: "")) {
                try transaction.put(entities[1])
            }
            try transaction.put(Entity("b"))
        }
        #expect(try await tenant.ids(.everything) == ["a", "b"])
        #expect(try await tenant.entity(EntityID("urn:a"), grant: Grants.read()) == entities[0])
    }

    @Test(arguments: StoreKind.all)
    func `a transaction sees what it has written`(kind: StoreKind) async throws {
        let folder = Folder()
        let tenant = try await kind.open(folder, Clock()).makeTenant(nil)
        let document = Document(kind: .ldContext, id: "d", body: [1, 2])
        let seen = try await tenant.transact { transaction in
            let grant = InternalGrant(.mergeOnWrite)
            let entity = Entity("a", .sensor, [.speed: 1])
            try transaction.put(entity)
            try transaction.put(document)
            let reading = NamedAttribute(name: .speed, instances: [.reading(1, at: 1)])
            try transaction.appendHistory(entity.id, types: [], scopes: [], [reading])
            let lease = try transaction.leaseOutbox(
                to: "a",
                having: nil,
                until: seconds(9),
                now: seconds(1)
            )
            let message = try transaction.enqueue([1], to: ["s"], at: seconds(1), in: lease?.term)
            let number = message.sequence
            try transaction.narrowOutbox([(number, ["t"])], in: lease?.term ?? 0)
            return [
                try transaction.entity(entity.id, grant: grant) == entity,
                try transaction.evolving(entity.id, grant: grant) == entity,
                try transaction.document(.ldContext, id: "d") == document,
                try transaction.documents(.ldContext) == [document],
                try transaction.documentCount(.ldContext) == 1,
                try transaction.outboxMessage(number, grant: Grants.delivering)?.recipients == [
                    "t"
                ],
            ]
        }
        #expect(seen == [Bool](repeating: true, count: 6))
        #expect(try await tenant.document(.ldContext, id: "d") == document)
    }

    @Test(arguments: StoreKind.all)
    func `expired entities are found in the order of expiry, and only present ones are counted`(
        kind: StoreKind
    ) async throws {
        let folder = Folder()
        let clock = Clock()
        let tenant = try await kind.open(folder, clock).makeTenant(nil)
        let now = clock.now
        let entities = [("a", 3), ("b", 1), ("c", 9), ("d", 2)].map { id, later in
            var entity = Entity(id)
            entity.expiresAt = Timestamp(microseconds: now.microseconds + Int64(later))
            return entity
        }
        try await tenant.put(entities + [Entity("e")])
        try await tenant.append("f", .speed, [.reading(1, at: 1)])
        try await tenant.append("b", .speed, [.reading(1, at: 1)])
        func expired(_ limit: Int) async throws -> [String] {
            try await tenant.expired(
                at: Timestamp(microseconds: now.microseconds + 3),
                limit: limit,
                grant: InternalGrant(.retention)
            ).map { String($0.uri.dropFirst(4)) }
        }
        #expect(try await expired(9) == ["b", "d", "a"])
        #expect(try await expired(2) == ["b", "d"])
        #expect(try await tenant.entityCount(grant: InternalGrant(.measuring)) == 5)
        #expect(try await tenant.transact { try $0.remove(EntityID("urn:b")) })
        #expect(try await expired(9) == ["d", "a"])
        #expect(try await tenant.entityCount(grant: InternalGrant(.measuring)) == 4)
    }

    @Test(arguments: StoreKind.all)
    func `tenants see nothing of each other`(kind: StoreKind) async throws {
        let folder = Folder()
        let store = try kind.open(folder, Clock())
        let name = try #require(TenantName("patong"))
        #expect(try await store.tenant(name) == nil)
        try await store.makeTenant(name).put([Entity("a")])
        #expect(try await store.makeTenant(nil).ids(.everything) == [])
        #expect(try await store.tenant(name)?.ids(.everything) == ["a"])
        #expect(await store.tenantNames == [name])
        await store.close()
        let again = try kind.open(folder, Clock())
        #expect(try await again.tenant(name)?.ids(.everything) == ["a"])
    }

    @Test(arguments: StoreKind.all)
    func `a closed store refuses, and the next one has its data`(
        kind: StoreKind
    ) async throws {
        let folder = Folder()
        let store = try kind.open(folder, Clock())
        let tenant = try await store.makeTenant(nil)
        try await tenant.put([Entity("a")])
        await store.close()
        let closed = StorageError(.closed, note: "")
        await #expect(throws: closed) { try await tenant.put([Entity("b")]) }
        await #expect(throws: closed) { try await tenant.ids(.everything) }
        await #expect(throws: closed) { try await store.tenant(nil) }
        await #expect(throws: closed) { try await store.makeTenant(TenantName("patong")) }
        #expect(try await kind.open(folder, Clock()).makeTenant(nil).ids(.everything) == ["a"])
    }

    @Test(arguments: StoreKind.all)
    func `waiting messages and dead letters are counted over all tenants`(
        kind: StoreKind
    ) async throws {
        let folder = Folder()
        let store = try kind.open(folder, Clock())
        #expect(try await store.backlog().outbox == OutboxDepth(count: 0, oldest: nil))
        for (name, second) in [(nil, 6), (TenantName("north"), 5)] {
            try await store.makeTenant(name).bookkeep {
                _ = try $0.enqueue([1], to: ["s", "t"], at: seconds(second))
                try $0.put(Document(kind: .deadLetter, id: "a", body: [1]))
            }
        }
        let (outbox, deadLetters) = try await store.backlog()
        #expect(outbox == OutboxDepth(count: 4, oldest: seconds(5)))
        #expect(deadLetters == 2)
    }

    @Test(arguments: StoreKind.all)
    func `documents are listed by owner`(kind: StoreKind) async throws {
        let folder = Folder()
        let tenant = try await kind.open(folder, Clock()).makeTenant(nil)
        let owners = ["", "b", nil, "b", "a", "b"]
        let documents = owners.enumerated().map {
            Document(kind: .subscription, id: "\($0)", body: [1], owner: $1)
        }
        try await tenant.bookkeep { for document in documents { try $0.put(document) } }
        func ids(_ owner: String, _ offset: Int, _ limit: Int) async throws -> [String] {
            try await tenant.documents(.subscription, of: owner, offset: offset, limit: limit)
                .map(\.id)
        }
        #expect(try await ids("b", 0, 2) == ["1", "3"])
        #expect(try await ids("b", 2, 2) == ["5"])
        #expect(try await ids("", 0, 9) == ["0"])
        #expect(try await tenant.documentCount(.subscription, of: "b") == 3)
        #expect(try await tenant.documentCount(.snapshot, of: "b") == 0)
        #expect(try await tenant.documents(.subscription) == documents)
        // A writer who replaces a document may change its owner.
        try await tenant.bookkeep {
            try $0.put(Document(kind: .subscription, id: "2", body: [1], owner: "c"))
        }
        #expect(try await ids("c", 0, 9) == ["2"])
    }

    @Test(arguments: StoreKind.all)
    func `documents and the outbox keep their order`(kind: StoreKind) async throws {
        let folder = Folder()
        let tenant = try await kind.open(folder, Clock()).makeTenant(nil)
        let documents = ["b", "a"].map { Document(kind: .subscription, id: $0, body: [1]) }
        try await tenant.bookkeep { for document in documents { try $0.put(document) } }
        #expect(try await tenant.documents(.subscription) == documents)
        #expect(try await tenant.bookkeep { try $0.removeDocument(.subscription, id: "b") })
        #expect(try await tenant.documents(.subscription).map(\.id) == ["a"])
        try await tenant.transact {
            for second in [5, 6] {
                _ = try $0.enqueue([UInt8(second)], to: ["s", "t"], at: seconds(second))
            }
        }
        let messages = try await tenant.outbox(after: 0, limit: 10, grant: Grants.delivering)
        #expect(messages.map(\.body) == [[5], [6]])
        #expect(messages.map(\.recipients) == [["s", "t"], ["s", "t"]])
        #expect(try await tenant.outboxDepth() == OutboxDepth(count: 4, oldest: seconds(5)))
        let (first, second) = (messages[0].sequence, messages[1].sequence)
        #expect(
            try await tenant.outbox(after: first, limit: 10, grant: Grants.delivering) == [
                messages[1]
            ]
        )
        let lease = try #require(try await tenant.lease("a", until: 10, now: 0))
        try await tenant.claim(lease)
        try await tenant.bookkeep { transaction in
            try transaction.removeFromOutbox([first], in: lease.term)
            try transaction.narrowOutbox([(second, ["t"])], in: lease.term)
        }
        #expect(try await tenant.outboxMessage(first, grant: Grants.read()) == nil)
        #expect(try await tenant.outboxMessage(second, grant: Grants.read())?.recipients == ["t"])
        #expect(try await tenant.outboxDepth() == OutboxDepth(count: 1, oldest: seconds(6)))
    }

    @Test(arguments: StoreKind.all)
    func `numbers of the outbox are never given twice`(kind: StoreKind) async throws {
        let folder = Folder()
        let tenant = try await kind.open(folder, Clock()).makeTenant(nil)
        let lease = try #require(try await tenant.lease("a", until: 10, now: 0))
        let first = try await tenant.bookkeep { transaction in
            let message = try transaction.enqueue([1], to: ["s"], at: seconds(1), in: lease.term)
            try transaction.removeFromOutbox([message.sequence], in: lease.term)
            return message.sequence
        }
        let second = try await tenant.bookkeep { try $0.enqueue([2], to: ["s"], at: seconds(2)) }
        #expect(second > first)
    }

    @Test(arguments: StoreKind.all)
    func `actions after a commit run after it, and never for a request that was undone`(
        kind: StoreKind
    ) async throws {
        struct Undone: Error {}
        let folder = Folder()
        let tenant = try await kind.open(folder, Clock()).makeTenant(nil)
        let (words, heard) = AsyncStream<String>.makeStream()
        await #expect(throws: Undone.self) {
            try await tenant.bookkeep { transaction in
                _ = try transaction.enqueue([1], to: ["s"], at: seconds(1))
                transaction.afterCommit { heard.yield("undone") }
                throw Undone()
            }
        }
        for word in ["first", "second"] {
            try await tenant.bookkeep { $0.afterCommit { heard.yield(word) } }
        }
        heard.finish()
        #expect(await words.reduce(into: []) { $0.append($1) } == ["first", "second"])
        #expect(try await tenant.outboxDepth().count == 0)
    }

    @Test(arguments: StoreKind.all)
    func `documents are listed with their sizes, the oldest first`(kind: StoreKind) async throws {
        let folder = Folder()
        let tenant = try await kind.open(folder, Clock()).makeTenant(nil)
        try await tenant.bookkeep { transaction in
            for (number, id) in ["b", "c", "a"].enumerated() {
                let body = [UInt8](repeating: 1, count: number)
                try transaction.put(Document(kind: .deadLetter, id: id, body: body))
            }
            try transaction.put(Document(kind: .hubIdentity, id: "d", body: [1]))
        }
        let sizes = try await tenant.bookkeep { transaction in
            try transaction.documentSizes(.deadLetter).map { "\($0.id) \($0.bytes)" }
        }
        #expect(sizes == ["b 0", "c 1", "a 2"])
    }
}
