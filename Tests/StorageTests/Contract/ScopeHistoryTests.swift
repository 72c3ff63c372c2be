import Clauses
import ContextModel
import Governance
import Storage
import Testing

/// Scopes in time, in any store (clauses 4.5.6, 4.18 and 5.7.4.4).
@Suite(.clause("4.5.6", "4.18", "4.19")) struct ScopeHistoryTests {
    private let folder = Folder()

    private func query(_ scope: String?, _ from: Int? = nil, _ to: Int? = nil) -> TemporalQuery {
        let pattern = scope.map {
            ScopePattern(segments: $0.split(separator: "/").map(String.init))
        }
        return TemporalQuery(
            condition: pattern.map { .scope($0) } ?? .everything,
            from: from.map(seconds),
            to: to.map(seconds),
            instanceLimit: 100,
            limit: 10
        )
    }

    private static func scope(_ scopes: String..., at second: Int) -> Attribute {
        .reading(JSONValue(scopes: scopes), at: second)
    }

    /// A sensor with readings at 10, 20 and 30, in A, in B from 15 on, and in no scope from 25 on.
    private func tenant(_ kind: StoreKind) async throws -> any TenantStore {
        let tenant = try await kind.open(folder, Clock()).makeTenant(nil)
        try await tenant.append("a", .speed, [10, 20, 30].map { .reading(1, at: $0) })
        let scopes = [
            Self.scope("/A", at: 1), Self.scope("/B", "/C", at: 15), Self.scope(at: 25),
        ]
        try await tenant.append("a", .scope, scopes)
        return tenant
    }

    private func evolution(
        _ tenant: any TenantStore,
        _ query: TemporalQuery
    ) async throws -> Evolution? {
        try await tenant.evolutions(query, grant: Grants.read()).evolutions.first
    }

    @Test(arguments: StoreKind.all)
    func `a scope holds until the next one, and limits the instances shown`(
        kind: StoreKind
    ) async throws {
        let tenant = try await tenant(kind)
        func moments(_ query: TemporalQuery) async throws -> [Timestamp?]? {
            try await evolution(tenant, query)?.attributes.first?.instances.map(\.observedAt)
        }
        #expect(try await moments(query(nil)) == [10, 20, 30].map(seconds))
        #expect(try await moments(query("A")) == [seconds(10)])
        #expect(try await moments(query("B")) == [seconds(20)])
        #expect(try await moments(query("A", 12, 40)) == nil)
        #expect(try await moments(query("C", 16, 22)) == [seconds(20)])
        #expect(try await moments(query("D")) == nil)
    }

    @Test(arguments: StoreKind.all)
    func `the scopes shown are those that held in the range`(kind: StoreKind) async throws {
        let tenant = try await tenant(kind)
        func scopes(_ query: TemporalQuery) async throws -> [[String]]? {
            try await evolution(tenant, query)?.scopes.map(\.value.scopes)
        }
        #expect(try await scopes(query(nil)) == [["/A"], ["/B", "/C"], []])
        #expect(try await scopes(query(nil, 5, 12)) == [["/A"]])
        #expect(try await scopes(query(nil, 18, 40)) == [["/B", "/C"], []])
        let shown = try await evolution(tenant, query(nil))
        #expect(shown?.attributes.map(\.name) == [.speed])
        #expect(shown?.scopes.allSatisfy { $0.details?.instanceID != nil } == true)
    }

    @Test(arguments: StoreKind.all)
    func `a scope without a recorded beginning holds at all times`(kind: StoreKind) async throws {
        let tenant = try await kind.open(folder, Clock()).makeTenant(nil)
        var entity = Entity("a", .sensor, [.speed: 1])
        entity.scopes = ["/A"]
        try await tenant.put([entity])
        try await tenant.append("a", .speed, [.reading(1, at: 10)])
        #expect(try await evolution(tenant, query("A", 5, 15))?.scopes.map(\.value) == ["/A"])
        #expect(try await evolution(tenant, query("B", 5, 15)) == nil)
    }
}
