import ContextModel
import Governance
import Storage
import Testing

@testable import StorageSQLite

@Suite struct SeriesReaderTests {
    /// With `lastN`, the newest instances are held in memory until the oldest of them is found.
    @Test func `lastN aggregates as many instances as an answer may have, and no more`()
        async throws
    {
        let folder = Folder()
        let store = try SQLiteStore(folder: folder.path) {
            withExtendedLifetime(folder) { seconds(0) }
        }
        let tenant = try await store.makeTenant(nil)
        try await tenant.append("a", .speed, (0..<60).map { .reading(1, at: $0) })
        func sum(lastN: Int, pageLimit: Int) async throws -> [JSONValue]? {
            var query = TemporalQuery(
                condition: .everything,
                lastN: lastN,
                instanceLimit: 100,
                aggregation: Aggregation(methods: [.sum], period: .whole),
                limit: 10
            )
            query.pageLimit = pageLimit
            let page = try await tenant.evolutions(query, grant: Grants.read())
            return page.evolutions.first?.aggregates.first?.values.first?.periods.map(\.value)
        }
        #expect(try await sum(lastN: 20, pageLimit: 20) == [20])
        #expect(try await sum(lastN: 1_000, pageLimit: 61) == [60])
        for lastN in [21, 1_000] {
            await #expect(throws: StorageError(.tooManyResults, note: "")) {
                _ = try await sum(lastN: lastN, pageLimit: 20)
            }
        }
        await store.close()
    }
}
