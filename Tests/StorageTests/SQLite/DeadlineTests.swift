import ContextModel
import Governance
import Storage
import Testing

@testable import StorageSQLite

/// Every query ends at its deadline.
@Suite struct DeadlineTests {
    /// More entities, and instances of one entity, than SQLite reads between two checks of the
    /// deadline.
    private static let many = 2_000

    private func tenant(_ timeout: Duration) async throws -> any TenantStore {
        let folder = Folder()
        let store = try SQLiteStore(folder: folder.path, queryTimeout: timeout) {
            withExtendedLifetime(folder) { seconds(0) }
        }
        let tenant = try await store.makeTenant(nil)
        try await tenant.put((0..<Self.many).map { Entity("\($0)", .sensor, [.speed: 1]) })
        try await tenant.append(
            "0",
            .speed,
            (0..<Self.many).map { .reading(.number(JSONNumber($0)), at: $0) }
        )
        return tenant
    }

    /// Matches no entity, so that every entity is evaluated.
    private static let rare = Condition.value(
        ValueTest(path: AttributePath(names: [.speed]), comparison: .equal([.number(2)]))
    )

    enum Question: CaseIterable {
        case page, sorted, count, identifiers, shapes, evolution, evolutions, work

        func ask(_ tenant: any TenantStore) async throws {
            let grant = try Grants.read()
            var query = EntityQuery(condition: rare, offset: 0, limit: 10)
            var temporal = TemporalQuery(
                condition: .ids([EntityID("urn:0")]),
                instanceLimit: many,
                limit: 10
            )
            switch self {
            case .page: _ = try await tenant.entities(query, grant: grant)
            case .sorted:
                query.order = [OrderTerm(subject: .path(AttributePath(names: [.speed])))]
                _ = try await tenant.entities(query, grant: grant)
            case .count:
                query.wantsCount = true
                _ = try await tenant.entities(query, grant: grant)
            case .identifiers: _ = try await tenant.identifiers(query, grant: grant)
            case .shapes: _ = try await tenant.shapes(grant: Grants.read(rare))
            case .evolution: _ = try await tenant.evolutions(temporal, grant: grant)
            case .evolutions:
                temporal.condition = rare
                _ = try await tenant.evolutions(temporal, grant: grant)
            case .work: try await tenant.read(grant) { try $0.charge(1_000_000) }
            }
        }
    }

    @Test(arguments: Question.allCases)
    func `a query is stopped at its deadline`(question: Question) async throws {
        let tenant = try await tenant(.zero)
        await #expect(throws: StorageError(.tookTooLong, note: "")) {
            try await question.ask(tenant)
        }
    }

    @Test(arguments: Question.allCases)
    func `the same query is answered within its time`(question: Question) async throws {
        try await question.ask(try await tenant(.seconds(600)))
    }

    /// An entity with many long texts, each of which takes long to match with a pattern.
    private static func manyTexts() -> Entity {
        let texts = (0..<1_000).map { number in
            let bytes = (0..<Pattern.maximumInputBytes).map {
                UInt8(0x61 + $0 * $0 / (number + 7) % 2)
            }
            return JSONValue.string(String(decoding: bytes, as: UTF8.self))
        }
        return Entity(
            id: EntityID("urn:long"),
            types: [.sensor],
            attributes: [
                NamedAttribute(
                    name: .speed,
                    instances: texts.map { Attribute(kind: .property, value: $0) }
                )
            ]
        )
    }

    /// SQLite takes few steps for one entity, and would not check the deadline.
    @Test func `a long decision is stopped at the deadline, too`() async throws {
        let tenant = try await tenant(.milliseconds(50))
        try await tenant.put([Self.manyTexts()])
        let hostile = Condition.value(
            ValueTest(
                path: AttributePath(names: [.speed]),
                comparison: .matches(try Pattern("(a|b)*a(a|b){200}c"))
            )
        )
        var query = EntityQuery(
            condition: .ids([EntityID("urn:long")]).and(hostile),
            offset: 0,
            limit: 10
        )
        let start = ContinuousClock.now
        await #expect(throws: StorageError(.tookTooLong, note: "")) {
            _ = try await tenant.entities(query, grant: Grants.read())
        }
        query.condition = .any([hostile, .ids([])])
        await #expect(throws: StorageError(.tookTooLong, note: "")) {
            _ = try await tenant.identifiers(query, grant: Grants.read())
        }
        // A busy machine has taken ten seconds.
        #expect(ContinuousClock.now - start < .seconds(30))
    }

    @Test func `a connection can be used after a deadline`() async throws {
        let tenant = try await tenant(.zero)
        for _ in 0..<2 * Limits.readingConnections {
            await #expect(throws: StorageError(.tookTooLong, note: "")) {
                try await Question.page.ask(tenant)
            }
        }
        #expect(try await tenant.entity(EntityID("urn:7"), grant: Grants.read()) != nil)
        #expect(try await tenant.documentCount(.subscription) == 0)
    }
}
