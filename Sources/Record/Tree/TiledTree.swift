/// A tree of which the tiles are kept, at one of its sizes.
///
/// A proof reads a tile or two of each level of tiles, whatever the size.
package struct TiledTree {
    /// Leaves of the tree.
    package let size: Int
    /// The hashes of a tile, at least as many as the tile has at this size.
    private let read: (_ level: Int, _ index: Int) throws -> [TreeHash]
    private var tiles: [Tile: [TreeHash]] = [:]

    package init(
        size: Int,
        read: @escaping (_ level: Int, _ index: Int) throws -> [TreeHash]
    ) {
        self.size = size
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
            let part = try self.hash(of: node)
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
