package import ContextModel
import Federation
package import Governance
import Storage

/// Update Context Source Registration (clause 5.9.3): given members replace present ones, and
/// NGSI-LD Null removes (clause 5.5.8).
extension Registering {
    package func updateContextSourceRegistration(
        _ id: String,
        _ fragment: JSONValue,
        ld: LDContext,
        caller: Caller
    ) async throws {
        let old = try await registrationRecord(id, caller)
        guard let object = fragment.objectValue, !object.isEmpty else {
            throw BrokerError(
                .badRequestData,
                "A fragment for an update is a JSON object with members, not \(fragment.excerpt)."
            )
        }
        if let given = object["id"] ?? object["@id"], given.stringValue != id {
            throw BrokerError(
                .badRequestData,
                "'id' cannot be changed: the registration is '\(id)'."
            )
        }
        if let type = object["type"] ?? object["@type"] { try Self.requireRegistrationType(type) }
        try RegistrationReader.requireKnownMembers(object)
        var new = old
        new.modifiedAt = clock()
        new.body = new.body.updated(with: object.registrationBody(ld))
        let registration = try new.registration()
        if object["expiresAt"] != nil { try Self.requireFuture(registration, now: new.modifiedAt) }
        let store = try await access.existingStore(caller.tenant)
        let recheck = try await requireNoConflict(registration, caller)
        try await keep(new, instead: old, store, caller.tenant, recheck)
    }

    private func keep(
        _ new: RegistrationRecord,
        instead old: RegistrationRecord,
        _ store: any TenantStore,
        _ tenant: TenantName?,
        _ recheck: @escaping @Sendable (DocumentChanges) throws -> Void
    ) async throws {
        let matcher = matcher
        let keys = [DocumentKey.all(.registration)]
        let (_, own) = try await store.changeFollowedDocuments(reading: keys) { changes in
            let document = try changes.document(.registration, id: old.id)
            guard let current = document.flatMap({ RegistrationRecord($0) }) else {
                throw BrokerError.unknownRegistration(old.id)
            }
            guard current.body == old.body else {
                throw BrokerError(
                    .conflict,
                    "The registration '\(old.id)' was changed at the same moment; try again."
                )
            }
            try recheck(changes)
            var record = new
            record.requests = current.requests
            changes.put(record.document)
            changes.send(
                matcher.messages(
                    of: RegistrationChange(before: current, after: record),
                    tenant,
                    at: record.modifiedAt
                )
            )
        }
        await registrations.catchUp(with: tenant, own: own)
    }
}
