import ContextModel
import Governance
import Storage
import StorageMemory
import Testing

@Suite struct MemoryStoreTests {
    @Test func `stores over one memory see the same, and closing one leaves the others open`()
        async throws
    {
        let memory = SharedMemory()
        let stores = (MemoryStore(memory) { seconds(0) }, MemoryStore(memory) { seconds(0) })
        let name = try #require(TenantName("patong"))
        let first = try await stores.0.makeTenant(name)
        try await first.put([Entity("a")])
        let second = try #require(try await stores.1.tenant(name))
        #expect(try await second.ids(.everything) == ["a"])
        await stores.0.close()
        try await second.put([Entity("b")])
        #expect(try await second.ids(.everything) == ["a", "b"])
        await #expect(throws: StorageError(.closed, note: "")) {
            try await first.put([Entity("c")])
        }
        await #expect(throws: StorageError(.closed, note: "")) { try await stores.0.tenant(name) }
    }

    @Test func `a reader keeps its moment while others write`() async throws {
        let store = MemoryStore { seconds(0) }
        let tenant = try await store.makeTenant(nil)
        try await tenant.put((0..<20).map { Entity("\($0)", .sensor, [.speed: 0]) })
        // Each transaction gives all entities one new speed, so a page never has two speeds.
        try await withThrowingTaskGroup(of: Void.self) { group in
            for round in 1...20 {
                group.addTask {
                    let speed = JSONValue.number(JSONNumber(round))
                    try await tenant.put((0..<20).map { Entity("\($0)", .sensor, [.speed: speed]) })
                }
                group.addTask {
                    let query = EntityQuery(condition: .everything, limit: 20)
                    let page = try await tenant.entities(query, grant: Grants.read())
                    #expect(Set(page.entities.map { $0[.speed].map(\.value) }).count == 1)
                }
            }
            try await group.waitForAll()
        }
    }
}
