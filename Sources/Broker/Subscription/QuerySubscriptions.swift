package import ContextModel
package import Governance
import Storage

/// Query Subscriptions (clause 5.8.4), in the order of creation.
extension Hub {
    package func querySubscriptions(
        to kind: SubscriptionKind = .entities,
        offset: Int = 0,
        limit: Int,
        wantsCount: Bool = false,
        ld: LDContext,
        sysAttrs: Bool = false,
        caller: Caller
    ) async throws -> SubscriptionPage {
        let store = try await existingStore(caller.tenant)
        let records = try await store.documents(kind.documentKind)
            .compactMap { SubscriptionRecord($0) }
            .filter { mayManage($0, caller) }
        let now = clock()
        var page = SubscriptionPage(
            subscriptions: [],
            count: wantsCount ? records.count : nil,
            hasMore: limit > 0 && records.count > offset + limit
        )
        for record in records.dropFirst(offset).prefix(limit) {
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
}

/// A page of subscriptions.
package struct SubscriptionPage: Sendable, Equatable {
    package var subscriptions: [JSONValue]
    /// All there are for the caller, if it wanted to know.
    package var count: Int?
    package var hasMore: Bool
}
