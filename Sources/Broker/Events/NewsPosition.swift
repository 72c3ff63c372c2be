package import ContextModel
import Crypto

/// How far a listener has heard.
package struct NewsPosition: Sendable, Hashable {
    /// The run of the hub that gave the number.
    var epoch: Int64
    /// The number of the first change that it has not heard of.
    var number: Int64
    /// The time of the newest change of which it was told, or at which it began; where numbers are not known any
    /// more, it goes on from there.
    var time: Timestamp

    init(epoch: Int64, number: Int64, time: Timestamp) {
        self.epoch = epoch
        self.number = number
        self.time = time
    }

    /// The place of a listener that wants to hear of the changes since a moment.
    package init(since time: Timestamp) {
        self.init(epoch: 0, number: 0, time: time)
    }
}

/// Writes positions so that nobody but the hub can read them: numbers count the changes of all data, also of hidden.
///
/// All texts have the same length. The keys come from the secret of the hub, so that a listener goes on after a
/// restart; each run has its own, and each position is one of its tenant.
struct NewsPositionSeal: Sendable {
    private let identity: HubIdentity
    let epoch: Int64
    private let key: SymmetricKey

    init(_ identity: HubIdentity, epoch: Int64) {
        self.identity = identity
        self.epoch = epoch
        key = identity.key(for: "position", Self.bytes(of: epoch))
    }

    /// Throws when the position cannot be encrypted, which does not happen with a key of this length.
    func text(of position: NewsPosition, _ tenant: TenantName?) throws -> String {
        let plain =
            Self.bytes(of: position.epoch) + Self.bytes(of: position.number)
            + Self.bytes(of: position.time.microseconds)
        let sealed = try ChaChaPoly.seal(plain, using: key, authenticating: Self.bytes(of: tenant))
        return Hexadecimal.text(of: Self.bytes(of: epoch) + sealed.combined)
    }

    /// Reads a position that `text` has written in this run of the hub or an earlier one; nil for any other text.
    func position(_ text: String, _ tenant: TenantName?) -> NewsPosition? {
        guard text.utf8.count == Self.digits, let bytes = Hexadecimal.bytes(of: text) else {
            return nil
        }
        let epoch = Self.number(bytes[..<8])
        let key = epoch == self.epoch ? key : identity.key(for: "position", Array(bytes[..<8]))
        guard let box = try? ChaChaPoly.SealedBox(combined: bytes[8...]),
            let plain = try? ChaChaPoly.open(
                box,
                using: key,
                authenticating: Self.bytes(of: tenant)
            )
        else { return nil }
        let numbers = Array(plain)
        return NewsPosition(
            epoch: Self.number(numbers[..<8]),
            number: Self.number(numbers[8..<16]),
            time: Timestamp(microseconds: Self.number(numbers[16...]))
        )
    }

    /// The run, a nonce of 12 bytes, three numbers and a tag of 16 bytes, in two digits for each byte.
    private static let digits = 2 * (8 + 12 + 24 + 16)

    private static func bytes(of tenant: TenantName?) -> [UInt8] {
        Array((tenant?.text ?? "").utf8)
    }

    private static func bytes(of number: Int64) -> [UInt8] {
        withUnsafeBytes(of: number.bigEndian) { Array($0) }
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> Int64 {
        Int64(bitPattern: bytes.reduce(0) { $0 << 8 | UInt64($1) })
    }
}
