import Broker
import ContextModel
import HTTPTypes
import Hummingbird

extension KeptDocuments {
    fileprivate static let registrations = KeptDocuments(
        path: Paths.registrations,
        capture: "registrationId",
        section: .registrations,
        noun: "a context source registration",
        clauses: (all: "6.8.3", one: "6.9.3"),
        body: .registration,
        fragment: .registrationFragment,
        intent: .administer,
        create: { try await $0.registering.registerContextSource($1, ld: $2, caller: $3) },
        retrieve: {
            try await $0.registering.retrieveContextSourceRegistration(
                $1,
                ld: $2,
                sysAttrs: $3,
                caller: $4
            )
        },
        update: {
            try await $0.registering.updateContextSourceRegistration($1, $2, ld: $3, caller: $4)
        },
        delete: { try await $0.registering.deleteContextSourceRegistration($1, caller: $2) }
    )

    fileprivate static let registrationSubscriptions = KeptDocuments(
        path: Paths.registrationSubscriptions,
        capture: "subscriptionId",
        section: .registrations,
        noun: "a context source registration subscription",
        clauses: (all: "6.12.3", one: "6.13.3"),
        body: .subscription,
        fragment: .subscriptionFragment,
        intent: .administer,
        create: {
            try await $0.subscribing.createContextSourceRegistrationSubscription(
                $1,
                ld: $2,
                caller: $3
            )
        },
        retrieve: {
            try await $0.subscribing.retrieveContextSourceRegistrationSubscription(
                $1,
                ld: $2,
                sysAttrs: $3,
                caller: $4
            )
        },
        update: {
            try await $0.subscribing.updateContextSourceRegistrationSubscription(
                $1,
                $2,
                ld: $3,
                caller: $4
            )
        },
        delete: {
            try await $0.subscribing.deleteContextSourceRegistrationSubscription($1, caller: $2)
        }
    )
}

extension NGSILDRoutes {
    /// Adds the routes of context source registrations (clauses 6.8 and 6.9) and of subscriptions
    /// to them (clauses 6.12 and 6.13).
    mutating func addRegistrationRoutes() {
        addCreation(of: .registrations, summary: "Register a context source")
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
        addRoutesOfOne(of: .registrations)
        addCreation(of: .registrationSubscriptions)
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
        addRoutesOfOne(of: .registrationSubscriptions)
    }
}

extension Exchange {
    /// The media type in links to further pages; each page negotiates its own.
    private static var pageType: MediaType { .jsonLD }

    fileprivate func answerRegistrations() async throws -> Response {
        let ld = try await ldContext()
        _ = try accepted()
        let parameters = parameters(ld)
        let (offset, limit, wantsCount) = try parameters.page()
        let page = try await hub.registering.queryContextSourceRegistrations(
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
                pageLinks(
                    offset: offset,
                    limit: limit,
                    hasMore: page.hasMore,
                    pageLast: true
                ),
                count: page.count
            )
        )
        return response
    }

    fileprivate func answerRegistrationSubscriptions() async throws -> Response {
        let ld = try await ldContext()
        _ = try accepted()
        let parameters = parameters(ld)
        let (offset, limit, wantsCount) = try parameters.page()
        let page = try await hub.subscribing.queryContextSourceRegistrationSubscriptions(
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
    /// The query for sources that may have the requested entities (clause 5.10.2).
    func registrationQuery() throws(BrokerError) -> RegistrationQuery {
        let (specification, attributes) = (try entitySpecification(), try wantedAttributes())
        let time = try TemporalParameters(entities: self).timeTest()
        let place = try geoTest()
        let properties = try csf().and(try scopeCondition())
        try properties.requirePatternsWithinLimit()
        guard items["type"] != nil || place != nil || !attributes.isEmpty else {
            throw BrokerError(
                .badRequestData,
                "The query for sources needs type, attrs, q or georel."
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

    /// The attributes named in `attrs`, in `q` and in a geo-query.
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
