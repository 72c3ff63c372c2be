import Broker
import ContextModel
import HTTPTypes
import Hummingbird

extension KeptDocuments {
    fileprivate static let subscriptions = KeptDocuments(
        path: Paths.subscriptions,
        capture: "subscriptionId",
        section: .subscriptions,
        noun: "a subscription",
        clauses: (all: "6.10.3", one: "6.11.3"),
        body: .subscription,
        fragment: .subscriptionFragment,
        intent: .subscribe,
        create: { try await $0.subscribing.createSubscription($1, ld: $2, caller: $3) },
        retrieve: {
            try await $0.subscribing.retrieveSubscription($1, ld: $2, sysAttrs: $3, caller: $4)
        },
        update: { try await $0.subscribing.updateSubscription($1, $2, ld: $3, caller: $4) },
        delete: { try await $0.subscribing.deleteSubscription($1, caller: $2) }
    )
}

extension NGSILDRoutes {
    /// Adds the routes of subscriptions (clauses 6.10 and 6.11).
    mutating func addSubscriptionRoutes() {
        addCreation(of: .subscriptions)
        add(
            RouteDescription(
                .get,
                Paths.subscriptions,
                .subscriptions,
                "Query subscriptions",
                clause: "6.10.3.2",
                query: [.options, .sysAttrs] + .page,
                answers: "application/json"
            )
        ) { try await $0.answerSubscriptions() }
        addRoutesOfOne(of: .subscriptions)
    }
}

extension Exchange {
    /// A capture that must be a URI.
    func uri(_ name: String) throws(BrokerError) -> String { try entityID(name).uri }

    fileprivate func answerSubscriptions() async throws -> Response {
        let ld = try await ldContext()
        let type = try accepted()
        let parameters = parameters(ld)
        let (offset, limit, wantsCount) = try parameters.page()
        let page = try await hub.subscribing.querySubscriptions(
            offset: offset,
            limit: limit,
            wantsCount: wantsCount,
            ld: ld,
            sysAttrs: try parameters.representation().showsSystemAttributes,
            caller: caller
        )
        return try answer(page, type, offset: offset, limit: limit, ld: ld)
    }

    /// A page of subscriptions with links to other pages.
    func answer(
        _ page: SubscriptionPage,
        _ type: MediaType,
        offset: Int,
        limit: Int,
        ld: LDContext
    ) throws(BrokerError) -> Response {
        var response = try answer(.array(page.subscriptions), ld: ld)
        response.headers.append(
            contentsOf: pageHeaders(
                type,
                pageLinks(offset: offset, limit: limit, hasMore: page.hasMore),
                count: page.count
            )
        )
        return response
    }
}
