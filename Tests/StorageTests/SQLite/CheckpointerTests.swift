import ContextModel
import Glibc
import Storage
import Testing

@testable import StorageSQLite

@Suite struct CheckpointerTests {
    private func logBytes(_ folder: Folder) -> Int {
        var info = stat()
        return stat("\(folder.path)/hub.sqlite-wal", &info) == 0 ? Int(info.st_size) : 0
    }

    @Test func `the log is started again while writes go on`() async throws {
        let folder = Folder()
        let store = try SQLiteStore(folder: folder.path) {
            withExtendedLifetime(folder) { seconds(0) }
        }
        let tenant = try await store.makeTenant(nil)
        // Each of these takes some 250 pages of the log.
        let text = String(repeating: "x", count: 1_000_000)
        let limit = (Limits.logPages + 4 * Limits.checkpointPages) * Schema.pageBytes
        for number in 0..<100 {
            try await tenant.put([Entity("\(number % 5)", .sensor, [.label: .string(text)])])
            try #require(logBytes(folder) < limit)
        }
        await store.close()
        #expect(logBytes(folder) == 0)
        #expect(
            try await SQLiteStore(folder: folder.path) { seconds(0) }
                .makeTenant(nil).ids(.everything).count == 5
        )
    }
}
