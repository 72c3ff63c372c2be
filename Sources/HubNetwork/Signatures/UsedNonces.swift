package import ContextModel
import Synchronization

/// Which signatures were used already: each counts once, also where somebody else sends it again.
///
/// It remembers them until they end. What it forgets when the hub stops it does not need: signatures made before it
/// began are refused.
package final class UsedNonces: Sendable {
    /// Signatures of one member that are remembered at a time; with more, others are refused until some end.
    package static let maximumPerMember = 20_000

    private struct Kept {
        var ends: [String: Int64] = [:]
        /// When some of them end first, as far as is known.
        var sweep: Int64 = .max
    }
    private let kept = Mutex<[MemberID: Kept]>([:])
    /// In seconds since 1970.
    private let began: Int64

    package init(at now: Timestamp) { began = now.microseconds / 1_000_000 }

    /// Throws `replayed` for a signature that was used, and `untimely` for one of an earlier run of the hub.
    package func use(
        _ signature: HubSignature,
        of member: MemberID,
        at now: Timestamp
    ) throws(SignatureError) {
        guard signature.created >= began else {
            throw SignatureError(.untimely, "The signature is older than this run of the hub.")
        }
        let seconds = now.microseconds / 1_000_000
        let problem = kept.withLock { kept -> SignatureError? in
            // Taken out first, so that it is changed where it is.
            var mine = kept.removeValue(forKey: member) ?? Kept()
            defer { kept[member] = mine }
            if mine.ends.count >= Self.maximumPerMember, mine.sweep <= seconds {
                mine.ends = mine.ends.filter { $0.value > seconds }
                mine.sweep = mine.ends.values.min() ?? .max
            }
            guard mine.ends[signature.nonce] == nil else {
                return SignatureError(.replayed, "The signature was used before.")
            }
            guard mine.ends.count < Self.maximumPerMember else {
                return SignatureError(
                    .replayed,
                    "The hub has asked too often to tell its requests apart."
                )
            }
            mine.ends[signature.nonce] = signature.expires
            mine.sweep = min(mine.sweep, signature.expires)
            return nil
        }
        if let problem { throw problem }
    }
}
