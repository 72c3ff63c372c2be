import ContextModel
import Governance
import Storage
import Testing

/// Every store keeps EntityMaps and snapshots in the same way.
@Suite struct SnapshotContractTests {
    private func name(_ file: String) -> TenantName {
        TenantName(snapshotFile: file, of: SnapshotOrigin(tenant: nil, id: "urn:x:\(file)"))
    }

    @Test(arguments: StoreKind.all)
    func `identifiers equal those of the entities, in the same order and with the same grant`(
        kind: StoreKind
    ) async throws {
        let folder = Folder()
        let tenant = try await kind.open(folder, Clock()).makeTenant(nil)
        try await tenant.put(
            (0..<40).map {
                Entity(
                    "\($0)",
                    $0 % 3 == 0 ? .station : .sensor,
                    [.speed: .number(JSONNumber($0 % 7))]
                )
            }
        )
        let grant = try Grants.read(.type(.sensor))
        let path = AttributePath(names: [.speed])
        let slow = ValueTest(path: path, comparison: .less(.number(4)))
        for condition: Condition in [.everything, .type(.station), .value(slow)] {
            for order in [[], [OrderTerm(subject: .path(path), isDescending: true)]] {
                let query = EntityQuery(condition: condition, order: order, offset: 2, limit: 9)
                let entities = try await tenant.entities(query, grant: grant).entities
                let ids = try await tenant.identifiers(query, grant: grant)
                #expect(ids == entities.map(\.id))
            }
        }
    }

    @Test(arguments: StoreKind.all)
    func `a snapshot has its own store, is no tenant, and disappears when removed`(
        kind: StoreKind
    ) async throws {
        let folder = Folder()
        let store = try kind.open(folder, Clock())
        let one = try await store.makeSnapshot(name("one"))
        _ = try await store.makeSnapshot(name("two"))
        try await one.put([Entity("a")])
        let grant = try Grants.read()
        let id = EntityID("urn:a")
        #expect(try await store.tenant(name("one"))?.entity(id, grant: grant)?.id == id)
        #expect(try await store.tenant(name("two"))?.entity(id, grant: grant) == nil)
        #expect(try await store.makeTenant(nil).entity(id, grant: grant) == nil)
        #expect(await store.tenantNames.isEmpty)
        #expect(TenantName(name("one").text) == nil)
        try await store.removeSnapshot(name("one"))
        #expect(try await store.tenant(name("one")) == nil)
        await #expect(throws: StorageError(.failed, note: "")) {
            try await store.makeTenant(name("one"))
        }
        try await store.removeSnapshot(name("one"))
        #expect(try await store.tenant(name("two")) != nil)
        await store.close()
    }

    @Test(arguments: StoreKind.all)
    func `snapshots that are not known any more are removed`(kind: StoreKind) async throws {
        let folder = Folder()
        let first = try kind.open(folder, Clock())
        for file in ["kept", "stray"] { _ = try await first.makeSnapshot(name(file)) }
        await first.close()
        let store = try kind.open(folder, Clock())
        try await store.removeSnapshots(except: [name("kept")])
        #expect(try await store.tenant(name("kept")) != nil)
        #expect(try await store.tenant(name("stray")) == nil)
        await store.close()
    }
}
