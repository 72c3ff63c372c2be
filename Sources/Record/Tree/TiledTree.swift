internal import Synchronization

/// A tree of which the tiles are kept, at one of its sizes.
///
/// A proof reads a tile or two of each level of tiles, whatever the size.
package struct TiledTree {
    /// Leaves of the tree.
    package let size: Int
    /// The hashes of a tile, at least as many as the tile has at this size.
    private let read: (_ level: Int, _ index: Int) throws -> [TreeHash]
    private let known: SubtreeHashes?
    private var tiles: [Tile: [TreeHash]] = [:]

    /// `known` has what others have made of the same tree, at any size.
    package init(
        size: Int,
        known: SubtreeHashes? = nil,
        read: @escaping (_ level: Int, _ index: Int) throws -> [TreeHash]
    ) {
        self.size = size
        self.known = known
        self.read = read
    }

    package mutating func root() throws -> TreeHash { try hash(0..<size) }

    /// The hashes that lead from the leaf to the root.
    package mutating func inclusion(of leaf: Int) throws -> [TreeHash] {
        try TreeShape.inclusion(of: leaf, size: size).map { try hash($0) }
    }

    /// The hashes that show that the tree begins with its first leaves.
    package mutating func consistency(from old: Int) throws -> [TreeHash] {
        guard old > 0 else { return [] }
        return try TreeShape.consistency(from: old, to: size).map { try hash($0) }
    }

    private mutating func hash(_ leaves: Range<Int>) throws -> TreeHash {
        var hash: TreeHash?
        for node in TreeShape.nodes(of: leaves).reversed() {
            let part: TreeHash
            if let found = known?[node] {
                part = found
            } else {
                part = try self.hash(of: node)
                known?[node] = part
            }
            hash = hash.map { .node(part, $0) } ?? part
        }
        return hash ?? .empty
    }

    private mutating func hash(of node: TreeNode) throws -> TreeHash {
        let (level, height) = node.level.quotientAndRemainder(dividingBy: Tile.height)
        let first = node.index << height
        let tile = Tile(.hashes(level: level), index: first / Tile.fullWidth)
        let hashes = try hashes(of: tile, level: level)
        let start = first % Tile.fullWidth
        return SmallTree(Array(hashes[start..<start + 1 << height])).root
    }

    private mutating func hashes(of tile: Tile, level: Int) throws -> [TreeHash] {
        if let hashes = tiles[tile] { return hashes }
        let hashes = try read(level, tile.index)
        let width = Tile.width(tile.content, index: tile.index, size: size)
        guard hashes.count >= width else {
            throw RecordError(.damaged, "Tile \(tile.path) of the record is cut off.")
        }
        tiles[tile] = hashes
        return hashes
    }
}

/// The hashes of complete subtrees of a growing tree, made for one proof and kept for the next: they never
/// change, and to make one takes hashing all hashes of the tile below it.
package final class SubtreeHashes: Sendable {
    /// Hashes that are kept, of some 60 bytes each.
    package static let most = 16_384

    private let hashes = Mutex<[TreeNode: TreeHash]>([:])
    private let most: Int

    /// Keeps so many at most; with more, it begins anew.
    package init(most: Int = SubtreeHashes.most) { self.most = most }

    /// The hash of a subtree; small ones are not kept, for they are made as fast as they are found.
    subscript(node: TreeNode) -> TreeHash? {
        get { node.level < Self.lowest ? nil : hashes.withLock { $0[node] } }
        set {
            guard node.level >= Self.lowest else { return }
            hashes.withLock { hashes in
                if hashes.count >= most { hashes.removeAll(keepingCapacity: true) }
                hashes[node] = newValue
            }
        }
    }

    private static let lowest = 3
}
