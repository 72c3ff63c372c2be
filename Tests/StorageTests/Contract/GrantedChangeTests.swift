import ContextModel
import Governance
import Storage
import Synchronization
import Testing

/// In any store, a change affects only what its grant covers, before and after it.
@Suite struct GrantedChangeTests {
    private static let now = seconds(9)
    private let folder = Folder()
    private let id = EntityID("urn:a")

    /// A store with a sensor `a` and a station `b`.
    private func tenant(_ kind: StoreKind) async throws -> any TenantStore {
        let tenant = try await kind.open(folder, Clock()).makeTenant(nil)
        try await tenant.put([
            Entity("a", .sensor, [.speed: 1, .label: "x"]), Entity("b", .station, [.speed: 1]),
        ])
        try await tenant.append("a", .speed, [.reading(1, at: 1)])
        return tenant
    }

    private func change(
        _ tenant: any TenantStore,
        _ grant: WriteGrant,
        _ id: EntityID? = nil,
        _ make: @escaping @Sendable (Entity?) throws -> EntityChange
    ) async throws {
        try await tenant.change(id ?? self.id, grant: grant, at: Self.now) { entity in
            (Changes(try entity.granted(make(entity.seen)), history: []), ())
        }
    }

    // MARK: Current state

    @Test(arguments: StoreKind.all)
    func `a change is computed from the stored entity, and kept`(kind: StoreKind) async throws {
        let tenant = try await tenant(kind)
        let grant = try Grants.write(.type(.sensor))
        try await change(tenant, grant) { stored in
            var entity = try #require(stored)
            entity.attributes.removeAll { $0.name == .label }
            return EntityChange(before: stored, after: entity)
        }
        let kept = try await tenant.entity(id, grant: Grants.read())
        #expect(kept?.attributes.map(\.name) == [.speed])
        try await change(tenant, grant, EntityID("urn:c")) { stored in
            #expect(stored == nil)
            return .creation(of: Entity("c"), at: Self.now)
        }
        try await change(tenant, grant) { .deletion(of: try #require($0)) }
        #expect(try await tenant.ids(.everything) == ["b", "c"])
    }

    @Test(arguments: StoreKind.all)
    func `an entity beyond the grant does not exist, and cannot be changed, removed or replaced`(
        kind: StoreKind
    ) async throws {
        let tenant = try await tenant(kind)
        let grant = try Grants.write(.type(.sensor))
        let station = EntityID("urn:b")
        let changes: [EntityChange] = [
            .deletion(of: Entity("b", .station)), .creation(of: Entity("b"), at: Self.now),
        ]
        for made in changes {
            await #expect(throws: NotGranted(id: station)) {
                try await change(tenant, grant, station) { stored in
                    #expect(stored == nil)
                    return made
                }
            }
        }
        let kept = try await tenant.entity(station, grant: Grants.read())
        #expect(kept == Entity("b", .station, [.speed: 1]))
    }

    @Test(arguments: StoreKind.all)
    func `nothing can become an entity beyond the grant`(kind: StoreKind) async throws {
        let tenant = try await tenant(kind)
        let grant = try Grants.write(.type(.sensor))
        let made = EntityID("urn:c")
        await #expect(throws: NotGranted(id: made)) {
            try await change(tenant, grant, made) { _ in
                .creation(of: Entity("c", .station), at: Self.now)
            }
        }
        await #expect(throws: NotGranted(id: id)) {
            try await change(tenant, grant) {
                EntityChange(before: $0, after: Entity("a", .station))
            }
        }
        #expect(try await tenant.ids(.type(.station)) == ["b"])
    }

    @Test(arguments: StoreKind.all)
    func `expired parts are returned only on request`(kind: StoreKind) async throws {
        let tenant = try await tenant(kind)
        var brief = Entity("brief")
        brief.expiresAt = seconds(5)
        try await tenant.put([brief])
        for (moment, isThere) in [(seconds(4), true), (seconds(5), false), (nil, true)] {
            let seen = try await tenant.change(brief.id, grant: Grants.write(), at: moment) {
                (Changes(), $0.seen)
            }
            #expect((seen != nil) == isThere)
        }
    }

    @Test(arguments: StoreKind.all)
    func `each of many changes succeeds or fails for itself, and sees those before it`(
        kind: StoreKind
    ) async throws {
        let tenant = try await tenant(kind)
        let grant = try Grants.write(.type(.sensor))
        let ids = ["a", "b", "a", "c", "d", "e"].map { EntityID("urn:\($0)") }
        let large = JSONValue.string(String(repeating: "x", count: EntityLimits.bytes))
        let results = try await tenant.changeEach(ids[...], grant: grant, at: Self.now) {
            index,
            entity in
            if index == 3 { throw NotThere() }
            let name = String(entity.id.uri.dropFirst(4))
            let after = Entity(name, .sensor, [.label: index == 4 ? large : "y"])
            let change = EntityChange(before: entity.seen, after: after)
            let seen = entity.seen.map(\.attributes.count) ?? 0
            return (Changes(try entity.granted(change), history: []), seen)
        }
        let answers = results.map { try? $0.get() }
        #expect(answers == [2, nil, 1, nil, nil, 0])
        #expect(throws: NotGranted(id: ids[1])) { try results[1].get() }
        #expect(throws: NotThere.self) { try results[3].get() }
        #expect(throws: StorageError(.entityTooLarge, note: "")) { try results[4].get() }
        #expect(try await tenant.ids(.type(.sensor)) == ["a", "e"])
    }

    // MARK: Histories

    @Test(arguments: StoreKind.all)
    func `the history of an entity beyond the grant does not exist`(kind: StoreKind) async throws {
        let tenant = try await tenant(kind)
        let grant = try Grants.write(.type(.station))
        let (id, added) = (id, NamedAttribute(name: .speed, instances: [.reading(2, at: 2)]))
        let steps: [@Sendable (GrantedEvolution) throws -> GrantedHistory] = [
            { try $0.adding([added], of: Entity("a", .station), correcting: true) },
            { try $0.removing(.everything, orElse: NotThere()) },
            { try $0.removing(.allInstances(.speed), orElse: NotThere()) },
            {
                try $0.replacing("x", of: .speed, with: .reading(2, at: 2), orElse: NotThere())
            },
        ]
        for step in steps {
            await #expect(throws: NotGranted(id: id)) {
                try await tenant.changeEvolution(of: id, grant: grant) { evolution in
                    #expect(evolution.seen == nil)
                    return (Changes(try step(evolution)), ())
                }
            }
        }
        #expect(try await instances(tenant) == [1])
    }

    @Test(arguments: StoreKind.all)
    func `no history of an entity beyond the grant can be started`(kind: StoreKind) async throws {
        let tenant = try await tenant(kind)
        let grant = try Grants.write(.type(.sensor))
        let added = NamedAttribute(name: .speed, instances: [.reading(2, at: 2)])
        for (name, type) in [("c", IRI.station), ("a", .station), ("c", .sensor)] {
            let id = EntityID("urn:\(name)")
            let isRefused: Bool
            do {
                try await tenant.changeEvolution(of: id, grant: grant) { evolution in
                    let given = Entity(name, type)
                    let history = try evolution.adding([added], of: given, correcting: true)
                    return (Changes(history), ())
                }
                isRefused = false
            } catch is NotGranted { isRefused = true }
            #expect(isRefused == (type == .station))
        }
        #expect(try await instances(tenant) == [1])
    }

    @Test(arguments: StoreKind.all)
    func `a removal of nothing undoes its change, with the error that it names`(
        kind: StoreKind
    ) async throws {
        let tenant = try await tenant(kind)
        let id = id
        await #expect(throws: NotThere.self) {
            try await tenant.changeEvolution(of: id, grant: Grants.write()) {
                (Changes(try $0.removing(.allInstances(.label), orElse: NotThere())), ())
            }
        }
        #expect(try await instances(tenant) == [1])
        try await tenant.changeEvolution(of: id, grant: Grants.write()) {
            (Changes(try $0.removing(.allInstances(.speed), orElse: NotThere())), ())
        }
        #expect(try await instances(tenant) == [])
    }

    private func instances(_ tenant: any TenantStore) async throws -> [JSONValue] {
        let page = try await tenant.evolutions(HistoryQueries.all, grant: Grants.read())
        let evolution = page.evolutions.first { $0.id == id }
        return evolution?.attributes.flatMap(\.instances).map(\.value) ?? []
    }

    // MARK: Messages

    @Test(arguments: StoreKind.all)
    func `the messages of a change are stored with it, and its followers get their numbers`(
        kind: StoreKind
    ) async throws {
        let tenant = try await tenant(kind)
        let (numbers, heard) = AsyncStream<Int64>.makeStream()
        for fails in [true, false] {
            do {
                try await tenant.changeEvolution(of: id, grant: Grants.write()) { evolution in
                    let what = HistoryRemoval.allInstances(fails ? .label : .speed)
                    var changes = Changes(try evolution.removing(what, orElse: NotThere()))
                    changes.messages = [[1], [2]].map { body in
                        NewMessage(body: body, recipients: ["s"], enqueuedAt: seconds(1)) {
                            heard.yield($0.sequence)
                        }
                    }
                    return (changes, ())
                }
            } catch is NotThere {}
        }
        heard.finish()
        let waiting = try await tenant.outbox(after: 0, limit: 9, grant: Grants.delivering)
        #expect(waiting.map(\.body) == [[1], [2]])
        #expect(await numbers.reduce(into: []) { $0.append($1) } == waiting.map(\.sequence))
    }
}
