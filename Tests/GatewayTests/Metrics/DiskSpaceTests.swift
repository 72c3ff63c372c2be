import Testing

@testable import Gateway

struct DiskSpaceTests {
    @Test func `the room of a folder's disk is known, and of no folder none`() throws {
        let space = try #require(DiskSpace(ofFolder: "/"))
        #expect(space.totalBytes > 0)
        #expect((0...space.totalBytes).contains(space.freeBytes))
        #expect(DiskSpace(ofFolder: "/no such folder") == nil)
    }
}
