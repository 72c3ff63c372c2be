import ContextModel
import Governance
import Logging
import Storage

/// The part of a hub that keeps the caches of this process in step with the store: the policy, the
/// subscriptions and the `@context`s.
package final class Following: Sendable {
    let store: any Store
    let rules: PolicySource
    /// Reads the policy of the hub after another process has put one into force.
    let rereadPolicy: (@Sendable () async throws -> Policy)?
    /// Keeps `@context`s in step with the store.
    let contextFollower: LDContextFollower
    let snapshots: SnapshotRegistry
    /// Keeps subscriptions in step with the store.
    let follower: SubscriptionFollower
    /// The follower of policies that other processes put into force.
    let policies: PolicyFollower
    let clock: HubClock
    let makeIdentifier: @Sendable () -> String
    let logger: Logger

    init(
        _ store: any Store,
        _ rules: PolicySource,
        rereadPolicy: (@Sendable () async throws -> Policy)?,
        _ hosting: LDContextHosting,
        _ follower: SubscriptionFollower,
        _ reading: Reading
    ) {
        self.store = store
        self.rules = rules
        self.rereadPolicy = rereadPolicy
        contextFollower = hosting.contextStore.follower
        snapshots = hosting.snapshots
        self.follower = follower
        policies = PolicyFollower(store)
        clock = reading.clock
        makeIdentifier = reading.makeIdentifier
        logger = reading.logger
    }
}
