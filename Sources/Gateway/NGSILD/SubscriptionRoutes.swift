import Broker
import ContextModel
import HTTPTypes
import Hummingbird

extension NGSILDRoutes {
    mutating func addSubscriptionRoutes() {
        add(
            RouteDescription(
                .post,
                Paths.subscriptions,
                .subscriptions,
                "Create a subscription",
                clause: "6.10.3.1",
                accepts: bodies,
                body: .subscription,
                status: 201
            )
        ) { exchange in
            let (json, ld) = try await exchange.bodyWithContext(to: .subscribe)
            let id = try await exchange.hub.createSubscription(
                json,
                ld: ld,
                caller: exchange.caller
            )
            return exchange.created(at: "\(Paths.subscriptions)/\(QueryItems.encode(id))")
        }
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
        addOneSubscriptionRoutes()
    }

    private mutating func addOneSubscriptionRoutes() {
        let path = Paths.subscriptions + "/{subscriptionId}"
        add(
            RouteDescription(
                .get,
                path,
                .subscriptions,
                "Retrieve a subscription",
                clause: "6.11.3.1",
                query: [.options, .sysAttrs],
                answers: "application/json"
            )
        ) { exchange in
            let ld = try await exchange.ldContext()
            // What cannot be had is said before what there is.
            _ = try exchange.accepted()
            let subscription = try await exchange.hub.retrieveSubscription(
                try exchange.uri("subscriptionId"),
                ld: ld,
                sysAttrs: try exchange.parameters(ld).representation().showsSystemAttributes,
                caller: exchange.caller
            )
            return try exchange.answer(subscription, ld: ld)
        }
        add(
            RouteDescription(
                .patch,
                path,
                .subscriptions,
                "Update a subscription",
                clause: "6.11.3.2",
                accepts: patches,
                body: .subscriptionFragment,
                status: 204
            )
        ) { exchange in
            let (json, ld) = try await exchange.bodyWithContext(to: .read, allowing: patchTypes)
            try await exchange.hub.updateSubscription(
                try exchange.uri("subscriptionId"),
                json,
                ld: ld,
                caller: exchange.caller
            )
            return exchange.answer(.noContent)
        }
        add(
            RouteDescription(
                .delete,
                path,
                .subscriptions,
                "Delete a subscription",
                clause: "6.11.3.3",
                status: 204
            )
        ) { exchange in
            try await exchange.hub.deleteSubscription(
                try exchange.uri("subscriptionId"),
                caller: exchange.caller
            )
            return exchange.answer(.noContent)
        }
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
        let page = try await hub.querySubscriptions(
            offset: offset,
            limit: limit,
            wantsCount: wantsCount,
            ld: ld,
            sysAttrs: try parameters.representation().showsSystemAttributes,
            caller: caller
        )
        return try answer(page, type, offset: offset, limit: limit, ld: ld)
    }

    /// A page of subscriptions with links to the pages around it.
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
                offset: offset,
                limit: limit,
                hasMore: page.hasMore,
                count: page.count
            )
        )
        return response
    }
}
