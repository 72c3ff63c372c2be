import ContextModel

/// Reading the registrations that a context source registration subscription is about (clauses
/// 5.11.2 and 5.12).
extension SubscriptionReader {
    func registrations(
        _ body: JSONObject,
        _ subscription: Subscription
    ) throws(BrokerError) -> RegistrationQuery {
        guard subscription.notification.endpoint.accept != .geoJSON else {
            throw Self.error(
                "'notification.endpoint.accept' cannot be application/geo+json: registrations "
                    + "have no such representation."
            )
        }
        let representation = subscription.notification.representation
        return RegistrationQuery(
            entities: subscription.selectors.map { $0.map { EntitySpecification($0) } },
            attributes: Self.attributes(
                watched: subscription.watchedAttributes,
                notified: representation.projection.attributes
            ),
            datasetIDs: representation.datasetIDs,
            time: try temporalTest(body["temporalQ"]),
            properties: try properties(body),
            place: try body["geoQ"].map { value throws(BrokerError) in try geoTest(value) }
        )
    }

    /// The attributes that are watched or notified; empty, for every attribute, if one list is.
    private static func attributes(watched: Set<IRI>?, notified: Set<IRI>?) -> Set<IRI> {
        guard let watched, let notified, !watched.isEmpty, !notified.isEmpty else { return [] }
        return watched.union(notified)
    }

    private func properties(_ body: JSONObject) throws(BrokerError) -> Condition {
        var condition = Condition.everything
        if let csf = try query(body, "csf") {
            condition = try Self.parsing { () throws(ConditionError) in
                try QParser(expansion: queryContext).parse(csf, parameter: "csf")
            }
            try condition.requirePatternsWithinLimit()
        }
        guard let scopeQ = try string(body, "scopeQ") else { return condition }
        return condition.and(
            try Self.parsing { () throws(ConditionError) in try ScopeQuery.parse(scopeQ) }
        )
    }

    /// Reads a TemporalQuery (clause 5.2.21).
    private func temporalTest(_ value: JSONValue?) throws(BrokerError) -> TemporalTest? {
        guard let value else { return nil }
        guard let object = value.objectValue, let timerel = object["timerel"] else {
            throw Self.error("'temporalQ' is an object with 'timerel', not \(value.excerpt).")
        }
        var texts: [String: String] = [:]
        for name in ["timerel", "timeAt", "endTimeAt", "timeproperty"] {
            texts[name] = try object[name].map { value throws(BrokerError) in
                try Self.string(value, at: "temporalQ.\(name)")
            }
        }
        let relation = try Self.string(timerel, at: "temporalQ.timerel")
        let (start, end, property) = (texts["timeAt"], texts["endTimeAt"], texts["timeproperty"])
        return try Self.parsing { () throws(ConditionError) in
            try TemporalTest.parse(
                timerel: relation,
                timeAt: start,
                endTimeAt: end,
                timeproperty: property
            )
        }
    }
}
