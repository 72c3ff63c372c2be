import Chance
import Testing

@testable import Record

/// Proofs of every size up to a little more than a tile.
@Suite struct TreePropertyTests {
    private static let largest = 260

    /// The hashes of complete subtrees, each computed once: they stay as the tree grows.
    private struct Nodes {
        var hashes: [TreeNode: TreeHash] = [:]

        mutating func hash(_ node: TreeNode) -> TreeHash {
            if let hash = hashes[node] { return hash }
            let below = TreeNode(level: node.level - 1, index: node.index * 2)
            let hash: TreeHash =
                node.level == 0
                ? .leaf([UInt8(node.index >> 8), UInt8(node.index & 0xFF)])
                : .node(hash(below), hash(TreeNode(level: below.level, index: below.index + 1)))
            hashes[node] = hash
            return hash
        }

        mutating func hash(_ leaves: Range<Int>) -> TreeHash {
            let nodes = TreeShape.nodes(of: leaves)
            guard let last = nodes.last else { return .empty }
            return nodes.dropLast().reversed().reduce(hash(last)) { .node(hash($1), $0) }
        }
    }

    @Test func `every proof of inclusion leads to the root, and with a bit flipped none does`() {
        var nodes = Nodes()
        var dice = SeededGenerator(seed: 1)
        for size in 1...Self.largest {
            let root = nodes.hash(0..<size)
            for index in 0..<size {
                let proof = TreeShape.inclusion(of: index, size: size).map { nodes.hash($0) }
                let leaf = nodes.hash(TreeNode(level: 0, index: index))
                let isRight = TreeProofs.includes(
                    leaf,
                    at: index,
                    size: size,
                    proof: proof,
                    root: root
                )
                #expect(isRight)
                guard size.isMultiple(of: 7) || size < 8 else { continue }
                let wrong = flipped([leaf, root] + proof, &dice)
                let isWrong = TreeProofs.includes(
                    wrong[0],
                    at: index,
                    size: size,
                    proof: Array(wrong[2...]),
                    root: wrong[1]
                )
                #expect(!isWrong)
                let other = (index + 1) % (size + 1)
                #expect(
                    !TreeProofs.includes(leaf, at: other, size: size, proof: proof, root: root)
                )
            }
        }
    }

    @Test func `every proof of consistency leads to both roots, and with a bit flipped none does`()
    {
        var nodes = Nodes()
        var dice = SeededGenerator(seed: 2)
        for size in 1...Self.largest {
            let root = nodes.hash(0..<size)
            for old in 1...size {
                let proof = TreeShape.consistency(from: old, to: size).map { nodes.hash($0) }
                let before = (old, nodes.hash(0..<old))
                #expect(TreeProofs.isConsistent(old: before, new: (size, root), proof: proof))
                guard size.isMultiple(of: 7) || size < 8 else { continue }
                let wrong = flipped([before.1, root] + proof, &dice)
                let isWrong = TreeProofs.isConsistent(
                    old: (old, wrong[0]),
                    new: (size, wrong[1]),
                    proof: Array(wrong[2...])
                )
                #expect(!isWrong)
                #expect(
                    !TreeProofs.isConsistent(
                        old: before,
                        new: (size, root),
                        proof: proof + [root]
                    )
                )
            }
        }
        let empty = (0, TreeHash.empty)
        #expect(!TreeProofs.isConsistent(old: empty, new: empty, proof: []))
    }

    private func flipped(_ hashes: [TreeHash], _ dice: inout SeededGenerator) -> [TreeHash] {
        var bytes = TreeHash.bytes(of: hashes)
        bytes[Int.random(in: bytes.indices, using: &dice)] ^=
            1 << UInt8.random(in: 0..<8, using: &dice)
        return TreeHash.hashes(in: bytes) ?? []
    }

    @Test func `trees in memory, in tiles and at their right edge agree`() throws {
        let leaves = (0..<70_000).map { TreeHash.leaf([UInt8($0 & 0xFF), UInt8($0 >> 8 & 0xFF)]) }
        var edge = TileEdge()
        var tiles: [Tile: [TreeHash]] = [:]
        for (size, leaf) in leaves.enumerated() {
            if [0, 1, 255, 256, 257, 65_535, 65_536, 65_537].contains(size) {
                #expect(edge.root == SmallTree(Array(leaves.prefix(size))).root)
            }
            edge.append(leaf) { tiles[Tile(.hashes(level: $0), index: $1)] = $2 }
        }
        #expect(edge.levels.map(\.count) == [112, 17, 1])
        #expect(TileEdge(size: 70_000, levels: edge.levels)?.root == edge.root)
        #expect(TileEdge(size: 70_001, levels: edge.levels) == nil)
        #expect(tiles.count == 273 + 1)

        let whole = SmallTree(leaves)
        var tree = TiledTree(size: leaves.count) { level, index in
            tiles[Tile(.hashes(level: level), index: index)] ?? edge.levels[level]
        }
        #expect(try tree.root() == whole.root)
        #expect(whole.root == edge.root)
        for leaf in [0, 255, 256, 65_535, 65_536, 69_999] {
            #expect(try tree.inclusion(of: leaf) == whole.inclusion(of: leaf))
        }
        for old in [1, 256, 300, 65_536, 69_998, 70_000] {
            #expect(try tree.consistency(from: old) == whole.consistency(from: old))
        }
        // An earlier size, from tiles that have grown since.
        var before = TiledTree(size: 65_700) { level, index in
            tiles[Tile(.hashes(level: level), index: index)] ?? edge.levels[level]
        }
        #expect(try before.root() == SmallTree(Array(leaves.prefix(65_700))).root)

        // What is known of one size and place serves all others, also when it is forgotten now and then.
        let all = [SubtreeHashes(), SubtreeHashes(most: 5)]
        for (leaf, size) in [(69_999, 70_000), (0, 65_700), (300, 69_998), (65_536, 70_000)] {
            let part = SmallTree(Array(leaves.prefix(size)))
            let (path, root) = (part.inclusion(of: leaf), part.root)
            for known in all {
                var tree = TiledTree(size: size, known: known) { level, index in
                    tiles[Tile(.hashes(level: level), index: index)] ?? edge.levels[level]
                }
                #expect(try tree.inclusion(of: leaf) == path)
                #expect(try tree.root() == root)
            }
        }
    }
}
