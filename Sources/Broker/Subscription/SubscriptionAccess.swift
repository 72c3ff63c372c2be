import ContextModel
import Governance
import Logging
import Storage

/// The common parts of the operations on subscriptions.
extension Subscribing {
    /// Throws for a subscriber that may not have this subscription.
    ///
    /// Each notification is decided again when it is sent.
    func requireSubscribing(_ caller: Caller, to subscription: Subscription) async throws {
        if subscription.registrations != nil { return try access.requireAdministration(caller) }
        try await access.requireSubscribing(caller, where: subscription.target)
    }

    /// Whether the caller may see and change the subscription: its owner, and those who run the
    /// hub.
    func mayManage(_ record: SubscriptionRecord, _ caller: Caller) -> Bool {
        record.owner == caller.party || access.policy.permitsAdministration(caller)
    }

    /// Throws for a subscription of a city's service when another caller wants to change it: its
    /// module defines it.
    func requireChangeable(_ record: SubscriptionRecord, by caller: Caller) throws(BrokerError) {
        guard case .service(let name) = record.owner, caller.party != record.owner else { return }
        throw BrokerError(
            .forbidden,
            "The subscription '\(record.id)' is the service's '\(name.text)', which alone changes it; "
                + "'services.\(name.text)' in the configuration narrows the service's rights."
        )
    }

    /// The subscription; throws when there is none that the caller may see.
    ///
    /// Those who run the hub get their own first, then the oldest with the identifier.
    func subscriptionRecord(
        _ id: String,
        _ kind: SubscriptionKind,
        _ caller: Caller
    ) async throws -> SubscriptionRecord {
        guard URIText.isValid(id) else {
            throw BrokerError(.badRequestData, "The subscription id '\(id)' is not a URI.")
        }
        let store = try await access.existingStore(caller.tenant)
        for key in caller.party.subscriptionKeys(id) {
            let document = try await store.document(kind.documentKind, id: key)
            if let own = document.flatMap({ SubscriptionRecord($0) }), own.owner == caller.party {
                return own
            }
        }
        guard access.policy.permitsAdministration(caller),
            let other = try await store.documents(kind.documentKind).lazy
                .compactMap({ SubscriptionRecord($0) }).first(where: { $0.id == id })
        else { throw BrokerError.unknownSubscription(id) }
        return other
    }
}

extension LDContextResolver {
    /// A reader for the subscription's body.
    func reader(
        for record: SubscriptionRecord,
        mayFetch: Bool = true
    ) async throws(BrokerError) -> SubscriptionReader {
        func context(_ reference: JSONValue) async throws(BrokerError) -> LDContext {
            try await resolved(reference, for: Sharer(record.owner), mayFetch: mayFetch)
        }
        let named = try await context(record.context)
        var query: LDContext?
        if let reference = record.queryContext { query = try await context(reference) }
        var notification: LDContext?
        if let url = record.body["jsonldContext"] { notification = try await context(url) }
        return SubscriptionReader(
            kind: record.kind,
            owner: record.owner,
            context: named,
            queryContext: query,
            notificationContext: notification
        )
    }
}

extension Party {
    /// The keys under which a subscription of the party may be stored: earlier versions used the
    /// identifier alone.
    func subscriptionKeys(_ id: String) -> [String] { [subscriptionKey(id), id] }
}

extension BrokerError {
    static func unknownSubscription(_ id: String) -> BrokerError {
        BrokerError(.resourceNotFound, "There is no subscription '\(id)'.")
    }
}

extension JSONObject {
    /// The body of a subscription, or a fragment, without `@context` and the members that only the
    /// hub writes.
    var subscriptionBody: JSONObject {
        var body = JSONObject(
            members.filter {
                $0.key != "@context" && !SubscriptionReader.readOnlyMembers.contains($0.key)
            }
        )
        if let notification = body["notification"]?.objectValue {
            let own = SubscriptionReader.readOnlyNotificationMembers
            body["notification"] = .object(
                JSONObject(notification.members.filter { !own.contains($0.key) })
            )
        }
        // Answers have `id` and `type` without `@` (clause 4.4).
        body["entities"] = body["entities"].map { entities in
            guard let selectors = entities.arrayValue else { return entities }
            return .array(
                selectors.map { selector in
                    selector.objectValue.map { .object($0.withPlainKeywords) } ?? selector
                }
            )
        }
        return body
    }
}
