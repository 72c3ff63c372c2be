import Storage
import Synchronization

/// The state of following policies that other processes put into force.
///
/// Policies have a feed reader of their own: a problem with subscriptions does not delay a policy,
/// and a policy that cannot be read delays nothing else.
final class PolicyFollower: Sendable {
    let documents: DocumentFollower
    /// The mark of the newest policy that is in force here.
    private let mark = Mutex<[UInt8]?>(nil)

    init(_ store: any Store) { documents = DocumentFollower(store, [.policy]) }

    /// Notes that the policy with this mark is in force in this process.
    func note(_ mark: [UInt8]) { self.mark.withLock { $0 = mark } }

    /// Whether the policy with this mark is in force in this process.
    func knows(_ mark: [UInt8]) -> Bool { self.mark.withLock { $0 == mark } }
}
