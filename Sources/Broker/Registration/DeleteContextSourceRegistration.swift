import ContextModel
package import Governance
import Storage

/// Delete Context Source Registration (clause 5.9.4).
extension Hub {
    package func deleteContextSourceRegistration(_ id: String, caller: Caller) async throws {
        _ = try await registrationRecord(id, caller)
        let (subscriptions, tenant, now) = (subscriptions, caller.tenant, clock())
        try await existingStore(tenant).bookkeep { transaction in
            let document = try transaction.document(.registration, id: id)
            guard let record = document.flatMap({ RegistrationRecord($0) }),
                try transaction.removeDocument(.registration, id: id)
            else { throw BrokerError.unknownRegistration(id) }
            try subscriptions.observe(
                RegistrationChange(before: record, after: nil),
                tenant: tenant,
                at: now,
                in: transaction
            )
        }
    }
}
