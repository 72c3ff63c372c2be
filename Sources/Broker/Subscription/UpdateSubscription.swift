package import ContextModel
package import Governance
import Storage

/// Update Subscription (clause 5.8.2): given members replace present ones, and NGSI-LD Null
/// removes.
extension Subscribing {
    package func updateSubscription(
        _ id: String,
        _ fragment: JSONValue,
        to kind: SubscriptionKind = .entities,
        ld: LDContext,
        caller: Caller
    ) async throws {
        let old = try await subscriptionRecord(id, kind, caller)
        try requireChangeable(old, by: caller)
        var new = old
        new.modifiedAt = clock()
        if caller.party == old.owner {
            // One token of a party gets nothing by the roles, the person and the purpose of another.
            new.standing = caller.standing
            new.purpose = caller.purpose ?? old.purpose
        } else if fragment.objectValue?["notification"] != nil {
            throw BrokerError(
                .forbidden,
                "Where and how the subscription '\(id)' notifies is changed by its owner alone: what "
                    + "is sent there is what the owner may see."
            )
        }
        try new.apply(
            try Self.members(of: fragment, for: id),
            ld: ld,
            original: try await hosting.resolver.resolved(old.context, for: Sharer(old.owner))
        )
        let subscription = try await hosting.resolver.reader(for: new).subscription(
            new.body,
            id: id
        )
        try await requireSubscribing(new.subscriber(caller.tenant), to: subscription)
        if fragment.objectValue?["notification"] != nil {
            try addresses.requireCallable(
                subscription.notification.endpoint.uri,
                at: "notification.endpoint.uri"
            )
        }
        if fragment.objectValue?["expiresAt"] != nil {
            try Self.requireFuture(subscription, now: new.modifiedAt)
        }
        new.contextURL = try await contextURL(for: subscription, of: old.owner) ?? old.contextURL
        try await keep(new, subscription, instead: old, caller.tenant)
    }

    private static func members(of fragment: JSONValue, for id: String) throws -> JSONObject {
        guard let object = fragment.objectValue, !object.isEmpty else {
            throw BrokerError(
                .badRequestData,
                "A fragment for an update is a JSON object with members, not \(fragment.excerpt)."
            )
        }
        if let given = object["id"] ?? object["@id"], given.stringValue != id {
            throw BrokerError(
                .badRequestData,
                "'id' cannot be changed: the subscription is '\(id)'."
            )
        }
        if let type = object["type"] ?? object["@type"], type.stringValue != "Subscription" {
            throw BrokerError(.badRequestData, "'type' is \"Subscription\", not \(type.excerpt).")
        }
        let body = object.subscriptionBody
        try SubscriptionReader.requireKnownMembers(body)
        return body
    }

    private func keep(
        _ new: SubscriptionRecord,
        _ subscription: Subscription,
        instead old: SubscriptionRecord,
        _ tenant: TenantName?
    ) async throws {
        let key = SubscriptionKey(old, of: tenant)
        follower.prepared.add(subscription, new, key)
        defer { follower.prepared.withdraw(new, key) }
        let name = DocumentKey.document(old.kind.documentKind, id: old.key)
        let store = try await access.existingStore(tenant)
        let documents = follower.documents
        let (_, own) = try await store.changeFollowedDocuments(reading: [name]) { changes in
            changes.notify { documents.note($0, of: tenant) }
            let document = try changes.document(old.kind.documentKind, id: old.key)
            guard let current = document.flatMap({ SubscriptionRecord($0) }) else {
                throw BrokerError.unknownSubscription(old.id)
            }
            guard current.body == old.body, current.queryContext == old.queryContext else {
                throw BrokerError(
                    .conflict,
                    "The subscription '\(old.id)' was changed at the same moment; try again."
                )
            }
            var record = new
            record.delivery = current.delivery
            changes.put(record.document)
        }
        await follower.catchUp(with: tenant, own: own)
    }
}

extension SubscriptionRecord {
    /// The members whose names stay text and need the `@context` with which they were written.
    private static let queryMembers = ["q", "csf", "expandValues"]

    /// Merges the fragment, which was written with `ld`, into the body.
    mutating func apply(_ fragment: JSONObject, ld: LDContext, original: LDContext) throws {
        var fragment = fragment
        if ld !== original {
            fragment.rename { original.compact(ld.expand($0)) }
            if Self.queryMembers.contains(where: { fragment[$0] != nil }) {
                let others = Self.queryMembers.filter { fragment[$0] == nil && body[$0] != nil }
                guard others.isEmpty || queryContext ?? context == ld.reference else {
                    throw BrokerError(
                        .badRequestData,
                        "Give '\(others[0])' as well: it was written with "
                            + "another @context than this update."
                    )
                }
                queryContext = ld.reference
            }
        }
        body = body.updated(with: fragment)
    }
}

extension JSONObject {
    /// Applies a Partial Update Patch (clause 5.5.8): each given member replaces the old one as a
    /// whole, and NGSI-LD Null removes it.
    func updated(with fragment: JSONObject) -> JSONObject {
        var result = self
        for (key, value) in fragment.members {
            let isNull = value.isNull || value.stringValue == NGSILDNull.uri
            result[key] = isNull ? Optional.none : value
        }
        return result
    }
}
