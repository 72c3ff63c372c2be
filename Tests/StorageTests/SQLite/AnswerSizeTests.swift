import ContextModel
import Governance
import Storage
import Testing

@testable import StorageSQLite

/// Answers of few entities or instances stay within the maximum size.
@Suite struct AnswerSizeTests {
    private static let bytes = 2 << 20
    /// One more than the maximum size allows.
    private static let many = AnswerSize.maximumBytes / bytes + 1
    private static let value = JSONValue.string(String(repeating: "x", count: bytes))

    private func tenant() async throws -> any TenantStore {
        let folder = Folder()
        let store = try SQLiteStore(folder: folder.path, queryTimeout: .seconds(600)) {
            withExtendedLifetime(folder) { seconds(0) }
        }
        return try await store.makeTenant(nil)
    }

    @Test func `a page has a limit of bytes, sorted or not`() async throws {
        let tenant = try await tenant()
        for number in 0..<Self.many {
            let attribute = NamedAttribute(
                name: .speed,
                instances: [Attribute(kind: .property, value: Self.value)]
            )
            let id = EntityID("urn:\(number)")
            try await tenant.put([Entity(id: id, types: [.sensor], attributes: [attribute])])
        }
        for order in [[], [OrderTerm(subject: .path(.modifiedAt))]] {
            var query = EntityQuery(condition: .type(.sensor), limit: Self.many)
            query.order = order
            await #expect(throws: StorageError(.tooManyResults, note: "")) {
                try await tenant.entities(query, grant: Grants.read())
            }
            query.limit = Self.many - 2
            let page = try await tenant.entities(query, grant: Grants.read())
            #expect(page.entities.count == Self.many - 2)
        }
    }

    @Test func `a temporal answer has a limit of bytes`() async throws {
        let tenant = try await tenant()
        try await tenant.put((0..<2).map { Entity("\($0)", .sensor, [.label: 1]) })
        for number in 0..<Self.many {
            try await tenant.append(
                "\(number % 2)",
                .speed,
                [.reading(Self.value, at: number)]
            )
        }
        let both = TemporalQuery(condition: .type(.sensor), instanceLimit: 1_000, limit: 10)
        await #expect(throws: StorageError(.tooManyResults, note: "")) {
            try await tenant.evolutions(both, grant: Grants.read())
        }
        let one = TemporalQuery(
            condition: .ids([EntityID("urn:0")]),
            instanceLimit: 1_000,
            limit: 10
        )
        let page = try await tenant.evolutions(one, grant: Grants.read())
        #expect(page.instanceCount >= Self.many / 2)
    }
}
