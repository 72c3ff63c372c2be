import ContextModel
package import Governance
import Storage

/// Delete Context Source Registration (clause 5.9.4).
extension Registering {
    package func deleteContextSourceRegistration(_ id: String, caller: Caller) async throws {
        _ = try await registrationRecord(id, caller)
        let (matcher, tenant, now) = (matcher, caller.tenant, clock())
        let key = DocumentKey.document(.registration, id: id)
        let store = try await access.existingStore(tenant)
        let (_, own) = try await store.changeFollowedDocuments(reading: [key]) { changes in
            let document = try changes.document(.registration, id: id)
            guard let record = document.flatMap({ RegistrationRecord($0) }) else {
                throw BrokerError.unknownRegistration(id)
            }
            changes.remove(.registration, id: id)
            changes.send(
                matcher.messages(
                    of: RegistrationChange(before: record, after: nil),
                    tenant,
                    at: now
                )
            )
        }
        await registrations.catchUp(with: tenant, own: own)
    }
}
