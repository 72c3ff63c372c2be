package import ContextModel
package import Governance
package import Logging
package import Storage

/// One city's hub: the operations of the standard over a store, under a policy.
///
/// An operation is a method of the part of the hub that has what it needs, in a file of its own that is
/// named as the standard names it. The hub itself puts the parts together.
///
///     let answer = try await hub.reading.queryEntities(query, caller: caller)
///
/// It knows neither HTTP nor SQL; the clock and new identifiers come in from outside.
package final class Hub: Sendable {
    /// What callers may do at all.
    package let access: Access
    /// The operations that read.
    package let reading: Reading
    /// The operations that change city data.
    package let writing: Writing
    /// The operations on what may be done with data: its classes, policies, and people's choices.
    package let governing: Governing
    /// The operations on `@context`s.
    package let hosting: LDContextHosting
    /// The operations on subscriptions.
    package let subscribing: Subscribing
    /// The operations on context source registrations.
    package let registering: Registering
    /// The operations on snapshots.
    package let snapshotting: Snapshotting
    /// Keeps what this process remembers in step with the store.
    package let following: Following

    package let store: any Store
    /// Where the policy is asked for.
    package let rules: PolicySource
    /// Resolves the `@context`s that requests refer to.
    package let contextResolver: LDContextResolver
    /// Keeps `@context` documents.
    package let contextStore: LDContextStore
    /// The subscriptions, ready for matching.
    package let subscriptions: SubscriptionRegistry
    /// How notifications come from the transactions that make them to the dispatcher.
    package let outboxFeed: OutboxFeed
    /// The context source registrations, ready for matching.
    package let registrations: ContextSourceRegistry
    /// The receivers of notifications in this process.
    package let serviceReceivers: ServiceReceivers
    /// Where requests go that take long.
    package let longWork: LongWork
    package let limits: HubLimits
    package let clock: HubClock
    /// Makes the unique part of new identifiers.
    package let makeIdentifier: @Sendable () -> String
    /// Who this hub is.
    package let identity: HubIdentity
    package let logger: Logger
    let startedAt: Timestamp

    /// `contextSource` gets `@context`s from elsewhere, and `publicURL` is where the outside reaches this
    /// hub, without a slash at the end.
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
        clock: HubClock,
        makeIdentifier: @escaping @Sendable () -> String,
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
        longWork = LongWork()
        let fetcher = LDContextFetcher(contextStore, contextSource)
        contextResolver = LDContextResolver(fetcher, longWork)
        outboxFeed = OutboxFeed()
        subscriptions = SubscriptionRegistry(feed: outboxFeed)
        let matcher = SubscriptionMatcher(subscriptions, outboxFeed)
        registrations = ContextSourceRegistry(store, logger)
        let tenants = TenantRulesFollower(store, rules, limits, clock, logger)
        access = Access(store, rules, tenants, Recorder(record, clock))
        reading = Reading(access, limits, clock, makeIdentifier, logger)
        let backpressure = Backpressure(outboxFeed, limits: delivery, clock: clock)
        writing = Writing(reading, observer: matcher, backpressure: backpressure)
        let snapshots = SnapshotRegistry()
        governing = Governing(writing, rules, tenants, snapshots)
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
        self.limits = limits
        self.identity = identity
        self.clock = clock
        self.makeIdentifier = makeIdentifier
        self.logger = logger
        startedAt = clock()
    }
}

/// The limits of requests that the operations themselves keep.
package struct HubLimits: Sendable, Hashable {
    /// Entities of a page when the caller names no limit.
    package var defaultPage = 20
    /// Entities of a page at most.
    package var maximumPage = 1_000
    /// Entities of a batch request at most.
    package var maximumBatch = 10_000
    /// Instances of an attribute in a temporal answer at most (206, clause 6.3.10).
    package var maximumInstances = 10_000
    /// Instances of a temporal answer at most, and values of an aggregated one.
    package var maximumAnswerInstances = 100_000
    /// Attributes that an answer about types or attributes tells of, each once for each of its types
    /// (clauses 5.7.6, 5.7.7, 5.7.9 and 5.7.10).
    package var maximumDiscovered = 100_000
    /// Linked Entities of an answer at most (clause 4.5.23).
    package var maximumLinkedEntities = 5_000
    /// Subscriptions of a tenant at most, shared out among their owners.
    package var maximumSubscriptions = 100_000
    /// Context source registrations of a tenant at most: a query looks at all of them.
    package var maximumRegistrations = 10_000

    /// Entities that an EntityMap lists at most.
    package var maximumEntityMapEntities = 100_000
    /// EntityMaps that a party has of a tenant at most; with one more the oldest goes.
    package var maximumEntityMaps = 100
    /// What all EntityMaps of a tenant may list together; beyond it the oldest of the party whose
    /// maps list most goes.
    package var maximumEntityMapsEntities = 1_000_000
    /// What a map counts for, however little it lists.
    package var entitiesPerEntityMap = 1_000
    /// How long an EntityMap is kept at most, and unless its maker wishes for less or more.
    package var maximumEntityMapSeconds = 86_400
    package var defaultEntityMapSeconds = 3_600
    /// Snapshots that a party has of a tenant at most.
    package var maximumSnapshots = 20
    /// Snapshots that a party has of all tenants together at most.
    package var maximumSnapshotsOfParty = 60
    /// Snapshots of all parties and tenants at most, shared out among the parties.
    package var maximumSnapshotsInAll = 200
    /// Snapshots that wait to be made at most.
    package var maximumWaitingSnapshots = 100
    /// Queries of a snapshot; entities, and instances of their history, in one, at most.
    package var maximumSnapshotQueries = 20
    package var maximumSnapshotEntities = 20_000
    package var maximumSnapshotInstances = 1_000_000
    /// How long a snapshot is kept at most, and unless its maker wishes for less or more.
    package var maximumSnapshotSeconds = 604_800
    package var defaultSnapshotSeconds = 86_400
    /// How long a process goes by what it knows of people's choices, and of policies, when the store does
    /// not tell it what others have changed; then it answers nothing.
    package var maximumRulesAgeMicroseconds: Int64 = 900_000

    package init() {}
}

/// Says of every change whom it is told, before it is kept: the messages are kept with the change itself.
package protocol ChangeObserver: Sendable {
    /// Called on the store's writing thread: quick, and without waiting. It may be called again for
    /// a change that is made again.
    func messages(of change: EntityChange, _ tenant: TenantName?, at now: Timestamp) -> [NewMessage]
}
