/// A Merkle tree whose leaves are all in memory, such as the commitments of one entry.
package struct SmallTree: Sendable {
    package let leaves: [TreeHash]

    package init(_ leaves: [TreeHash]) { self.leaves = leaves }

    package var root: TreeHash { hash(0..<leaves.count) }

    /// The hashes that lead from the leaf to the root.
    package func inclusion(of leaf: Int) -> [TreeHash] {
        TreeShape.inclusion(of: leaf, size: leaves.count).map(hash)
    }

    /// The hashes that show that the tree begins with its first leaves.
    package func consistency(from old: Int) -> [TreeHash] {
        old == 0 ? [] : TreeShape.consistency(from: old, to: leaves.count).map(hash)
    }

    private func hash(_ range: Range<Int>) -> TreeHash {
        var level = Array(leaves[range])
        guard !level.isEmpty else { return .empty }
        // A node without a sibling goes up as it is.
        while level.count > 1 {
            var above: [TreeHash] = []
            above.reserveCapacity((level.count + 1) / 2)
            for index in stride(from: 0, to: level.count - 1, by: 2) {
                above.append(.node(level[index], level[index + 1]))
            }
            if !level.count.isMultiple(of: 2) { above.append(level[level.count - 1]) }
            level = above
        }
        return level[0]
    }
}
