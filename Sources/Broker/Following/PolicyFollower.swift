import Storage
import Synchronization

/// What this process has to know to follow the policies that others put into force.
///
/// It follows the feed by itself: nothing that is the matter with subscriptions delays a policy, and a
/// policy that cannot be read delays nothing else.
final class PolicyFollower: Sendable {
    let documents: DocumentFollower
    /// The mark of the newest policy that is in force here.
    private let mark = Mutex<[UInt8]?>(nil)

    init(_ store: any Store) { documents = DocumentFollower(store, [.policy]) }

    /// The policy of the mark is in force in this process.
    func note(_ mark: [UInt8]) { self.mark.withLock { $0 = mark } }

    /// Whether the policy of the mark is in force in this process.
    func knows(_ mark: [UInt8]) -> Bool { self.mark.withLock { $0 == mark } }
}
