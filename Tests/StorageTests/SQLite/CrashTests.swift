import ContextModel
import Glibc
import Governance
import Storage
import StorageSQLite
import Testing

/// A child process writes and logs what was acknowledged, and is killed at a random moment.
///
/// Then every acknowledged write must be stored, and no write in part.
@Suite struct CrashTests {
    private static let folderVariable = "BALAI_CRASH_FOLDER"
    private static let lanes = 8
    private static var rounds: Int {
        getenv("BALAI_CRASH_ROUNDS").flatMap { Int(String(cString: $0)) } ?? 3
    }

    /// The child's part: runs until it is killed.
    @Test(.enabled(if: getenv(CrashTests.folderVariable) != nil))
    func `a child writes until it is killed`() async throws {
        let folder = try #require(getenv(Self.folderVariable).map { String(cString: $0) })
        let sealing = SealingLimits(segment: 16, smallestSegment: 4, newestRows: 4, rowsMet: 24)
        let store = try SQLiteStore(folder: folder, sealing: sealing) { seconds(0) }
        let tenant = try await store.makeTenant(nil)
        let log = open("\(folder)/acknowledged", O_WRONLY | O_CREAT | O_APPEND, 0o600)
        let start = try await tenant.ids(.everything, limit: .max).count
        await withTaskGroup(of: Void.self) { group in
            for lane in 0..<Self.lanes {
                group.addTask {
                    var number = start
                    while (try? await Self.write(tenant, lane, number)) != nil {
                        let line = Array("\(lane)-\(number)\n".utf8)
                        Glibc.write(log, line, line.count)
                        number += 1
                    }
                }
            }
        }
    }

    private static func write(_ tenant: any TenantStore, _ lane: Int, _ number: Int) async throws {
        let name = "\(lane)-\(number)"
        try await tenant.transact {
            try $0.put(Entity("\(name)", .sensor, [.speed: 1]))
            try $0.appendHistory(
                EntityID("urn:\(name)"),
                types: [.sensor],
                scopes: [],
                [NamedAttribute(name: .speed, instances: [.reading(1, at: 1)])],
                correcting: false
            )
            try $0.appendHistory(
                EntityID("urn:lane-\(lane)"),
                types: [.station],
                scopes: [],
                [NamedAttribute(name: .label, instances: [.reading(1, at: number)])]
            )
            _ = try $0.enqueue([], to: [name], at: seconds(1))
            try $0.put(Entity("\(name)-twin", .station))
        }
        // A read seals the lane's history when it is long.
        if number % 8 == 0 { _ = try await numbers(of: lane, in: tenant) }
    }

    /// The numbers in the history of the lane.
    private static func numbers(of lane: Int, in tenant: any TenantStore) async throws -> [Int] {
        let query = TemporalQuery(
            condition: .ids([EntityID("urn:lane-\(lane)")]),
            instanceLimit: 1_000_000,
            limit: 1
        )
        let page = try await tenant.evolutions(query, grant: Grants.read())
        let instances = page.evolutions.first?.attributes.first?.instances ?? []
        return instances.compactMap(\.observedAt).map {
            Int(($0.microseconds - seconds(0).microseconds) / 1_000_000)
        }
    }

    @Test(.enabled(if: getenv(CrashTests.folderVariable) == nil))
    func `a killed process loses nothing acknowledged and leaves nothing half done`() async throws {
        let folder = Folder()
        var dice = SystemRandomNumberGenerator()
        for _ in 0..<Self.rounds {
            let before = acknowledged(folder).count
            let child = try spawn(folder)
            let wanted = before + Int.random(in: 1...400, using: &dice)
            while acknowledged(folder).count < wanted && waitpid(child, nil, WNOHANG) == 0 {
                sched_yield()
            }
            kill(child, SIGKILL)
            waitpid(child, nil, 0)
            #expect(acknowledged(folder).count >= wanted, "the child did not write")
            try await check(folder)
        }
    }

    private func check(_ folder: Folder) async throws {
        let store = try SQLiteStore(folder: folder.path) { seconds(0) }
        let tenant = try await store.makeTenant(nil)
        let ids = try await tenant.ids(.everything, limit: .max)
        let stored = Set(ids)
        let lost = acknowledged(folder).filter { !stored.contains($0) }
        #expect(lost.isEmpty)
        let firsts = stored.filter { !$0.hasSuffix("-twin") }
        #expect(firsts.allSatisfy { stored.contains("\($0)-twin") })
        #expect(stored.count == firsts.count * 2)
        #expect(try await tenant.outboxDepth().count == firsts.count)
        let query = TemporalQuery(
            condition: .type(.sensor),
            instanceLimit: 10,
            limit: 0,
            wantsCount: true
        )
        #expect(try await tenant.evolutions(query, grant: Grants.read()).count == firsts.count)
        for lane in 0..<Self.lanes {
            let stored = firsts.filter { $0.hasPrefix("\(lane)-") }.compactMap {
                Int($0.dropFirst(2))
            }
            #expect(try await Self.numbers(of: lane, in: tenant) == stored.sorted())
        }
        await store.close()
    }

    private func acknowledged(_ folder: Folder) -> [String] {
        ChildTest.lines(of: "\(folder.path)/acknowledged")
    }

    private func spawn(_ folder: Folder) throws -> pid_t {
        try ChildTest.spawn(
            "a child writes until it is killed",
            [Self.folderVariable: folder.path]
        )
    }
}
