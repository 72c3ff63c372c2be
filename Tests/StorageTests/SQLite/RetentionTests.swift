import ContextModel
import Governance
import Storage
import Testing

@testable import StorageSQLite

/// A step of retention is one short transaction, because others' writes wait for it.
@Suite struct RetentionTests {
    private let folder = Folder()

    private func tenant() async throws -> SQLiteTenantStore {
        try await VocabularySweepTests.tenant(VocabularySweepTests.open(folder))
    }

    /// The number of instances that each step removes.
    private func steps(_ rule: RetentionRule, _ tenant: SQLiteTenantStore) async throws -> [Int] {
        var position: RetentionPosition? = RetentionPosition()
        var removed: [Int] = []
        while let start = position {
            let step = try await tenant.committer.run {
                try $0.retain([rule], now: seconds(1_000_000), from: start)
            }
            removed.append(step.removed)
            position = step.next
        }
        return removed
    }

    private let removing = RetentionRule(type: .sensor, ageMicroseconds: 0, effect: .remove)
    /// Keeps everything.
    private let thinning = RetentionRule(
        type: .sensor,
        ageMicroseconds: 0,
        effect: .thin(periodMicroseconds: 1_000_000)
    )

    @Test func `a step removes few instances when they are long`() async throws {
        let tenant = try await tenant()
        let text = JSONValue.string(String(repeating: "x", count: 1 << 20))
        for second in 0..<40 {
            try await tenant.append("a", .label, [.reading(text, at: second)])
        }
        let steps = try await steps(removing, tenant)
        #expect(steps.reduce(0, +) == 40)
        #expect(steps.allSatisfy { $0 <= 5 }, "\(steps)")
    }

    @Test(arguments: [true, false])
    func `a step removes few of the instances of one moment when they are long`(
        thins: Bool
    ) async throws {
        let tenant = try await tenant()
        let text = String(repeating: "x", count: 1 << 20)
        for number in 0..<20 {
            let value = JSONValue.string("\(number)\(text)")
            try await tenant.append("a", .label, [.reading(value, at: 7)])
        }
        try await tenant.append("a", .label, [.reading(1, at: 8)])
        let steps = try await steps(thins ? thinning : removing, tenant)
        // Thinning keeps the first instance of each moment.
        #expect(steps.reduce(0, +) == (thins ? 19 : 21))
        #expect(steps.allSatisfy { $0 <= 5 }, "\(steps)")
    }

    @Test func `a step removes few of the segments when they are long`() async throws {
        let tenant = try await tenant()
        let text = String(repeating: "x", count: 200_000)
        for second in 0..<60 {
            let value = JSONValue.string("\(second)\(text)")
            try await tenant.append("a", .label, [.reading(value, at: second)])
        }
        _ = try await tenant.evolutions(
            TemporalQuery(condition: .type(.sensor), instanceLimit: 100, limit: 10),
            grant: Grants.read()
        )
        try await tenant.sealer.sealHistory()
        let steps = try await steps(removing, tenant)
        #expect(steps.reduce(0, +) == 60)
        #expect(steps.allSatisfy { $0 <= 30 }, "\(steps)")
    }

    @Test func `a thinned history is scanned in steps, too`() async throws {
        let tenant = try await tenant()
        for name in 0..<4 {
            let attribute = IRI("urn:x:\(name)")
            try await tenant.append("a", attribute, (0..<4_000).map { .reading(1, at: $0) })
        }
        let steps = try await steps(thinning, tenant)
        #expect(steps.allSatisfy { $0 == 0 })
        #expect(steps.count >= 3)
    }

    @Test func `entities without a rule are scanned in steps, too`() async throws {
        let tenant = try await tenant()
        try await tenant.put((0..<12_000).map { Entity("\($0)", .station) })
        #expect(try await steps(removing, tenant).count >= 3)
    }
}
