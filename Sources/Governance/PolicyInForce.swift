internal import Synchronization

/// The policy by which a hub decides now; another may take its place while the hub runs.
package final class PolicyInForce: Sendable {
    private let policy: Mutex<Policy>

    package init(_ policy: Policy) { self.policy = Mutex(policy) }

    package var current: Policy { policy.withLock { $0 } }

    package func replace(with new: Policy) { policy.withLock { $0 = new } }
}
