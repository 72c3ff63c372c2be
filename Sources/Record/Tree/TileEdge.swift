/// The right edge of a tree in tiles: the tile of each level that is not full yet.
///
/// It is all that appending needs, and with it the root of the whole tree.
package struct TileEdge: Sendable {
    /// Leaves of the tree.
    package private(set) var size = 0
    /// The hashes of the last tile of each level, from the leaves up; less than 256 in each.
    package private(set) var levels: [[TreeHash]] = []

    package init() {}

    /// The edge of a tree of this size; nil when a level has not as many hashes as it must have.
    package init?(size: Int, levels: [[TreeHash]]) {
        self.size = size
        self.levels = levels
        var rest = size
        for hashes in levels {
            guard hashes.count == rest % Tile.fullWidth else { return nil }
            rest /= Tile.fullWidth
        }
        guard rest == 0 else { return nil }
    }

    /// Levels of tiles in a tree of this size.
    package static func levelCount(size: Int) -> Int {
        var (count, rest) = (0, size)
        while rest > 0 {
            count += 1
            rest /= Tile.fullWidth
        }
        return count
    }

    /// Adds a leaf; the callback gets each tile that becomes full.
    package mutating func append(
        _ leaf: TreeHash,
        full: (_ level: Int, _ index: Int, _ hashes: [TreeHash]) -> Void
    ) {
        size += 1
        var (hash, level) = (leaf, 0)
        while true {
            if level == levels.count { levels.append([]) }
            levels[level].append(hash)
            guard levels[level].count == Tile.fullWidth else { return }
            full(level, (size >> (Tile.height * (level + 1))) - 1, levels[level])
            hash = SmallTree(levels[level]).root
            levels[level].removeAll(keepingCapacity: true)
            level += 1
        }
    }

    /// The root of the whole tree.
    package var root: TreeHash {
        var root: TreeHash?
        for hashes in levels where !hashes.isEmpty {
            // What lies to the right of a level's last tile is smaller than one of its hashes, so
            // it hangs on the last complete subtree there is.
            for node in TreeShape.nodes(of: 0..<hashes.count).reversed() {
                let start = node.index << node.level
                let part = SmallTree(Array(hashes[start..<start + 1 << node.level])).root
                root = root.map { .node(part, $0) } ?? part
            }
        }
        return root ?? .empty
    }
}
