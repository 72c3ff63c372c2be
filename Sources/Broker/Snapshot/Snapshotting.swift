import ContextModel
import Governance
import Logging
import Storage

/// The part of a hub with the operations on snapshots, each in its own file.
package final class Snapshotting: Sendable {
    let access: Access
    let reading: Reading
    let store: any Store
    /// All snapshots.
    let snapshots: SnapshotRegistry
    let resolver: LDContextResolver
    /// Removes the subscriptions of a snapshot from memory.
    let follower: SubscriptionFollower
    /// Removes the registrations of a snapshot from memory.
    let registrations: ContextSourceRegistry
    let addresses: CallableAddresses
    let limits: HubLimits
    let clock: HubClock
    let makeIdentifier: @Sendable () -> String
    let logger: Logger

    init(
        _ reading: Reading,
        _ store: any Store,
        _ hosting: LDContextHosting,
        _ follower: SubscriptionFollower,
        _ registrations: ContextSourceRegistry,
        _ addresses: CallableAddresses
    ) {
        access = reading.access
        self.reading = reading
        self.store = store
        snapshots = hosting.snapshots
        resolver = hosting.resolver
        self.follower = follower
        self.registrations = registrations
        self.addresses = addresses
        limits = reading.limits
        clock = reading.clock
        makeIdentifier = reading.makeIdentifier
        logger = reading.logger
    }
}
