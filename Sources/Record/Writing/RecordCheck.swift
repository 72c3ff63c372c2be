/// Finds out whether a record is what was signed.
package struct RecordCheck {
    private let store: any RecordStore

    package init(_ store: any RecordStore) { self.store = store }

    /// Entries, the newest, that are looked at when a record is opened: some tenths of a second.
    package static let entriesAtOpening = 65_536

    /// What a start can look at: the head of the tree, and the newest entries.
    ///
    /// The rest is looked at by `RecordWriter.checkAll`.
    package func atOpening(key: NoteKey) -> RecordState {
        state { () throws -> String? in
            if let flaw = try headFlaw(key: key) { return flaw }
            let count = Self.entriesAtOpening / Tile.fullWidth
            return try entriesFlaw(inTiles: max(0, tileCount - count)..<tileCount)
        }
    }

    /// What the check comes to; a record that cannot be read is a damaged one.
    func state(_ flaw: () throws -> String?) -> RecordState {
        do {
            return try flaw().map(RecordState.damaged) ?? .sound
        } catch {
            return .damaged("The record cannot be read: \(error)")
        }
    }

    /// Tiles that the entries fill, the last of them maybe partly.
    var tileCount: Int { (store.size + Tile.fullWidth - 1) / Tile.fullWidth }

    /// Compares the tree with the newest checkpoint.
    private func headFlaw(key: NoteKey) throws -> String? {
        let size = store.size
        guard let signed = store.checkpoint else {
            return size == 0 ? nil : "It has \(size) entries and no checkpoint."
        }
        let checkpoint = signed.checkpoint
        do {
            try signed.verify(by: key)
        } catch {
            return "Its newest checkpoint is not signed by this hub's key. \(error)"
        }
        guard size >= checkpoint.size else {
            return "It has \(size) entries, and had \(checkpoint.size) when it was last signed."
        }
        var tree = TiledTree(size: checkpoint.size, read: store.hashes)
        guard try tree.root() == checkpoint.root else {
            return "Its first \(checkpoint.size) entries are not those that were signed."
        }
        return nil
    }

    /// Compares entries with the hashes in their tiles, and these with the tiles above.
    func entriesFlaw(inTiles tiles: Range<Int>) throws -> String? {
        for index in tiles {
            let width = Tile.width(.entries, index: index, size: store.size)
            let first = index * Tile.fullWidth
            let entries = try store.entries(first..<first + width)
            let hashes = Array(try store.hashes(level: 0, index: index).prefix(width))
            guard entries.count == width, entries.map(TreeHash.leaf) == hashes else {
                return "Entries from number \(first) on were changed since they were written."
            }
            if width == Tile.fullWidth, let flaw = try flaw(above: hashes, level: 0, index: index) {
                return flaw
            }
        }
        return nil
    }

    /// Whether the tile above has the hash of a full tile; and the one above that, where this is the
    /// last that was missing in it.
    private func flaw(above hashes: [TreeHash], level: Int, index: Int) throws -> String? {
        let (parent, place) = index.quotientAndRemainder(dividingBy: Tile.fullWidth)
        let above = try store.hashes(level: level + 1, index: parent)
        guard place < above.count, above[place] == SmallTree(hashes).root else {
            return
                "The hashes of tile \(index) of level \(level) were changed since it was written."
        }
        guard place == Tile.fullWidth - 1 else { return nil }
        return try flaw(above: above, level: level + 1, index: parent)
    }
}
