package import ContextModel
import Governance
import Storage

extension Writing {
    /// Removes the expired entities and attributes of one tenant (clause 4.22); returns the number
    /// of entities changed.
    ///
    /// The operator is the party of these changes. They are stored like any deletion: they go into
    /// the history, and subscribers are notified. They do not wait as other writes do when
    /// notifications are created too fast; when the operator's share of waiting notifications is
    /// used up, the rest is left for the next call. Reads never show what has expired.
    ///
    /// When something has expired, `isInCharge` is asked first: of several processes, one does the
    /// work.
    @discardableResult
    package func removeExpired(
        of tenant: TenantName?,
        if isInCharge: @Sendable () async throws -> Bool = { true }
    ) async throws -> Int {
        let store = try await access.existingStore(tenant)
        var removed = 0
        while backpressure.mayRemove {
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

    /// The number of entities looked for at once.
    private static let expiryStep = 500
}
