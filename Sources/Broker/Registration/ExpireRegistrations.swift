package import ContextModel
import Governance
import Storage

/// The removal of expired registrations (clause 5.9.2.4).
extension Registering {
    /// Deletes the tenant's expired registrations and notifies subscribers; returns how many.
    ///
    /// When some have expired, `isInCharge` is asked first: of several processes, one does the
    /// work.
    @discardableResult
    package func removeExpiredRegistrations(
        of tenant: TenantName?,
        if isInCharge: @Sendable () async throws -> Bool = { true }
    ) async throws -> Int {
        let store = try await access.existingStore(tenant)
        let (matcher, now) = (matcher, clock())
        let expired = try await registrations.view(of: tenant).index.all.map(\.record)
            .filter { $0.hasExpired(at: now) }
        guard !expired.isEmpty, try await isInCharge() else { return 0 }
        let keys = expired.map { DocumentKey.document(.registration, id: $0.id) }
        let (count, own) = try await store.changeFollowedDocuments(reading: keys) { changes in
            var count = 0
            for id in expired.map(\.id) {
                // It may have been renewed since it was read.
                let document = try changes.document(.registration, id: id)
                guard let record = document.flatMap({ RegistrationRecord($0) }),
                    record.hasExpired(at: now)
                else { continue }
                changes.remove(.registration, id: id)
                count += 1
                changes.send(
                    matcher.messages(
                        of: RegistrationChange(before: record, after: nil),
                        tenant,
                        at: now
                    )
                )
            }
            return count
        }
        await registrations.catchUp(with: tenant, own: own)
        return count
    }
}

extension RegistrationRecord {
    /// Whether it has expired: it then counts as deleted, even before it is removed.
    func hasExpired(at now: Timestamp) -> Bool {
        body["expiresAt"]?.stringValue.flatMap { Timestamp($0) }.map { $0 <= now } ?? false
    }
}
