package import ContextModel
import Federation
package import Governance
import Storage

/// Register Context Source (clause 5.9.2).
extension Registering {
    /// Returns the identifier: the given one or a new one.
    package func registerContextSource(
        _ body: JSONValue,
        ld: LDContext,
        caller: Caller
    ) async throws -> String {
        try access.requireAdministration(caller)
        guard let object = body.objectValue else {
            throw BrokerError(
                .badRequestData,
                "A registration is a JSON object, not \(body.excerpt)."
            )
        }
        guard let type = object["type"] ?? object["@type"] else {
            throw BrokerError(
                .badRequestData,
                "The registration has no 'type'; it is \"ContextSourceRegistration\"."
            )
        }
        try Self.requireRegistrationType(type)
        let id = try registrationIdentifier(object)
        try RegistrationReader.requireKnownMembers(object)
        // Read before names are expanded, so that errors have the caller's words.
        _ = try RegistrationReader(context: ld).registration(object.withoutReadOnly, id: id)
        let record = RegistrationRecord(
            id: id,
            body: object.registrationBody(ld),
            createdAt: clock()
        )
        let registration = try record.registration()
        try Self.requireFuture(registration, now: record.createdAt)
        let store = try await access.madeStore(caller.tenant)
        let recheck = try await requireNoConflict(registration, caller)
        try await keep(record, store, caller.tenant, recheck)
        return id
    }

    static func requireRegistrationType(_ type: JSONValue) throws(BrokerError) {
        guard type.stringValue != "ContextSourceRegistration" else { return }
        throw BrokerError(
            .badRequestData,
            "'type' is \"ContextSourceRegistration\", not \(type.excerpt)."
        )
    }

    static func requireFuture(
        _ registration: ContextSourceRegistration,
        now: Timestamp
    ) throws(BrokerError) {
        guard let expiry = registration.expiresAt, expiry <= now else { return }
        throw BrokerError(.badRequestData, "'expiresAt' is in the past: '\(expiry.text)'.")
    }

    private func registrationIdentifier(_ object: JSONObject) throws -> String {
        guard let given = object["id"] ?? object["@id"] else {
            return "urn:ngsi-ld:ContextSourceRegistration:\(makeIdentifier())"
        }
        guard let id = given.stringValue, URIText.isValid(id) else {
            throw BrokerError(.badRequestData, "'id' is not a URI: \(given.excerpt).")
        }
        return id
    }

    private func keep(
        _ record: RegistrationRecord,
        _ store: any TenantStore,
        _ tenant: TenantName?,
        _ recheck: @escaping @Sendable (DocumentChanges) throws -> Void
    ) async throws {
        let (matcher, most) = (matcher, limits.maximumRegistrations)
        let keys = [DocumentKey.all(.registration)]
        let (_, own) = try await store.changeFollowedDocuments(reading: keys) { changes in
            let old = try changes.document(.registration, id: record.id)
                .flatMap { RegistrationRecord($0) }
            guard old?.hasExpired(at: record.createdAt) ?? true else {
                throw BrokerError(
                    .alreadyExists,
                    "There is a context source registration '\(record.id)' already."
                )
            }
            // One that replaces an expired one takes no further place.
            guard try old != nil || changes.storedCount(.registration) < most else {
                throw BrokerError(
                    .overloaded,
                    "The hub keeps \(most) registrations of a tenant at most; delete some first."
                )
            }
            try recheck(changes)
            // An expired one is removed first, so that the new one is last in the order of
            // creation.
            if old != nil { changes.remove(.registration, id: record.id) }
            changes.put(record.document)
            changes.send(
                matcher.messages(
                    of: RegistrationChange(before: nil, after: record),
                    tenant,
                    at: record.createdAt
                )
            )
        }
        await registrations.catchUp(with: tenant, own: own)
    }
}

extension JSONObject {
    /// The members without `@context` and without those that only the hub writes.
    fileprivate var withoutReadOnly: JSONObject {
        JSONObject(
            members.filter {
                $0.key != "@context" && !RegistrationReader.readOnlyMembers.contains($0.key)
            }
        )
    }
}
