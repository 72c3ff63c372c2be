import Broker
import ContextModel
import HTTPTypes
import Hummingbird

extension NGSILDRoutes {
    /// Context source registrations (clauses 6.8 and 6.9) and subscriptions to them (clauses 6.12
    /// and 6.13).
    mutating func addRegistrationRoutes() {
        add(
            RouteDescription(
                .post,
                Paths.registrations,
                .registrations,
                "Register a context source",
                clause: "6.8.3.1",
                accepts: bodies,
                body: .registration,
                status: 201
            )
        ) { exchange in
            let (json, ld) = try await exchange.bodyWithContext(to: .administer)
            let id = try await exchange.hub.registerContextSource(
                json,
                ld: ld,
                caller: exchange.caller
            )
            return exchange.created(at: "\(Paths.registrations)/\(QueryItems.encode(id))")
        }
        add(
            RouteDescription(
                .get,
                Paths.registrations,
                .registrations,
                "Query context source registrations",
                clause: "6.8.3.2",
                query: .selection + .moments + .page + .presentation,
                answers: "application/json"
            )
        ) { try await $0.answerRegistrations() }
        addOneRegistrationRoutes()
        addRegistrationSubscriptionRoutes()
        addOneRegistrationSubscriptionRoutes()
    }

    private mutating func addOneRegistrationRoutes() {
        let path = Paths.registrations + "/{registrationId}"
        add(
            RouteDescription(
                .get,
                path,
                .registrations,
                "Retrieve a context source registration",
                clause: "6.9.3.1",
                query: [.options, .sysAttrs],
                answers: "application/json"
            )
        ) { exchange in
            let ld = try await exchange.ldContext()
            _ = try exchange.accepted()
            let registration = try await exchange.hub.retrieveContextSourceRegistration(
                try exchange.uri("registrationId"),
                ld: ld,
                sysAttrs: try exchange.parameters(ld).representation().showsSystemAttributes,
                caller: exchange.caller
            )
            return try exchange.answer(registration, ld: ld)
        }
        add(
            RouteDescription(
                .patch,
                path,
                .registrations,
                "Update a context source registration",
                clause: "6.9.3.2",
                accepts: patches,
                body: .registrationFragment,
                status: 204
            )
        ) { exchange in
            let (json, ld) = try await exchange.bodyWithContext(
                to: .administer,
                allowing: patchTypes
            )
            try await exchange.hub.updateContextSourceRegistration(
                try exchange.uri("registrationId"),
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
                .registrations,
                "Delete a context source registration",
                clause: "6.9.3.3",
                status: 204
            )
        ) { exchange in
            try await exchange.hub.deleteContextSourceRegistration(
                try exchange.uri("registrationId"),
                caller: exchange.caller
            )
            return exchange.answer(.noContent)
        }
    }

    private mutating func addRegistrationSubscriptionRoutes() {
        add(
            RouteDescription(
                .post,
                Paths.registrationSubscriptions,
                .registrations,
                "Create a context source registration subscription",
                clause: "6.12.3.1",
                accepts: bodies,
                body: .subscription,
                status: 201
            )
        ) { exchange in
            let (json, ld) = try await exchange.bodyWithContext(to: .administer)
            let id = try await exchange.hub.createContextSourceRegistrationSubscription(
                json,
                ld: ld,
                caller: exchange.caller
            )
            let path = Paths.registrationSubscriptions
            return exchange.created(at: "\(path)/\(QueryItems.encode(id))")
        }
        add(
            RouteDescription(
                .get,
                Paths.registrationSubscriptions,
                .registrations,
                "Query context source registration subscriptions",
                clause: "6.12.3.2",
                query: [.options, .sysAttrs] + .page,
                answers: "application/json"
            )
        ) { try await $0.answerRegistrationSubscriptions() }
    }

    private mutating func addOneRegistrationSubscriptionRoutes() {
        let path = Paths.registrationSubscriptions + "/{subscriptionId}"
        add(
            RouteDescription(
                .get,
                path,
                .registrations,
                "Retrieve a context source registration subscription",
                clause: "6.13.3.1",
                query: [.options, .sysAttrs],
                answers: "application/json"
            )
        ) { exchange in
            let ld = try await exchange.ldContext()
            _ = try exchange.accepted()
            let subscription =
                try await exchange.hub.retrieveContextSourceRegistrationSubscription(
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
                .registrations,
                "Update a context source registration subscription",
                clause: "6.13.3.2",
                accepts: patches,
                body: .subscriptionFragment,
                status: 204
            )
        ) { exchange in
            let (json, ld) = try await exchange.bodyWithContext(to: .read, allowing: patchTypes)
            try await exchange.hub.updateContextSourceRegistrationSubscription(
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
                .registrations,
                "Delete a context source registration subscription",
                clause: "6.13.3.3",
                status: 204
            )
        ) { exchange in
            try await exchange.hub.deleteContextSourceRegistrationSubscription(
                try exchange.uri("subscriptionId"),
                caller: exchange.caller
            )
            return exchange.answer(.noContent)
        }
    }
}

extension Exchange {
    /// What links to further pages say of them: the form itself is agreed on page by page.
    private static var pageType: MediaType { .jsonLD }

    fileprivate func answerRegistrations() async throws -> Response {
        let ld = try await ldContext()
        _ = try accepted()
        let parameters = parameters(ld)
        let (offset, limit, wantsCount) = try parameters.page()
        let page = try await hub.queryContextSourceRegistrations(
            try parameters.registrationQuery(),
            offset: offset,
            limit: limit,
            wantsCount: wantsCount,
            ld: ld,
            sysAttrs: try parameters.representation().showsSystemAttributes,
            caller: caller
        )
        var response = try answer(.array(page.registrations), ld: ld)
        response.headers.append(
            contentsOf: pageHeaders(
                Self.pageType,
                offset: offset,
                limit: limit,
                hasMore: page.hasMore,
                count: page.count,
                pageLast: true
            )
        )
        return response
    }

    fileprivate func answerRegistrationSubscriptions() async throws -> Response {
        let ld = try await ldContext()
        _ = try accepted()
        let parameters = parameters(ld)
        let (offset, limit, wantsCount) = try parameters.page()
        let page = try await hub.queryContextSourceRegistrationSubscriptions(
            offset: offset,
            limit: limit,
            wantsCount: wantsCount,
            ld: ld,
            sysAttrs: try parameters.representation().showsSystemAttributes,
            caller: caller
        )
        return try answer(page, Self.pageType, offset: offset, limit: limit, ld: ld)
    }
}

extension EntityParameters {
    /// The query for entities as one for sources that may have them (clause 5.10.2).
    func registrationQuery() throws(BrokerError) -> RegistrationQuery {
        let (specification, attributes) = (try entitySpecification(), try wantedAttributes())
        let time = try TemporalParameters(entities: self).timeTest()
        let place = try geoTest()
        let properties = try csf().and(try scopeCondition())
        guard items["type"] != nil || place != nil || !attributes.isEmpty else {
            throw BrokerError(
                .badRequestData,
                "The query for sources needs type, attrs, q or georel to say what they are to have."
            )
        }
        return RegistrationQuery(
            entities: specification.map { [$0] },
            attributes: attributes,
            time: time,
            properties: properties,
            place: place
        )
    }

    private func entitySpecification() throws(BrokerError) -> EntitySpecification? {
        guard ["type", "id", "idPattern"].contains(where: { items[$0] != nil }) else { return nil }
        return EntitySpecification(
            types: try typeCondition(),
            ids: try ids(),
            idPattern: try items.text("idPattern").map { text throws(BrokerError) in
                try Self.pattern(text)
            }
        )
    }

    /// Attributes asked for by name, by `q` and by a geo-query alike.
    private func wantedAttributes() throws(BrokerError) -> Set<IRI> {
        var names = try items.list("attrs") ?? []
        names += try items.list("pick")?.filter { !Projection.entityMembers.contains($0) } ?? []
        if items["georel"] != nil, let property = try items.text("geoproperty") {
            names.append(property)
        }
        let attributes = Set(names.map { ld.expand($0) })
        return attributes.union(RegistrationQuery.attributes(of: try qCondition()))
    }

    private func csf() throws(BrokerError) -> Condition {
        guard let csf = try items.text("csf") else { return .everything }
        let parser = QParser(expansion: ld)
        return try parsing { () throws(ConditionError) in
            try parser.parse(csf, parameter: "csf")
        }
    }
}
