import ContextModel
import Governance
import Storage

/// The part of a hub that operations which change city data need: Provision and temporal provision are
/// its methods, each in a file of its own.
package final class Writing: Sendable {
    /// For operations that look before they write.
    let reading: Reading
    let access: Access
    let clock: HubClock
    /// What slows writes down when too many notifications wait.
    let backpressure: Backpressure
    /// Says whom a change is told.
    private let observer: any ChangeObserver

    init(_ reading: Reading, observer: any ChangeObserver, backpressure: Backpressure) {
        self.reading = reading
        access = reading.access
        clock = reading.clock
        self.observer = observer
        self.backpressure = backpressure
    }

    /// The right to change city data for this request, or the error that tells the caller why it has
    /// none.
    ///
    /// The tenant comes into being with the first write (clause 4.14).
    func session(_ caller: Caller, makesTenant: Bool = true) async throws -> WriteSession {
        let grant = try await access.writeGrant(caller)
        try await backpressure.admit(caller.party)
        let store =
            makesTenant
            ? try await access.madeStore(caller.tenant)
            : try await access.existingStore(caller.tenant)
        return session(store, grant, of: caller.tenant)
    }

    /// A session that does not wait as others do when notifications are made too fast.
    func sessionAtOnce(_ caller: Caller) async throws -> WriteSession {
        let grant = try await access.writeGrant(caller)
        return session(try await access.existingStore(caller.tenant), grant, of: caller.tenant)
    }

    func session(
        _ store: any TenantStore,
        _ grant: WriteGrant,
        of tenant: TenantName?
    ) -> WriteSession {
        WriteSession(
            store,
            grant,
            ChangeEffects(observer: observer, tenant: tenant, now: clock())
        )
    }

    /// Runs `change` on the current state of an entity that is there.
    ///
    /// `names` are the attributes that the request names, at whatever depth; `large` is given when the
    /// request has more of something than an entity may.
    func change<Answer: Sendable>(
        _ id: EntityID,
        _ caller: Caller,
        types: Condition = .everything,
        naming names: @autoclosure () -> [IRI],
        large: OversizedRequest? = nil,
        _ change: @escaping @Sendable (Entity, Timestamp) throws -> (EntityChange, Answer)
    ) async throws -> Answer {
        let session = try await session(caller, makesTenant: false)
        return try await session.change(id, naming: names()) { target, now in
            guard let target, target.satisfies(types) else { throw BrokerError.unknown(id) }
            try large?.require(for: target)
            return try change(target, now)
        }
    }
}
