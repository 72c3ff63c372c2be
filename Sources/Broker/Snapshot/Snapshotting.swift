import ContextModel
import Governance
import Logging
import Storage

/// The part of a hub that the operations on snapshots need: they are its methods, each in a file of its own.
package final class Snapshotting: Sendable {
    let access: Access
    let reading: Reading
    let store: any Store
    /// The snapshots there are.
    let snapshots: SnapshotRegistry
    let resolver: LDContextResolver
    /// Forgets the subscriptions that go with a snapshot.
    let follower: SubscriptionFollower
    /// Forgets the registrations that go with it.
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
