/// A subtree of 2^level leaves, the index-th of its level from the left.
struct TreeNode: Hashable {
    var level: Int
    var index: Int
}

/// Which subtrees hashes and proofs of a tree consist of (RFC 6962, clause 2.1).
enum TreeShape {
    /// The largest power of two that is smaller than the number of leaves, of which there are two or
    /// more.
    static func split(_ leaves: Int) -> Int {
        1 << (Int.bitWidth - 1 - (leaves - 1).leadingZeroBitCount)
    }

    /// The complete subtrees that the leaves make up, from the left.
    ///
    /// The range begins at a multiple of a power of two that is at least as large as its count.
    static func nodes(of leaves: Range<Int>) -> [TreeNode] {
        var start = leaves.lowerBound
        var nodes: [TreeNode] = []
        for level in (0..<Int.bitWidth - 1).reversed() where leaves.count & 1 << level != 0 {
            nodes.append(TreeNode(level: level, index: start >> level))
            start += 1 << level
        }
        return nodes
    }

    /// The leaves under each hash of an inclusion proof, from the leaf's sibling up (clause 2.1.1).
    static func inclusion(of leaf: Int, size: Int) -> [Range<Int>] {
        var tree = 0..<size
        var siblings: [Range<Int>] = []
        while tree.count > 1 {
            let middle = tree.lowerBound + split(tree.count)
            if leaf < middle {
                siblings.append(middle..<tree.upperBound)
                tree = tree.lowerBound..<middle
            } else {
                siblings.append(tree.lowerBound..<middle)
                tree = middle..<tree.upperBound
            }
        }
        return siblings.reversed()
    }

    /// The range of leaves that each hash of a consistency proof covers (RFC 6962, clause 2.1.2).
    ///
    /// The old size is not zero and at most the new one.
    static func consistency(from old: Int, to new: Int) -> [Range<Int>] {
        var tree = 0..<new
        var isWhole = true
        var parts: [Range<Int>] = []
        while old < tree.upperBound {
            let middle = tree.lowerBound + split(tree.count)
            if old <= middle {
                parts.append(middle..<tree.upperBound)
                tree = tree.lowerBound..<middle
            } else {
                parts.append(tree.lowerBound..<middle)
                tree = middle..<tree.upperBound
                isWhole = false
            }
        }
        if !isWhole { parts.append(tree) }
        return parts.reversed()
    }
}
