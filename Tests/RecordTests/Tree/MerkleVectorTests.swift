import ContextModel
import Foundation
import Testing

@testable import Record

/// The values that the transparency logs of the world agree on: those of transparency-dev/merkle and the
/// example of RFC 9162.
@Suite struct MerkleVectorTests {
    private static let inputs = [
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ]
    private static let roots = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ]

    private static func hash(_ text: some StringProtocol) -> TreeHash? {
        Hexadecimal.bytes(of: text).flatMap { TreeHash($0) }
    }

    private static func leaves() throws -> [TreeHash] {
        try inputs.map { .leaf(try #require(Hexadecimal.bytes(of: $0))) }
    }

    @Test func `the roots of the eight well-known inputs are right at every size`() throws {
        let leaves = try Self.leaves()
        var edge = TileEdge()
        for (size, root) in Self.roots.enumerated() {
            let tree = SmallTree(Array(leaves.prefix(size)))
            #expect(tree.root == Self.hash(root))
            #expect(edge.root == Self.hash(root))
            if size < leaves.count { edge.append(leaves[size]) { _, _, _ in } }
        }
    }

    @Test func `leaves and nodes are hashed with their prefixes`() throws {
        #expect(
            TreeHash.leaf(Array("L123456".utf8))
                == Self.hash("395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56")
        )
        let leaves = try Self.leaves()
        #expect(
            TreeHash.node(leaves[2], leaves[3])
                == Self.hash("5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e")
        )
    }

    @Test func `the published proofs are taken, and the published wrong ones are not`() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "MerkleVectors.tsv")
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
        #expect(lines.count == 194)
        var taken = 0
        for line in lines {
            let cells = line.split(separator: "\t", omittingEmptySubsequences: false)
            let isTaken = Self.isTaken(cells.map(String.init))
            #expect(isTaken == (cells[1] == "right"), "\(line)")
            taken += isTaken ? 1 : 0
        }
        #expect(taken == 12)
    }

    /// What cannot be read is not taken: numbers beyond `Int`, hashes of another length.
    ///
    /// The one right proof whose roots may be anything has roots of 32 bytes in our file.
    private static func isTaken(_ cells: [String]) -> Bool {
        let words = cells[6].split(separator: " ")
        let proof = words.compactMap(hash)
        guard let first = Int(cells[2]), let second = Int(cells[3]), let one = hash(cells[4]),
            let other = hash(cells[5]), proof.count == words.count
        else { return false }
        if cells[0] == "inclusion" {
            return TreeProofs.includes(one, at: first, size: second, proof: proof, root: other)
        }
        return TreeProofs.isConsistent(old: (first, one), new: (second, other), proof: proof)
    }

    /// Clause 2.1.5: the tree of seven leaves, its nodes a to l named as there.
    @Test func `the proofs of the example of RFC 9162 are those that it lists`() {
        let leaves = (0..<7).map { TreeHash.leaf([UInt8($0)]) }
        let (a, b, c, d) = (leaves[0], leaves[1], leaves[2], leaves[3])
        let (e, f, j) = (leaves[4], leaves[5], leaves[6])
        let (g, h, i) = (TreeHash.node(a, b), TreeHash.node(c, d), TreeHash.node(e, f))
        let (k, l) = (TreeHash.node(g, h), TreeHash.node(i, j))
        let tree = SmallTree(leaves)
        #expect(tree.root == .node(k, l))
        #expect(tree.inclusion(of: 0) == [b, h, l])
        #expect(tree.inclusion(of: 3) == [c, g, l])
        #expect(tree.inclusion(of: 4) == [f, j, k])
        #expect(tree.inclusion(of: 6) == [i, k])
        #expect(tree.consistency(from: 3) == [c, d, g, l])
        #expect(tree.consistency(from: 4) == [l])
        #expect(tree.consistency(from: 6) == [i, j, k])
    }
}
