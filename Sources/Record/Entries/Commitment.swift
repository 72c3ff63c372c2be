/// Binds an entry to an opening without telling anything of it.
///
/// It is the hash of a leaf (RFC 6962, clause 2.1) that begins with `balai opening 1` and a newline, and
/// goes on with 32 random bytes, the salt, and the bytes of the opening. Whoever does not know the salt
/// cannot find out whether a guess at the opening is right.
package struct Salt: Sendable, Hashable {
    package static let byteCount = 32

    package let bytes: [UInt8]

    /// Nil unless there are 32 bytes.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        self.bytes = bytes
    }

    /// A new salt.
    package init(using generator: inout some RandomNumberGenerator) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.byteCount)
        for _ in 0..<Self.byteCount / 8 {
            let word: UInt64 = generator.next()
            withUnsafeBytes(of: word) { bytes.append(contentsOf: $0) }
        }
        self.bytes = bytes
    }

    /// The commitment to the bytes of an opening.
    package func commitment(to opening: [UInt8]) -> TreeHash {
        .leaf(joining: [Self.mark, bytes, opening])
    }

    private static let mark = Array("balai opening 1\n".utf8)
}
