import Testing

@testable import Gateway

struct DiskSpaceTests {
    @Test func `the free space of a folder's disk is known, and nil without a folder`() throws {
        let space = try #require(DiskSpace(ofFolder: "/"))
        #expect(space.totalBytes > 0)
        #expect((0...space.totalBytes).contains(space.freeBytes))
        #expect(DiskSpace(ofFolder: "/no such folder") == nil)
    }
}
