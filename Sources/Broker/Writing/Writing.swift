import ContextModel
import Governance
import Storage

/// The part of a hub with the operations that change city data (Provision and temporal provision),
/// each in its own file.
package final class Writing: Sendable {
    /// For operations that read before they write.
    let reading: Reading
    let access: Access
    let clock: HubClock
    /// Slows writes down when too many notifications wait.
    let backpressure: Backpressure
    /// Decides who is notified of a change.
    private let observer: any ChangeObserver

    init(_ reading: Reading, observer: any ChangeObserver, backpressure: Backpressure) {
        self.reading = reading
        access = reading.access
        clock = reading.clock
        self.observer = observer
        self.backpressure = backpressure
    }

    /// A session to change city data for this request; throws with the reason when the caller may
    /// not.
    ///
    /// A tenant is created with the first write to it (clause 4.14).
    func session(_ caller: Caller, makesTenant: Bool = true) async throws -> WriteSession {
        let grant = try await access.writeGrant(caller)
        try await backpressure.admit(caller.party)
        let store =
            makesTenant
            ? try await access.madeStore(caller.tenant)
            : try await access.existingStore(caller.tenant)
        return session(store, grant, of: caller.tenant)
    }

    /// A session that does not wait when notifications are created too fast.
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

    /// Runs `change` on the current state of an existing entity.
    ///
    /// `names` are the attributes that the request names, at any depth; `large` is set when the
    /// request has more of something than an entity may have.
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
