import ContextModel
import Governance
import Logging
import Storage

/// What the operations on subscriptions have in common.
extension Subscribing {
    /// Refuses a subscriber who may not have this subscription; every notification is decided anew
    /// when it is sent.
    func requireSubscribing(_ caller: Caller, to subscription: Subscription) async throws {
        if subscription.registrations != nil { return try access.requireAdministration(caller) }
        try await access.requireSubscribing(caller, where: subscription.target)
    }

    /// Whether the caller may see and change the subscription: its owner, and who runs the hub.
    func mayManage(_ record: SubscriptionRecord, _ caller: Caller) -> Bool {
        record.owner == caller.party || access.policy.permitsAdministration(caller)
    }

    /// Refuses to change what a service of the city subscribes to for anybody else: its module says it.
    func requireChangeable(_ record: SubscriptionRecord, by caller: Caller) throws(BrokerError) {
        guard case .service(let name) = record.owner, caller.party != record.owner else { return }
        throw BrokerError(
            .forbidden,
            "The subscription '\(record.id)' is the service's '\(name.text)', which alone changes it; "
                + "'services.\(name.text)' in the configuration narrows the service's rights."
        )
    }

    /// The subscription; one that the caller may not see does not exist.
    ///
    /// Who runs the hub gets its own first, then the oldest that somebody has under the identifier.
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
    /// What reads the subscription's body.
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
    /// What a subscription of the party's may be kept under: before there were keys of owners, all were
    /// kept under the identifier alone.
    func subscriptionKeys(_ id: String) -> [String] { [subscriptionKey(id), id] }
}

extension BrokerError {
    static func unknownSubscription(_ id: String) -> BrokerError {
        BrokerError(.resourceNotFound, "There is no subscription '\(id)'.")
    }
}

extension JSONObject {
    /// A subscription, or fragment of one, without what only the hub writes and without `@context`.
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
        // Answers have `id` and `type` alone (clause 4.4).
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
