package import Borders
package import ContextModel
package import Governance
package import Logging
package import Statistics
package import Storage

/// One city's hub: the operations of the standard over a store, under a policy.
///
/// An operation is a method of the part of the hub that has what it needs, in its own file, which
/// has the name of the operation in the standard. The hub itself creates the parts.
///
///     let answer = try await hub.reading.queryEntities(query, caller: caller)
///
/// It knows neither HTTP nor SQL. The clock and new identifiers are passed in.
package final class Hub: Sendable {
    /// What callers may do.
    package let access: Access
    /// Knows the other hubs of the network.
    package let networking: Networking
    /// Asks registered sources.
    package let federating: Federating
    /// The operations that read.
    package let reading: Reading
    /// The operations that change city data.
    package let writing: Writing
    /// The operations on data policies: classes of data, policies, and people's choices.
    package let governing: Governing
    /// The operations on reports of incidents, and on what they suspend.
    package let coordinating: Coordinating
    /// The operations on `@context`s.
    package let hosting: LDContextHosting
    /// The operations on subscriptions.
    package let subscribing: Subscribing
    /// The operations on context source registrations.
    package let registering: Registering
    /// The operations on snapshots.
    package let snapshotting: Snapshotting
    /// The operations on sources, and the messages that come from them.
    package let sourcing: Sourcing
    /// Keeps the caches of this process in step with the store.
    package let following: Following

    package let store: any Store
    /// The source of the policy in force.
    package let rules: PolicySource
    /// Resolves the `@context`s that requests refer to.
    package let contextResolver: LDContextResolver
    /// Keeps `@context` documents.
    package let contextStore: LDContextStore
    /// The subscriptions, ready for matching.
    package let subscriptions: SubscriptionRegistry
    /// Passes notifications from the transactions that create them to the dispatcher.
    package let outboxFeed: OutboxFeed
    /// The context source registrations, ready for matching.
    package let registrations: ContextSourceRegistry
    /// The receivers of notifications in this process.
    package let serviceReceivers: ServiceReceivers
    /// The threads for requests that take long.
    package let longWork: LongWork
    package let limits: HubLimits
    package let clock: HubClock
    /// Creates the unique part of new identifiers.
    package let makeIdentifier: @Sendable () -> String
    /// The identity of this hub.
    package let identity: HubIdentity
    package let logger: Logger
    let startedAt: Timestamp

    /// `contextSource` fetches `@context`s of other servers.
    ///
    /// `publicURL` is the address of this hub for the outside, without a slash at the end. `sources`
    /// reads the definitions of sources; without it the hub has none. `sourceClient` asks other
    /// context sources; without it none is asked. The noise of
    /// statistics is made of `randomBits`, which nobody may be able to predict.
    package init(
        store: any Store,
        policy: Policy,
        rereadPolicy: (@Sendable () async throws -> Policy)? = nil,
        record: (any PublicRecord)? = nil,
        limits: HubLimits = HubLimits(),
        contextSource: any LDContextSource,
        publicURL: String,
        identity: HubIdentity,
        refusesAddress: @escaping @Sendable (_ uri: String) -> Bool = { _ in false },
        delivery: DeliveryLimits = DeliveryLimits(),
        borders: BorderRuleTable = .asean,
        sources: (any SourceReading)? = nil,
        sourceClient peers: (any SourceClient)? = nil,
        longWork: LongWork = LongWork(),
        clock: HubClock,
        makeIdentifier: @escaping @Sendable () -> String,
        randomBits: @escaping @Sendable () -> UInt64 = Hub.systemsRandomBits,
        logger: Logger
    ) {
        self.store = store
        rules = PolicySource(policy, clock: clock.now)
        contextStore = LDContextStore(
            store,
            publicURL: publicURL,
            clock: clock,
            makeIdentifier: makeIdentifier,
            logger: logger
        )
        self.longWork = longWork
        contextResolver = LDContextResolver(LDContextFetcher(contextStore, contextSource), longWork)
        outboxFeed = OutboxFeed()
        subscriptions = SubscriptionRegistry(feed: outboxFeed)
        registrations = ContextSourceRegistry(store, logger)
        let tenants = TenantRulesFollower(store, rules, limits, clock, logger)
        access = Access(store, rules, tenants, Recorder(record, clock))
        let newID = makeIdentifier
        networking = Networking(access, borders, identity, subscriptions, clock, newID, logger)
        federating = Federating(registrations, peers, contextResolver, networking, longWork)
        reading = Reading(access, limits, identity, clock, makeIdentifier, logger, federating)
        let devices = DeviceRegistry()
        let matcher = SubscriptionMatcher(subscriptions, outboxFeed, reading.watch, devices)
        let backpressure = Backpressure(outboxFeed, limits: delivery, clock: clock)
        writing = Writing(reading, observer: matcher, backpressure: backpressure)
        let snapshots = SnapshotRegistry()
        governing = Governing(writing, rules, tenants, snapshots, borders, randomBits)
        coordinating = Coordinating(governing)
        sourcing = Sourcing(governing, store, sources ?? NoSources(), devices, contextResolver)
        hosting = LDContextHosting(access, contextResolver, store, snapshots)
        let follower = SubscriptionFollower(store, subscriptions, rules, hosting, clock, logger)
        following = Following(store, rules, rereadPolicy: rereadPolicy, hosting, follower, reading)
        let addresses = CallableAddresses(refuses: refusesAddress)
        subscribing = Subscribing(
            reading,
            subscriptions,
            outboxFeed,
            registrations,
            follower,
            hosting,
            addresses
        )
        registering = Registering(reading, matcher, registrations)
        snapshotting = Snapshotting(reading, store, hosting, follower, registrations, addresses)
        serviceReceivers = ServiceReceivers(longWork, clock)
        (self.limits, self.identity, self.logger) = (limits, identity, logger)
        (self.clock, self.makeIdentifier) = (clock, makeIdentifier)
        startedAt = clock()
    }

    /// Bits that nobody can predict.
    @Sendable package static func systemsRandomBits() -> UInt64 {
        var system = SystemRandomNumberGenerator()
        return system.next()
    }
}

/// The limits of requests that the operations check.
package struct HubLimits: Sendable, Hashable {
    /// The entities of a page when the caller names no limit.
    package var defaultPage = 20
    /// The most entities of a page.
    package var maximumPage = 1_000
    /// The most entities of a batch request.
    package var maximumBatch = 10_000
    /// The most instances of an attribute in a temporal answer (206, clause 6.3.10).
    package var maximumInstances = 10_000
    /// The most instances of a temporal answer, or values of an aggregated one.
    package var maximumAnswerInstances = 100_000
    /// The most entities of a download, such as `format=csv` without a limit.
    package var maximumDownloadEntities = 200_000
    /// About so many readings of a download are in memory at a time.
    package var downloadPartInstances = 10_000
    /// The most attributes in an answer about types or attributes; each counts once for each of
    /// its types (clauses 5.7.6, 5.7.7, 5.7.9 and 5.7.10).
    package var maximumDiscovered = 100_000
    /// The most Linked Entities of an answer (clause 4.5.23).
    package var maximumLinkedEntities = 5_000
    /// The most subscriptions of a tenant, shared out among their owners.
    package var maximumSubscriptions = 100_000
    /// The most context source registrations of a tenant: a query looks at all of them.
    package var maximumRegistrations = 10_000

    /// The most entities that an EntityMap lists.
    package var maximumEntityMapEntities = 100_000
    /// The most EntityMaps of a party in a tenant; one more replaces the oldest.
    package var maximumEntityMaps = 100
    /// The most entities in all EntityMaps of a tenant; beyond it, the oldest map of the party
    /// whose maps list most is removed.
    package var maximumEntityMapsEntities = 1_000_000
    /// The least that a map counts for.
    package var entitiesPerEntityMap = 1_000
    /// How long an EntityMap is kept at most, and by default.
    package var maximumEntityMapSeconds = 86_400
    package var defaultEntityMapSeconds = 3_600
    /// The most snapshots of a party in a tenant.
    package var maximumSnapshots = 20
    /// The most snapshots of a party in all tenants.
    package var maximumSnapshotsOfParty = 60
    /// The most snapshots of all parties and tenants, shared out among the parties.
    package var maximumSnapshotsInAll = 200
    /// The most snapshots that wait to be filled.
    package var maximumWaitingSnapshots = 100
    /// The most queries of a snapshot, and the most entities, and instances of their history, in
    /// one.
    package var maximumSnapshotQueries = 20
    package var maximumSnapshotEntities = 20_000
    package var maximumSnapshotInstances = 1_000_000
    /// How long a snapshot is kept at most, and by default.
    package var maximumSnapshotSeconds = 604_800
    package var defaultSnapshotSeconds = 86_400
    /// How long a process uses people's choices and policies while it cannot read others' changes
    /// from the store; then it answers no requests.
    package var maximumRulesAgeMicroseconds: Int64 = 900_000
    /// What statistics about the people of a tenant may tell of each of them.
    package var privacyBudget = PrivacyBudget.standard

    package init() {}
}

/// Decides who is notified of a change before it is stored: the messages are stored together with
/// the change.
package protocol ChangeObserver: Sendable {
    /// Called on the store's writing thread: it must be quick and must not wait.
    ///
    /// It may be called again for a change that is computed again.
    func messages(of change: EntityChange, _ tenant: TenantName?, at now: Timestamp) -> [NewMessage]
    /// What is kept of the change in its transaction, beside the messages: commands to devices.
    func notes(of change: EntityChange, _ tenant: TenantName?, at now: Timestamp) -> [KeptNote]
    /// What is to be done when the change has been stored with these notes; nil for nothing.
    func whenStored(
        _ change: EntityChange,
        _ notes: [KeptNote],
        _ tenant: TenantName?,
        at now: Timestamp
    ) -> (@Sendable () -> Void)?
}
