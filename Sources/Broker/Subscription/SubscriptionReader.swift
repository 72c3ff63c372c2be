package import ContextModel
package import Governance

/// Reads a subscription from JSON.
///
/// It refuses what clauses 5.2.12 to 5.2.15, 5.2.22 and 5.2.33 do not allow, quoting the member.
package struct SubscriptionReader: MemberReading, Sendable {
    /// The shortest `timeInterval`: a subscription must not overload the hub.
    static let minimumIntervalSeconds = 0.1
    /// The most positions of the geometry in `geoQ`, which is kept in memory.
    static let maximumPositions = 1_000

    /// The `@context` for names in the subscription.
    let context: LDContext
    /// The `@context` for names in queries, which an update may have written with another one.
    let queryContext: LDContext
    /// The `@context` for notifications: `jsonldContext`, or the same.
    let notificationContext: LDContext
    let kind: SubscriptionKind
    /// The owner of the subscription; only a service of the city may name itself as the receiver.
    let owner: Party

    package init(
        kind: SubscriptionKind = .entities,
        owner: Party = .anonymous,
        context: LDContext,
        queryContext: LDContext? = nil,
        notificationContext: LDContext? = nil
    ) {
        self.kind = kind
        self.owner = owner
        self.context = context
        self.queryContext = queryContext ?? context
        self.notificationContext = notificationContext ?? context
    }

    /// Reads the subscription; its identifier is given by the caller of this function.
    package func subscription(_ body: JSONObject, id: String) throws(BrokerError) -> Subscription {
        let interval = try seconds(body, "timeInterval")
        let watched = try names(body["watchedAttributes"], at: "watchedAttributes")
        let selectors = try body["entities"].map { value throws(BrokerError) in
            try EntitySelectorReader(context: context).selectors(value)
        }
        try checkCombination(body)
        if let interval, interval < Self.minimumIntervalSeconds {
            throw Self.error(
                "'timeInterval' is \(Self.minimumIntervalSeconds) seconds at least, not "
                    + "\(interval)."
            )
        }
        try checkPlainMembers(body)
        var subscription = Subscription(
            id: id,
            selectors: selectors,
            watchedAttributes: watched.map(Set.init),
            triggers: try triggers(body["notificationTrigger"]),
            condition: try condition(body),
            intervalMicroseconds: interval.map(Self.microseconds),
            throttlingMicroseconds: try seconds(body, "throttling").map(Self.microseconds),
            expiresAt: try expiry(body),
            isActive: try bool(body, "isActive") ?? true,
            notification: try notification(body)
        )
        try subscription.target.requirePatternsWithinLimit()
        if kind == .registrations {
            subscription.registrations = try registrations(body, subscription)
        }
        return subscription
    }

    // MARK: Entities and attributes

    /// Checks rules between members (table 5.2.12-1).
    private func checkCombination(_ body: JSONObject) throws(BrokerError) {
        let isLocal = try bool(body, "localOnly") ?? false
        let hasInterval = body["timeInterval"] != nil
        if hasInterval {
            for other in ["watchedAttributes", "throttling"] where body[other] != nil {
                throw Self.error(
                    "'\(other)' cannot be combined with 'timeInterval': notify at intervals or on "
                        + "change."
                )
            }
            if body["entities"] == nil, !isLocal {
                throw Self.error("'timeInterval' needs 'entities' to say what to send.")
            }
        }
        if body["entities"] == nil, body["watchedAttributes"] == nil, !isLocal {
            throw Self.error("The subscription needs 'entities' or 'watchedAttributes'.")
        }
        if body["temporalQ"] != nil, kind == .entities {
            throw Self.error("'temporalQ' is for context source registration subscriptions only.")
        }
    }

    private func triggers(_ value: JSONValue?) throws(BrokerError) -> Set<Subscription.Trigger> {
        guard let value else { return Set(Subscription.Trigger.standard) }
        var triggers: Set<Subscription.Trigger> = []
        for element in try elements(value, at: "notificationTrigger") {
            guard let trigger = element.stringValue.flatMap(Subscription.Trigger.init) else {
                let known = Subscription.Trigger.allCases.map(\.rawValue).joined(separator: ", ")
                throw Self.error(
                    "'notificationTrigger' is one of \(known), not \(element.excerpt)."
                )
            }
            triggers.insert(trigger)
        }
        if triggers.remove(.entityUpdated) != nil {
            triggers.formUnion([.attributeCreated, .attributeUpdated, .attributeDeleted])
        }
        return triggers
    }

    /// Reads `q`, `geoQ` and `scopeQ` into one condition.
    private func condition(_ body: JSONObject) throws(BrokerError) -> Condition {
        var condition = Condition.everything
        if let q = try query(body, "q") {
            let expanded = try string(body, "expandValues") ?? ""
            let names = Set(expanded.split(separator: ",").map(String.init))
            condition = try Self.parsing { () throws(ConditionError) in
                try QParser(expansion: queryContext, expandValues: names).parse(q)
            }
        }
        if let scopeQ = try string(body, "scopeQ") {
            condition = condition.and(
                try Self.parsing { () throws(ConditionError) in try ScopeQuery.parse(scopeQ) }
            )
        }
        if let geoQ = body["geoQ"] {
            condition = condition.and(.geometry(try geoTest(geoQ)))
        }
        if let csf = try query(body, "csf") {
            // A query on properties of registrations (clause 4.9) is only checked, because all
            // data is local.
            _ = try Self.parsing { () throws(ConditionError) in
                try QParser(expansion: queryContext).parse(csf, parameter: "csf")
            }
        }
        return condition
    }

    /// Reads a geo-query (clause 5.2.13), whose coordinates are an array, or a string with one.
    func geoTest(_ value: JSONValue) throws(BrokerError) -> GeoTest {
        guard let object = value.objectValue else {
            throw Self.error("'geoQ' is an object, not \(value.excerpt).")
        }
        guard let geometry = object["geometry"], let georel = object["georel"],
            let coordinates = object["coordinates"]
        else { throw Self.error("'geoQ' needs 'geometry', 'coordinates' and 'georel'.") }
        let relation = try Self.string(georel, at: "geoQ.georel")
        let type = try Self.string(geometry, at: "geoQ.geometry")
        let property = try object["geoproperty"].map { value throws(BrokerError) in
            try Self.string(value, at: "geoQ.geoproperty")
        }
        let test = try Self.parsing { () throws(ConditionError) in
            try GeoQuery.parse(
                georel: relation,
                geometry: type,
                coordinates: coordinates.stringValue ?? coordinates.text,
                geoproperty: property,
                expansion: context
            )
        }
        guard test.reference.positionCount <= Self.maximumPositions else {
            throw BrokerError(
                .tooComplexQuery,
                "'geoQ.coordinates' has more than \(Self.maximumPositions) positions."
            )
        }
        return test
    }

    private func expiry(_ body: JSONObject) throws(BrokerError) -> Timestamp? {
        guard let text = try string(body, "expiresAt") else { return nil }
        guard let time = Timestamp(dateTime: text) else {
            throw Self.error("'expiresAt' is not \(Timestamp.dateTimeFormat): '\(text)'.")
        }
        return time
    }

    /// Checks members that need only the right type.
    private func checkPlainMembers(_ body: JSONObject) throws(BrokerError) {
        if let type = body["type"] ?? body["@type"], type.stringValue != "Subscription" {
            throw Self.error("'type' is \"Subscription\", not \(type.excerpt).")
        }
        for name in [
            "subscriptionName", "description", "lang", "jsonldContext", "expandValues", "jsonKeys",
        ] { _ = try string(body, name) }
        for name in ["localOnly", "splitEntities"] { _ = try bool(body, name) }
        for member in body.members where !Self.members.contains(member.key) {
            throw Self.error("A subscription has no member '\(member.key)'.")
        }
    }

    /// Throws for unknown members: a misspelt one would widen what is told.
    ///
    /// This is not checked for stored bodies, which the hub may have accepted before it was so
    /// strict.
    static func requireKnownMembers(_ body: JSONObject) throws(BrokerError) {
        try EntitySelectorReader.requireKnownMembers(body["entities"])
        try require(notificationMembers, in: body["notification"], at: "notification")
        let endpoint = body["notification"]?.objectValue?["endpoint"]
        try require(endpointMembers, in: endpoint, at: "notification.endpoint")
        try require(geoMembers, in: body["geoQ"], at: "geoQ")
        try require(temporalMembers, in: body["temporalQ"], at: "temporalQ")
    }

    private static let notificationMembers: Set<String> = [
        "attributes", "endpoint", "format", "join", "joinLevel", "omit", "pick", "showChanges",
        "sysAttrs",
    ]
    private static let endpointMembers: Set<String> = [
        "uri", "accept", "cooldown", "notifierInfo", "receiverInfo", "timeout",
    ]
    private static let geoMembers: Set<String> = [
        "geometry", "coordinates", "georel", "geoproperty",
    ]
    private static let temporalMembers: Set<String> = [
        "timerel", "timeAt", "endTimeAt", "timeproperty",
    ]

    private static let members: Set<String> = [
        "id", "@id", "type", "@type", "@context", "subscriptionName", "description", "entities",
        "notificationTrigger", "watchedAttributes", "timeInterval", "throttling", "q", "geoQ",
        "scopeQ", "csf", "datasetId", "expandValues", "expiresAt", "isActive", "jsonKeys",
        "jsonldContext", "lang", "localOnly", "ngsildConformance", "splitEntities", "notification",
        "temporalQ",
    ]

    /// Members that only the hub writes; a caller's are ignored (table 5.2.12-2, clause 5.2.14.2).
    static let readOnlyMembers: Set<String> = ["status", "createdAt", "modifiedAt"]
    static let readOnlyNotificationMembers: Set<String> = [
        "status", "timesSent", "timesFailed", "lastNotification", "lastSuccess", "lastFailure",
        "lastFailureReason",
    ]
}
