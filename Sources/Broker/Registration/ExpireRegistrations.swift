package import ContextModel
import Governance
import Storage

/// The end of registrations whose time is over (clause 5.9.2.4).
extension Hub {
    /// Deletes the tenant's registrations that have expired, and tells subscribers; returns how many.
    @discardableResult
    package func removeExpiredRegistrations(of tenant: TenantName?) async throws -> Int {
        guard let store = try await store.tenant(tenant) else { return 0 }
        let (subscriptions, now) = (subscriptions, clock())
        let expired = try await store.documents(.registration)
            .compactMap { RegistrationRecord($0) }.filter { $0.hasExpired(at: now) }
        guard !expired.isEmpty else { return 0 }
        return try await store.bookkeep { transaction in
            var count = 0
            for id in expired.map(\.id) {
                // It may have been renewed since it was looked at.
                let document = try transaction.document(.registration, id: id)
                guard let record = document.flatMap({ RegistrationRecord($0) }),
                    record.hasExpired(at: now),
                    try transaction.removeDocument(.registration, id: id)
                else { continue }
                count += 1
                try subscriptions.observe(
                    RegistrationChange(before: record, after: nil),
                    tenant: tenant,
                    at: now,
                    in: transaction
                )
            }
            return count
        }
    }
}

extension RegistrationRecord {
    /// One that has expired is not there any more, also until it is removed.
    func hasExpired(at now: Timestamp) -> Bool {
        body["expiresAt"]?.stringValue.flatMap { Timestamp($0) }.map { $0 <= now } ?? false
    }
}
