package import ContextModel
package import Governance
import Storage

/// Create Subscription (clause 5.8.1).
///
/// No notification is sent at its creation: the first one follows the first change, or the end of
/// the first interval.
extension Subscribing {
    /// Returns the identifier: the given one or a new one.
    package func createSubscription(
        _ body: JSONValue,
        to kind: SubscriptionKind = .entities,
        ld: LDContext,
        caller: Caller
    ) async throws -> String {
        guard let object = body.objectValue else {
            throw BrokerError(
                .badRequestData,
                "A subscription is a JSON object, not \(body.excerpt)."
            )
        }
        guard object["type"] ?? object["@type"] != nil else {
            throw BrokerError(
                .badRequestData,
                "The subscription has no 'type'; it is \"Subscription\"."
            )
        }
        let id = try identifier(object)
        var record = SubscriptionRecord(
            kind: kind,
            id: id,
            owner: caller.party,
            standing: caller.standing,
            purpose: caller.purpose,
            context: ld.reference,
            body: object.subscriptionBody,
            createdAt: clock()
        )
        try SubscriptionReader.requireKnownMembers(record.body)
        let subscription = try await hosting.resolver.reader(for: record).subscription(
            record.body,
            id: id
        )
        try await requireSubscribing(caller, to: subscription)
        try addresses.requireCallable(
            subscription.notification.endpoint.uri,
            at: "notification.endpoint.uri"
        )
        try Self.requireFuture(subscription, now: record.createdAt)
        record.contextURL = try await contextURL(for: subscription, of: record.owner)
        try await keep(record, subscription, caller)
        return id
    }

    private func identifier(_ object: JSONObject) throws -> String {
        guard let given = object["id"] ?? object["@id"] else {
            return "urn:ngsi-ld:Subscription:\(makeIdentifier())"
        }
        guard let id = given.stringValue, URIText.isValid(id) else {
            throw BrokerError(.badRequestData, "'id' is not a URI: \(given.excerpt).")
        }
        return id
    }

    static func requireFuture(_ subscription: Subscription, now: Timestamp) throws {
        guard let expiry = subscription.expiresAt, expiry <= now else { return }
        throw BrokerError(.badRequestData, "'expiresAt' is in the past: '\(expiry.text)'.")
    }

    /// The URL at which receivers, and the owner, find the `@context`.
    func contextURL(for subscription: Subscription, of owner: Party) async throws -> String? {
        try await hosting.hostedURL(of: subscription.notification.context, for: owner)
    }

    private func keep(
        _ record: SubscriptionRecord,
        _ subscription: Subscription,
        _ caller: Caller
    ) async throws {
        let store: any TenantStore
        if case .grant = try await access.decideWrite(caller) {
            store = try await access.madeStore(caller.tenant)
        } else {
            store = try await access.existingStore(caller.tenant)
        }
        let tenant = caller.tenant
        let (kind, names) = (record.kind.documentKind, record.owner.subscriptionKeys(record.id))
        let key = SubscriptionKey(record, of: tenant)
        let place = SubscriptionQuota.Place(key, of: record.owner)
        let hasPlace = quota.reserve(place)
        defer { if hasPlace { quota.release(place) } }
        follower.prepared.add(subscription, record, key)
        defer { follower.prepared.withdraw(record, key) }
        let most = limits.maximumSubscriptions
        let keys = names.map { DocumentKey.document(kind, id: $0) }
        let documents = follower.documents
        let (_, own) = try await store.changeFollowedDocuments(reading: keys) { changes in
            changes.notify { documents.note($0, of: tenant) }
            let old = try names.compactMap { try changes.document(kind, id: $0) }
            let isTaken = old.contains {
                $0.id == record.key || SubscriptionRecord($0)?.owner == record.owner
            }
            guard !isTaken else {
                throw BrokerError(
                    .alreadyExists,
                    "You have a subscription '\(record.id)' already."
                )
            }
            guard hasPlace else {
                throw BrokerError(
                    .overloaded,
                    "The hub keeps no more subscriptions of yours: all parties share "
                        + "\(most) of a tenant; delete some first."
                )
            }
            changes.put(record.document)
        }
        await follower.catchUp(with: tenant, own: own)
    }
}
