/// Checks proofs of Merkle trees without the trees (RFC 9162, clauses 2.1.3.2 and 2.1.4.2).
package enum TreeProofs {
    /// Whether the proof leads from the leaf to the root of the tree of this size.
    package static func includes(
        _ leaf: TreeHash,
        at index: Int,
        size: Int,
        proof: [TreeHash],
        root: TreeHash
    ) -> Bool {
        rootByInclusion(leaf, at: index, size: size, proof: proof) == root
    }

    /// The root that the proof leads to; nil when the proof has the wrong length or the leaf is not
    /// within the size.
    static func rootByInclusion(
        _ leaf: TreeHash,
        at index: Int,
        size: Int,
        proof: [TreeHash]
    ) -> TreeHash? {
        guard index >= 0, index < size else { return nil }
        var (node, last) = (index, size - 1)
        var hash = leaf
        for sibling in proof {
            guard last > 0 else { return nil }
            if node & 1 == 1 || node == last {
                hash = .node(sibling, hash)
                while node & 1 == 0, node != 0 {
                    node >>= 1
                    last >>= 1
                }
            } else {
                hash = .node(hash, sibling)
            }
            node >>= 1
            last >>= 1
        }
        return last == 0 ? hash : nil
    }

    /// Whether the proof shows that the new tree begins with the old one.
    ///
    /// There are no proofs for the empty tree, with which every tree begins.
    package static func isConsistent(
        old: (size: Int, root: TreeHash),
        new: (size: Int, root: TreeHash),
        proof: [TreeHash]
    ) -> Bool {
        guard old.size > 0, old.size <= new.size else { return false }
        if old.size == new.size { return proof.isEmpty && old.root == new.root }
        // The old root itself, where it is the root of a complete subtree of the new tree.
        var path = proof[...]
        if old.size & (old.size - 1) == 0 { path = [old.root] + path }
        guard let start = path.popFirst() else { return false }
        var (node, last) = (old.size - 1, new.size - 1)
        while node & 1 == 1 {
            node >>= 1
            last >>= 1
        }
        var (oldHash, newHash) = (start, start)
        for sibling in path {
            guard last > 0 else { return false }
            if node & 1 == 1 || node == last {
                oldHash = .node(sibling, oldHash)
                newHash = .node(sibling, newHash)
                while node & 1 == 0, node != 0 {
                    node >>= 1
                    last >>= 1
                }
            } else {
                newHash = .node(newHash, sibling)
            }
            node >>= 1
            last >>= 1
        }
        return last == 0 && oldHash == old.root && newHash == new.root
    }
}
