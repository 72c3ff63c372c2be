import Testing

@testable import Record

@Suite struct TileTests {
    @Test(arguments: [
        ("tile/0/000", Tile(.hashes(level: 0), index: 0)),
        ("tile/0/x001/x234/067", Tile(.hashes(level: 0), index: 1_234_067)),
        ("tile/1/999.p/255", Tile(.hashes(level: 1), index: 999, width: 255)),
        ("tile/63/x001/000.p/1", Tile(.hashes(level: 63), index: 1_000, width: 1)),
        ("tile/entries/x020/007.p/9", Tile(.entries, index: 20_007, width: 9)),
    ])
    func `paths are written and read as the standard has them`(path: String, tile: Tile) {
        #expect(tile.path == path)
        #expect(Tile(path: path) == tile)
    }

    @Test(arguments: [
        "", "tile", "tile/0", "tile/0/", "tile/00/000", "tile/64/000", "tile/-1/000", "tile/0/0",
        "tile/0/0000", "tile/0/x001", "tile/0/x000/001", "tile/0/001/002", "tile/0/001.p",
        "tile/0/001.p/0", "tile/0/001.p/256", "tile/0/001.p/01", "tile/0/001.p/1/2",
        "tile/0/x01/234", "tile/entry/000", "/tile/0/000", "tile/0/000/", "tile/0/+01",
        "tile/0/x999/x999/x999/x999/x999/x999/999", "tile/0/١٢٣",
    ])
    func `other paths are none`(path: String) {
        #expect(Tile(path: path) == nil)
    }

    /// The example of C2SP tlog-tiles.
    @Test func `a tree of 70,000 has the tiles that the standard counts`() {
        func width(_ level: Int, _ index: Int) -> Int {
            Tile.width(.hashes(level: level), index: index, size: 70_000)
        }
        #expect(width(0, 272) == 256)
        #expect(width(0, 273) == 112)
        #expect(width(0, 274) == 0)
        #expect(width(1, 0) == 256)
        #expect(width(1, 1) == 17)
        #expect(width(2, 0) == 1)
        #expect(width(3, 0) == 0)
        #expect(width(63, 0) == 0)
        #expect(Tile.width(.hashes(level: 1), index: 0, size: 256) == 1)
        #expect(Tile.width(.entries, index: 273, size: 70_000) == 112)
    }

    @Test func `bundles keep entries with their lengths`() {
        let entries: [[UInt8]] = [[1, 2, 3], [], Array(repeating: 7, count: 300)]
        let bytes = EntryBundle.bytes(of: entries)
        #expect(bytes.prefix(7) == [0, 3, 1, 2, 3, 0, 0])
        #expect(EntryBundle.entries(in: bytes) == entries)
        #expect(EntryBundle.entries(in: Array(bytes.dropLast())) == nil)
        #expect(EntryBundle.entries(in: [0]) == nil)
    }
}
