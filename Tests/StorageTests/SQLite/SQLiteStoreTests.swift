import ContextModel
import Foundation
import Glibc
import Governance
import Storage
import Testing

@testable import StorageSQLite

@Suite struct SQLiteStoreTests {
    private func open(_ folder: Folder) throws -> SQLiteStore {
        try SQLiteStore(folder: folder.path) { withExtendedLifetime(folder) { seconds(0) } }
    }

    /// Changes bytes of the tenant's file.
    private func patch(_ folder: Folder, at offset: Int, _ bytes: [UInt8]) {
        let file = Glibc.open("\(folder.path)/hub.sqlite", O_RDWR)
        pwrite(file, bytes, bytes.count, offset)
        Glibc.close(file)
    }

    private func content(_ folder: Folder) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(filePath: "\(folder.path)/hub.sqlite")))
    }

    @Test func `a second hub on a folder is refused until the first has stopped`() async throws {
        let folder = Folder()
        let first = try open(folder)
        #expect(throws: StorageError(.locked, note: "")) { try open(folder) }
        // So nobody has to check for changes by others.
        #expect(!first.isShared)
        await first.close()
        await (try open(folder)).close()
    }

    /// Another process that opens and closes the file would else remove the log of a connection that is left.
    @Test(.timeLimit(.minutes(2)))
    func `a closed store has no file open, whatever was in progress`() async throws {
        let folder = Folder()
        let store = try open(folder)
        let tenant = try await store.makeTenant(nil)
        for number in 0..<40 {
            let names = (0..<20).map { IRI("urn:n:\(number):\($0)") }
            try await tenant.transact {
                try $0.put(Entity("\(number)", .sensor, attributes(names)))
            }
        }
        let tenants = try #require(tenant as? SQLiteTenantStore)
        tenants.filler.fillSoon([.speed, .label], for: .operator)
        let query = EntityQuery(condition: .everything, limit: 100)
        let readers = (0..<20).map { _ in
            Task { while (try? await tenant.entities(query, grant: Grants.read())) != nil {} }
        }
        async let sweep: Void? = try? tenants.sweeper.sweep()
        _ = try await tenant.entities(query, grant: Grants.read())
        #expect(!openFiles(in: folder).isEmpty)
        await store.close()
        #expect(openFiles(in: folder) == [])
        for reader in readers { await reader.value }
        _ = await sweep
        withExtendedLifetime((store, tenant)) {}
    }

    private func attributes(_ names: [IRI]) -> [IRI: JSONValue] {
        Dictionary(uniqueKeysWithValues: names.map { ($0, 1) })
    }

    /// The files in the folder that this process has open.
    private func openFiles(in folder: Folder) -> [String] {
        let own = "/proc/self/fd"
        let numbers = (try? FileManager.default.contentsOfDirectory(atPath: own)) ?? []
        return numbers.compactMap {
            try? FileManager.default.destinationOfSymbolicLink(atPath: "\(own)/\($0)")
        }
        .filter { $0.hasPrefix(folder.path) }
    }

    @Test func `a file of a newer hub is left alone`() async throws {
        let folder = Folder()
        await (try open(folder)).close()
        patch(folder, at: 60, [0, 0, 3, 0])
        let error = #expect(throws: StorageError.self) { try open(folder) }
        #expect(error?.code == .damaged)
        #expect(error?.note.contains("newer hub") == true)
    }

    @Test(arguments: [(0, [UInt8](repeating: 7, count: 4096)), (68, [0, 0, 0, 1])])
    func `a file that is not a hub's is refused`(offset: Int, bytes: [UInt8]) async throws {
        let folder = Folder()
        await (try open(folder)).close()
        patch(folder, at: offset, bytes)
        let error = #expect(throws: StorageError.self) { try open(folder) }
        #expect(error?.code == .damaged)
        #expect(error?.note.contains("backup") == true)
    }

    @Test(arguments: [(60, [UInt8]([0, 0, 3, 0])), (68, [0, 0, 0, 1]), (68, [0, 0, 0, 0])])
    func `a foreign or newer file is refused and not changed`(
        offset: Int,
        bytes: [UInt8]
    ) async throws {
        let folder = Folder()
        await (try open(folder)).close()
        patch(folder, at: offset, bytes)
        // Without a log beside it, as most databases of other programs: opening would create one.
        patch(folder, at: 18, [1, 1])
        let before = try content(folder)
        #expect(throws: StorageError(.damaged, note: "")) { try open(folder) }
        #expect(try content(folder) == before)
    }

    @Test func `a truncated file is refused`() async throws {
        let folder = Folder()
        await (try open(folder)).close()
        truncate("\(folder.path)/hub.sqlite", 8192)
        #expect(throws: StorageError(.damaged, note: "")) { try open(folder) }
    }

    @Test func `no tenant beyond the limit is created, and present ones stay open`()
        async throws
    {
        let folder = Folder()
        func open(maximumTenants: Int) throws -> SQLiteStore {
            try SQLiteStore(folder: folder.path, maximumTenants: maximumTenants) { seconds(0) }
        }
        let store = try open(maximumTenants: 2)
        let names = try (1...3).map { try #require(TenantName("tenant\($0)")) }
        for name in names[..<2] { try await store.makeTenant(name).put([Entity("a")]) }
        await #expect(throws: StorageError(.tooManyTenants, note: "")) {
            try await store.makeTenant(names[2])
        }
        let third = try await store.tenant(names[2])
        #expect(third == nil)
        #expect(await store.tenantNames == Array(names[..<2]))
        await store.close()
        let smaller = try open(maximumTenants: 0)
        #expect(try await smaller.makeTenant(names[0]).ids(.everything) == ["a"])
        await smaller.close()
    }

    @Test func `on a full disk a write fails, and reads and smaller writes go on`() async throws {
        let folder = Folder()
        let store = try SQLiteStore(folder: folder.path, maximumPages: 200) {
            withExtendedLifetime(folder) { seconds(0) }
        }
        let tenant = try await store.makeTenant(nil)
        try await tenant.put([Entity("a")])
        let large = Entity(
            "b",
            .sensor,
            [.label: .string(String(repeating: "x", count: 2_000_000))]
        )
        await #expect(throws: StorageError(.diskFull, note: "")) { try await tenant.put([large]) }
        #expect(try await tenant.ids(.everything) == ["a"])
        try await tenant.put([Entity("c")])
        #expect(try await tenant.ids(.everything) == ["a", "c"])
    }
}
