package import ContextModel
package import Governance
import Storage

/// A subscription that a service of the city needs.
package struct ServiceSubscriptionRequest: Sendable {
    /// The body of a request to create it, with its `id`.
    package var body: JSONObject
    /// The service as a caller, with its purpose.
    package var subscriber: Caller

    package init(_ body: JSONObject, of subscriber: Caller) {
        self.body = body
        self.subscriber = subscriber
    }

    fileprivate var key: String {
        subscriber.party.subscriptionKey(body["id"]?.stringValue ?? "")
    }

    /// Whether the document already has this subscription.
    fileprivate func isKept(as document: Document?) -> Bool {
        guard let record = document.flatMap({ SubscriptionRecord($0) }) else { return false }
        return record.body == body.subscriptionBody && record.purpose == subscriber.purpose
    }
}

/// The city's services subscribe within the hub, which is not part of the standard.
extension Subscribing {
    /// Changes the subscriptions of services to those given: creates new ones and removes others.
    ///
    /// An unchanged subscription stays, with its waiting messages; those of a changed one are sent
    /// by its new content. Returns the reasons why some were refused, which has no effect on the
    /// others. Throws `StorageError`.
    package func keepServiceSubscriptions(
        _ wanted: [ServiceSubscriptionRequest]
    ) async throws -> [String] {
        let store = try await access.madeStore(nil)
        let kind = SubscriptionKind.entities.documentKind
        var kept: [String: Document] = [:]
        for document in try await store.documents(kind) {
            guard case .service = Party(ofSubscriptionKey: document.id) else { continue }
            kept[document.id] = document
        }
        let missing = wanted.filter { !$0.isKept(as: kept[$0.key]) }
        let unchanged = Set(wanted.map(\.key)).subtracting(missing.map(\.key))
        let removed = kept.keys.filter { !unchanged.contains($0) }
        if !removed.isEmpty {
            let keys = removed.map { DocumentKey.document(kind, id: $0) }
            try await store.changeDocuments(reading: keys) { changes in
                for id in removed { changes.remove(kind, id: id) }
            }
            await follower.catchUp(with: nil)
        }
        var refusals: [String] = []
        for one in missing {
            do {
                let body = JSONValue.object(one.body)
                _ = try await createSubscription(body, ld: .core, caller: one.subscriber)
            } catch let error as BrokerError {
                refusals.append(
                    "The subscription '\(one.body["id"]?.stringValue ?? "")' of the service is refused: "
                        + error.detail
                )
            }
        }
        return refusals
    }
}
