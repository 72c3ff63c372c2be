internal import ContextModel
internal import Crypto

/// A SHA-256 hash of a Merkle tree (RFC 6962, clause 2.1; RFC 9162, clause 2.1.1).
package struct TreeHash: Sendable, Hashable {
    /// Bytes of a hash.
    package static let byteCount = 32

    // 32 bytes without an allocation: a tile has 256 hashes.
    private var first: UInt64 = 0
    private var second: UInt64 = 0
    private var third: UInt64 = 0
    private var fourth: UInt64 = 0

    /// Nil unless there are 32 bytes.
    package init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        withUnsafeMutableBytes(of: &self) { $0.copyBytes(from: bytes) }
    }

    private init(_ digest: SHA256Digest) {
        digest.withUnsafeBytes { digest in
            withUnsafeMutableBytes(of: &self) { $0.copyMemory(from: digest) }
        }
    }

    package var bytes: [UInt8] { withUnsafeBytes(of: self) { Array($0) } }

    /// The hash of the tree without leaves.
    package static let empty = TreeHash(SHA256.hash(data: [UInt8]()))

    /// The hash of a leaf with this content.
    package static func leaf(_ content: [UInt8]) -> TreeHash {
        leaf(joining: CollectionOfOne(content))
    }

    /// The hash of a leaf whose content is these parts, one after the other.
    package static func leaf(joining parts: some Collection<[UInt8]>) -> TreeHash {
        var sha = SHA256()
        withUnsafeBytes(of: UInt8(0)) { sha.update(bufferPointer: $0) }
        for part in parts { part.withUnsafeBytes { sha.update(bufferPointer: $0) } }
        return TreeHash(sha.finalize())
    }

    /// The hash of a node with these children.
    package static func node(_ left: TreeHash, _ right: TreeHash) -> TreeHash {
        withUnsafeTemporaryAllocation(byteCount: 1 + 2 * byteCount, alignment: 8) { buffer in
            buffer[0] = 1
            withUnsafeBytes(of: left) {
                UnsafeMutableRawBufferPointer(rebasing: buffer[1...]).copyMemory(from: $0)
            }
            withUnsafeBytes(of: right) {
                UnsafeMutableRawBufferPointer(rebasing: buffer[(1 + byteCount)...])
                    .copyMemory(from: $0)
            }
            var sha = SHA256()
            sha.update(bufferPointer: UnsafeRawBufferPointer(buffer))
            return TreeHash(sha.finalize())
        }
    }
}

extension TreeHash: Comparable {
    /// Any order will do that does not depend on what was hashed.
    package static func < (a: TreeHash, b: TreeHash) -> Bool {
        (a.first, a.second, a.third, a.fourth) < (b.first, b.second, b.third, b.fourth)
    }
}

extension TreeHash {
    /// The hashes one after the other, as a tile has them.
    package static func bytes(of hashes: some Collection<TreeHash>) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(hashes.count * byteCount)
        for hash in hashes { withUnsafeBytes(of: hash) { bytes.append(contentsOf: $0) } }
        return bytes
    }

    /// Reads hashes that stand one after the other; nil when bytes are left over.
    package static func hashes(in bytes: some RandomAccessCollection<UInt8>) -> [TreeHash]? {
        guard bytes.count.isMultiple(of: byteCount) else { return nil }
        var rest = bytes[...]
        var hashes: [TreeHash] = []
        hashes.reserveCapacity(bytes.count / byteCount)
        while !rest.isEmpty {
            guard let hash = TreeHash(rest.prefix(byteCount)) else { return nil }
            hashes.append(hash)
            rest = rest.dropFirst(byteCount)
        }
        return hashes
    }
}

extension TreeHash: CustomStringConvertible {
    /// The hash in standard Base64.
    package var description: String { Base64.text(of: bytes) }

    /// Reads what `description` writes.
    package init?(base64 text: some StringProtocol) {
        guard let bytes = Base64.bytes(of: text) else { return nil }
        self.init(bytes)
    }
}
