import ContextModel
import Governance
import Storage
import Testing

/// In any store, the types and scopes that an entity had when an instance was written decide who
/// may see and change this instance.
@Suite struct PastContractTests {
    private let folder = Folder()
    private let id = EntityID("urn:a")

    private func values(
        _ tenant: any TenantStore,
        _ grant: Condition = .everything
    ) async throws -> [JSONValue] {
        let whole = TemporalQuery(
            condition: .everything,
            timeProperty: .modifiedAt,
            instanceLimit: 1_000,
            limit: 10
        )
        let page = try await tenant.evolutions(whole, grant: Grants.read(grant))
        return page.evolutions.first?.attributes.first?.instances.map(\.value) ?? []
    }

    /// A station with readings at 0, 1 and 2 that is a sensor from 3 on, with readings at 3, 4 and
    /// 5.
    private func tenant(_ kind: StoreKind) async throws -> any TenantStore {
        let tenant = try await kind.open(folder, Clock()).makeTenant(nil)
        for (type, range) in [(IRI.station, 0..<3), (.sensor, 3..<6)] {
            var entity = Entity("a", type)
            entity.createdAt = seconds(0)
            entity.modifiedAt = seconds(range.lowerBound)
            try await tenant.put([entity])
            try await tenant.append(
                "a",
                .speed,
                range.map { .reading(.number(JSONNumber($0)), at: $0) }
            )
        }
        return tenant
    }

    @Test(arguments: StoreKind.all)
    func `each part of a history is visible to those who might see the entity then`(
        kind: StoreKind
    ) async throws {
        let tenant = try await tenant(kind)
        #expect(try await values(tenant) == [0, 1, 2, 3, 4, 5])
        #expect(try await values(tenant, .type(.station)) == [0, 1, 2])
        #expect(try await values(tenant, .type(.sensor)) == [3, 4, 5])
        #expect(try await values(tenant, .type(IRI("urn:other"))) == [])
    }

    @Test(arguments: StoreKind.all)
    func `former states do not tell when something hidden changed`(
        kind: StoreKind
    ) async throws {
        let tenant = try await tenant(kind)
        var entity = Entity("a", .station)
        (entity.createdAt, entity.modifiedAt) = (seconds(0), seconds(6))
        try await tenant.put([entity])
        entity.modifiedAt = seconds(7)
        try await tenant.put([entity])
        (entity.types, entity.modifiedAt) = ([.sensor], seconds(9))
        try await tenant.put([entity])
        func modifiedAt(hidden: Set<IRI>) async throws -> Timestamp? {
            let query = TemporalQuery(condition: .everything, instanceLimit: 9, limit: 9)
            let grant = try Grants.read(.type(.station), hidden: hidden)
            return try await tenant.evolutions(query, grant: grant).evolutions.first?.modifiedAt
        }
        #expect(try await modifiedAt(hidden: []) == seconds(7))
        #expect(try await modifiedAt(hidden: [.label]) == seconds(0))
    }

    @Test(arguments: StoreKind.all)
    func `states before very many changes are unknown, and so hidden`(
        kind: StoreKind
    ) async throws {
        let tenant = try await tenant(kind)
        let most = EntityPast.maximumStates
        try await change(tenant, 10..<8 + most)
        #expect(try await values(tenant, .type(.station)) == [0, 1, 2])
        try await change(tenant, 8 + most..<12 + most)
        #expect(try await values(tenant, .type(.station)) == [])
        #expect(try await values(tenant) == [0, 1, 2, 3, 4, 5])
        #expect(try await values(tenant, .type(.sensor)) == [])
        try await tenant.append("a", .speed, [.reading(9, at: most + 100)])
        #expect(try await values(tenant, .type(.sensor)) == [9])
    }

    /// Makes the entity another type and a sensor in turns, once a second.
    private func change(_ tenant: any TenantStore, _ seconds: Range<Int>) async throws {
        try await tenant.transact { transaction in
            for second in seconds {
                var entity = Entity("a", second % 2 == 0 ? IRI("urn:other") : .sensor)
                entity.modifiedAt = StorageTests.seconds(second)
                try transaction.put(entity)
            }
        }
    }

    @Test(arguments: StoreKind.all)
    func `a writer with few rights removes what it sees`(kind: StoreKind) async throws {
        let tenant = try await tenant(kind)
        let grant = try Grants.write(.type(.sensor))
        let id = id
        #expect(try await tenant.removeHistory(id, .everything, grant: grant))
        #expect(try await values(tenant) == [0, 1, 2])
        #expect(try await !tenant.removeHistory(id, .everything, grant: grant))
        #expect(try await !tenant.hasEvolution(id, grant: grant))
    }

    @Test(arguments: StoreKind.all)
    func `an instance that is hidden from a writer does not change and does not matter to it`(
        kind: StoreKind
    ) async throws {
        let tenant = try await tenant(kind)
        let grant = try Grants.write(.type(.sensor))
        let id = id
        let whole = TemporalQuery(condition: .everything, instanceLimit: 10, limit: 10)
        let page = try await tenant.evolutions(whole, grant: Grants.read())
        let instances = try #require(page.evolutions.first?.attributes.first?.instances)
        let hidden = try #require(instances[1].details?.instanceID)
        let one = HistoryRemoval.instance(.speed, instanceID: hidden)
        #expect(try await !tenant.removeHistory(id, one, grant: grant))
        await #expect(throws: NotThere.self) {
            try await tenant.changeEvolution(of: id, grant: grant) {
                let new = Attribute.reading(9, at: 1)
                let history = try $0.replacing(hidden, of: .speed, with: new, orElse: NotThere())
                return (Changes(history), ())
            }
        }
        // The same reading as a hidden one, written later: both are stored.
        var again = Attribute.reading(1, at: 1)
        (again.createdAt, again.modifiedAt) = (seconds(9), seconds(9))
        let change = NamedAttribute(name: .speed, instances: [again])
        try await tenant.changeEvolution(of: id, grant: grant) {
            let given = Entity(id: id, types: [], scopes: [], attributes: [])
            return (Changes(try $0.adding([change], of: given, correcting: true)), ())
        }
        #expect(try await values(tenant) == [0, 1, 2, 3, 4, 5, 1])
        #expect(try await values(tenant, .type(.sensor)) == [3, 4, 5, 1])
    }

    @Test(arguments: StoreKind.all)
    func `an evolution without an entity changes its types in time too`(
        kind: StoreKind
    ) async throws {
        let tenant = try await kind.open(folder, Clock()).makeTenant(nil)
        try await tenant.append("a", .speed, [.reading(1, at: 1)])
        let id = id
        try await tenant.transact {
            try $0.appendHistory(
                id,
                types: [.station],
                scopes: [],
                [NamedAttribute(name: .speed, instances: [.reading(2, at: 2)])],
                correcting: true
            )
        }
        #expect(try await values(tenant, .type(.station)) == [2])
        #expect(try await values(tenant, .type(.sensor)) == [1, 2])
    }
}
