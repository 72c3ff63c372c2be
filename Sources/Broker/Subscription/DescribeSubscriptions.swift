package import ContextModel
package import Governance

/// A subscription with its owner.
package struct OwnedSubscription: Sendable, Equatable {
    package var owner: Party
    /// As its owner sees it, with the counts of its notifications.
    package var json: JSONObject
}

extension Subscribing {
    /// The subscriptions of all parties with their owners, in the order of creation, and how many there are.
    ///
    /// Not part of the standard. Throws for one who does not run the hub.
    package func ownedSubscriptions(
        limit: Int,
        caller: Caller
    ) async throws -> (subscriptions: [OwnedSubscription], count: Int) {
        try access.requireAdministration(caller)
        let store = try await access.existingStore(caller.tenant)
        let (records, count) = try await records(.entities, 0, limit, in: store, caller)
        let now = clock()
        var subscriptions: [OwnedSubscription] = []
        for record in records {
            let json = try await shown(
                record,
                ld: .core,
                sysAttrs: true,
                now: now,
                caller: caller
            )
            subscriptions.append(
                OwnedSubscription(owner: record.owner, json: json.objectValue ?? JSONObject())
            )
        }
        return (subscriptions, count)
    }
}
