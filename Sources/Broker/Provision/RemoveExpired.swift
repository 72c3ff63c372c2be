package import ContextModel
import Governance
import Storage

extension Writing {
    /// Removes what has expired of one tenant's data (clause 4.22): entities, and attributes of
    /// others.
    ///
    /// Returns how many entities it changed. It is written like any deletion, in the operator's
    /// name: history and subscribers learn of it. It does not wait as other writes do when
    /// notifications are made too fast; when its own room for those waiting is full, the rest is
    /// left for the next time. Reads do not show what has expired, whether or not it is removed yet.
    ///
    /// When something has expired, `isInCharge` is asked first: of several processes one does it.
    @discardableResult
    package func removeExpired(
        of tenant: TenantName?,
        if isInCharge: @Sendable () async throws -> Bool = { true }
    ) async throws -> Int {
        let store = try await access.existingStore(tenant)
        var removed = 0
        while backpressure.hasRoomForRemovals {
            let now = clock()
            let ids = try await store.expired(
                at: now,
                limit: Self.expiryStep,
                grant: InternalGrant(.retention)
            )
            guard !ids.isEmpty, try await isInCharge() else { return removed }
            removed += ids.count
            let session = try await sessionAtOnce(Caller(party: .operator, tenant: tenant))
            let written = try await session.changeEach(ids, id: { $0 }, showingExpired: true) {
                ($1.flatMap { EntityChange.expiry(of: $0, at: now) }, ())
            }
            if let failure = written.failure { throw failure }
            if ids.count < Self.expiryStep { return removed }
        }
        return removed
    }

    /// Entities looked for at once.
    private static let expiryStep = 500
}
