import ContextModel
package import Governance
import Storage

/// Delete Subscription (clause 5.8.5): notifications that wait for delivery are dropped.
extension Subscribing {
    package func deleteSubscription(
        _ id: String,
        to kind: SubscriptionKind = .entities,
        caller: Caller
    ) async throws {
        let record = try await subscriptionRecord(id, kind, caller)
        try requireChangeable(record, by: caller)
        let tenant = caller.tenant
        let name = DocumentKey.document(kind.documentKind, id: record.key)
        let store = try await access.existingStore(tenant)
        let documents = follower.documents
        let (_, own) = try await store.changeFollowedDocuments(reading: [name]) { changes in
            changes.notify { documents.note($0, of: tenant) }
            guard try changes.document(kind.documentKind, id: record.key) != nil else {
                throw BrokerError.unknownSubscription(id)
            }
            changes.remove(kind.documentKind, id: record.key)
        }
        // The dispatcher drops the subscription's messages when it learns of the removal.
        await follower.catchUp(with: tenant, own: own)
    }
}
