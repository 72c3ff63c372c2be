import ContextModel
import Governance
import Storage
import Testing

@testable import StorageSQLite

/// A walk for those who need readings leaves out what has none, and nothing else.
@Suite struct ReadingsWalkTests {
    private static let observed = Attribute.reading(1, at: 5)
    private static let plain = Attribute(kind: .property, value: 1)

    private static func entity(
        _ id: String,
        _ instances: [Attribute],
        of type: IRI = .sensor
    ) -> Entity {
        var entity = Entity(id, type)
        if !instances.isEmpty {
            entity.attributes = [NamedAttribute(name: .speed, instances: instances)]
        }
        return entity
    }

    private static func put(_ entities: [Entity], _ tenant: any TenantStore) async throws {
        _ = try await tenant.transact { transaction in
            for entity in entities { try transaction.put(entity) }
        }
    }

    private static func walk(
        _ tenant: any TenantStore,
        by grant: ReadGrant? = nil
    ) async throws -> [String] {
        try await tenant.read(try grant ?? Grants.read()) { transaction in
            var query = EntityQuery(condition: .everything, limit: 100)
            query.needsReadings = true
            var found: [String] = []
            try transaction.forEach(query) {
                found.append(try $0.value().id.uri)
                return true
            }
            return found
        }
    }

    private static let old = "UPDATE shape SET content = substr(content, 1, length(content) - 2)"

    @Test func `entities without a reading are left out, also after they change`() async throws {
        let folder = Folder()
        let store = try SQLiteStore(folder: folder.path) {
            withExtendedLifetime(folder) { seconds(0) }
        }
        let tenant = try await store.makeTenant(nil)
        let other = Attribute.reading(2, at: 6, dataset: "urn:d")
        try await Self.put(
            [
                Self.entity("a", [Self.observed]), Self.entity("b", [Self.plain]),
                Self.entity("c", []), Self.entity("d", [Self.plain, other]),
            ],
            tenant
        )
        #expect(try await Self.walk(tenant) == ["urn:a", "urn:d"])
        try await Self.put(
            [Self.entity("a", [Self.plain]), Self.entity("b", [Self.observed])],
            tenant
        )
        #expect(try await Self.walk(tenant) == ["urn:b", "urn:d"])
        // Who may not see all must not learn from places in the walk what is hidden.
        let hiding = try Grants.read(hidden: [.label])
        #expect(try await Self.walk(tenant, by: hiding).count == 4)
        await store.close()
    }

    @Test func `shapes of an older file are looked at until they are written again`() async throws {
        let folder = Folder()
        let (a, b) = (
            Self.entity("a", [Self.observed], of: .station), Self.entity("b", [Self.plain])
        )
        do {
            let store = try SQLiteStore(folder: folder.path) { seconds(0) }
            try await Self.put([a, b, Self.entity("c", [Self.plain])], store.makeTenant(nil))
            await store.close()
            let file = try Connection(path: "\(folder.path)/hub.sqlite", access: .readWrite)
            try file.execute(Self.old)
            try file.execute(
                "DELETE FROM grdb_migrations WHERE identifier > '8'; PRAGMA user_version = 8"
            )
        }
        let store = try SQLiteStore(folder: folder.path) {
            withExtendedLifetime(folder) { seconds(0) }
        }
        let tenant = try await store.makeTenant(nil)
        #expect(try await Self.walk(tenant) == ["urn:a", "urn:b", "urn:c"])
        // The same as before, so that it has the same shape but for what is known of it.
        try await Self.put([a, b], tenant)
        #expect(try await Self.walk(tenant) == ["urn:a", "urn:c"])
        await store.close()
    }
}
