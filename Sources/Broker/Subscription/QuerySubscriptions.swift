package import ContextModel
package import Governance
import Storage

/// Query Subscriptions (clause 5.8.4), in the order of creation.
extension Subscribing {
    package func querySubscriptions(
        to kind: SubscriptionKind = .entities,
        offset: Int = 0,
        limit: Int,
        wantsCount: Bool = false,
        ld: LDContext,
        sysAttrs: Bool = false,
        caller: Caller
    ) async throws -> SubscriptionPage {
        let store = try await access.existingStore(caller.tenant)
        let (records, count) = try await records(kind, offset, limit, in: store, caller)
        let now = clock()
        var page = SubscriptionPage(
            subscriptions: [],
            count: wantsCount ? count : nil,
            hasMore: limit > 0 && count > offset + limit
        )
        for record in records {
            page.subscriptions.append(
                try await shown(
                    record,
                    ld: ld,
                    sysAttrs: sysAttrs,
                    now: now,
                    caller: caller
                )
            )
        }
        return page
    }

    /// A page of the subscriptions that the caller may see, and their number: its own, or
    /// everybody's for those who run the hub.
    func records(
        _ kind: SubscriptionKind,
        _ offset: Int,
        _ limit: Int,
        in store: any TenantStore,
        _ caller: Caller
    ) async throws -> (page: [SubscriptionRecord], count: Int) {
        let kind = kind.documentKind
        guard !access.policy.permitsAdministration(caller) else {
            let all = try await store.documents(kind)
            let page = all.dropFirst(offset).prefix(limit).compactMap { SubscriptionRecord($0) }
            return (page, all.count)
        }
        let owner = caller.party.ownerOfDocuments
        let page = try await store.documents(kind, of: owner, offset: offset, limit: limit)
            .compactMap { SubscriptionRecord($0) }
        return (page, try await store.documentCount(kind, of: owner))
    }
}

/// A page of subscriptions.
package struct SubscriptionPage: Sendable, Equatable {
    package var subscriptions: [JSONValue]
    /// The number of all that the caller may see, if it asked.
    package var count: Int?
    package var hasMore: Bool
}
