import ContextModel
import Crypto
package import Governance
import Synchronization

/// The SHA-256 of a token: what the hub keeps instead of the token.
package struct TokenHash: Sendable, Hashable {
    /// 32 bytes.
    package let bytes: [UInt8]

    package init(of token: String) { bytes = Array(SHA256.hash(data: Array(token.utf8))) }

    /// The hash of what a token's signature is of.
    init(ofSigned signed: [UInt8]) { bytes = Array(SHA256.hash(data: signed)) }

    /// nil unless there are 32 bytes in hexadecimal digits.
    package init?(hex: String) {
        guard let bytes = Hexadecimal.bytes(of: hex), bytes.count == 32 else { return nil }
        self.bytes = bytes
    }

    package var hex: String { Hexadecimal.text(of: bytes) }

    /// Takes as long for equal as for unequal hashes.
    func matches(_ other: TokenHash) -> Bool {
        zip(bytes, other.bytes).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}

/// Whose token is whose; may be replaced while the hub runs.
package final class TokenList: Sendable {
    private let entries: Mutex<[(hash: TokenHash, party: Party)]>

    package init(_ entries: [(hash: TokenHash, party: Party)] = []) {
        self.entries = Mutex(entries)
    }

    package func replace(with entries: [(hash: TokenHash, party: Party)]) {
        self.entries.withLock { $0 = entries }
    }

    /// Looks at every entry, so that the time taken tells nothing.
    func party(_ hash: TokenHash) -> Party? {
        entries.withLock { entries in
            entries.reduce(nil as Party?) { $1.hash.matches(hash) ? $1.party : $0 }
        }
    }
}
