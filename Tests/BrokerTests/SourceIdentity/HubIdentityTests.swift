import ContextModel
import Foundation
import Storage
import StorageSQLite
import Testing

@testable import Broker

@Suite struct HubIdentityTests {
    /// The identity of a hub in the folder, which is started and stopped.
    private func identity(in folder: URL, damagedFirst: Bool = false) async throws -> HubIdentity {
        let store = try SQLiteStore(folder: folder.path) { Timestamp(microseconds: 0) }
        do {
            if damagedFirst {
                try await store.makeTenant(nil).bookkeep { transaction in
                    try transaction.put(Document(kind: .hubIdentity, id: "hub", body: [0x7B]))
                }
            }
            let identity = try await HubIdentity.kept(in: store) { UUID().uuidString.lowercased() }
            await store.close()
            return identity
        } catch {
            await store.close()
            throw error
        }
    }

    private func inFolder(_ body: (URL) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "balai-identity-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        try await body(folder)
    }

    @Test func `a hub keeps its identity over a restart`() async throws {
        try await inFolder { folder in
            let first = try await identity(in: folder)
            #expect(try await identity(in: folder) == first)
        }
    }

    @Test func `two hubs differ, even with equal URLs`() async throws {
        try await inFolder { one in
            try await inFolder { other in
                let names = [try await identity(in: one), try await identity(in: other)].map {
                    Hub.pseudonym(of: $0, nil)
                }
                #expect(names[0] != names[1])
            }
        }
    }

    @Test func `a damaged identity is reported, and not replaced`() async throws {
        try await inFolder { folder in
            await #expect(throws: StorageError(.damaged, note: "")) {
                try await identity(in: folder, damagedFirst: true)
            }
            await #expect(throws: StorageError(.damaged, note: "")) {
                try await identity(in: folder)
            }
        }
    }

    @Test func `an opaque name depends on its parts and the hub alone`() {
        let hub = HubIdentity(name: "a", secret: "one")
        #expect(hub.opaqueName(of: ["a", "bc"]) == hub.opaqueName(of: ["a", "bc"]))
        #expect(hub.opaqueName(of: ["a", "bc"]) != hub.opaqueName(of: ["ab", "c"]))
        let other = HubIdentity(name: "a", secret: "two")
        #expect(hub.opaqueName(of: ["a"]) != other.opaqueName(of: ["a"]))
    }

    @Test func `the alias has neither blanks nor commas`() {
        let identity = HubIdentity(name: "a b,c", secret: "")
        #expect(Hub.pseudonym(of: identity, TenantName("t.1")) == "balai-a_b_c-t.1")
    }
}
