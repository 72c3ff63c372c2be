import ContextModel
import Governance

/// Reading how and where a subscription notifies (clauses 5.2.14 and 5.2.15).
extension SubscriptionReader {
    func notification(_ body: JSONObject) throws(BrokerError) -> NotificationParameters {
        guard let value = body["notification"] else {
            throw Self.error("The subscription has no 'notification'.")
        }
        guard let object = value.objectValue else {
            throw Self.error("'notification' is an object, not \(value.excerpt).")
        }
        let showsChanges = try bool(object, "showChanges", in: "notification.") ?? false
        let format = try format(object["format"])
        if showsChanges, format == .simplified {
            throw Self.error(
                "'notification.showChanges' cannot be true with format 'simplified' or "
                    + "'keyValues'."
            )
        }
        var representation = Representation(
            format: format,
            showsSystemAttributes: try bool(object, "sysAttrs", in: "notification.") ?? false,
            projection: try projection(object),
            languages: try languages(body),
            datasetIDs: try datasetIDs(body["datasetId"])
        )
        representation.abridgesDeletedAttributes = true
        representation.version = try version(body)
        representation.join = try join(object)
        guard representation.projection.depth <= representation.join?.level ?? 0 else {
            throw Self.error(
                "'notification.pick' and 'notification.omit' name members of linked entities; "
                    + "that needs a 'join' with a 'joinLevel' as deep as their braces."
            )
        }
        return NotificationParameters(
            representation: representation,
            showsChanges: showsChanges,
            endpoint: try endpoint(object["endpoint"]),
            context: notificationContext
        )
    }

    /// The version of the specification for its notifications (clause 4.3.6.8).
    private func version(_ body: JSONObject) throws(BrokerError) -> SpecificationVersion? {
        guard let text = try string(body, "ngsildConformance") else { return nil }
        guard let version = SpecificationVersion(text) else {
            throw Self.error("'ngsildConformance' is a version such as 1.6, not '\(text)'.")
        }
        return version
    }

    private func format(_ value: JSONValue?) throws(BrokerError) -> Representation.Format {
        switch value?.stringValue {
        case nil where value == nil: .normalized
        case "normalized": .normalized
        case "concise": .concise
        case "simplified", "keyValues": .simplified
        default:
            throw Self.error(
                "'notification.format' is normalized, concise, simplified or keyValues, not "
                    + "\(value?.excerpt ?? "null")."
            )
        }
    }

    private func projection(_ object: JSONObject) throws(BrokerError) -> Projection {
        let attributes = object["attributes"]
        if attributes != nil, object["pick"] != nil || object["omit"] != nil {
            throw Self.error(
                "'notification.attributes' cannot be combined with 'pick' or 'omit'; use these alone."
            )
        }
        if let names = try names(attributes, at: "notification.attributes") {
            return Projection(attributes: Set(names))
        }
        let pick = try projectionText(object["pick"], at: "notification.pick")
        let omit = try projectionText(object["omit"], at: "notification.omit")
        return try Self.parsing { () throws(ConditionError) in
            try ProjectionLanguage(expansion: context).parse(pick: pick, omit: omit)
        }
    }

    /// The elements of a projection (clause 4.21), joined to one text.
    private func projectionText(
        _ value: JSONValue?,
        at path: String
    ) throws(BrokerError) -> String? {
        guard let value else { return nil }
        return try elements(value, at: path)
            .map { element throws(BrokerError) in try Self.string(element, at: path) }
            .joined(separator: ",")
    }

    /// The retrieval of Linked Entities (clause 4.5.23).
    private func join(_ object: JSONObject) throws(BrokerError) -> Join? {
        guard let value = object["join"], value.stringValue != "@none" else { return nil }
        guard let format = value.stringValue.flatMap(Join.Format.init) else {
            throw Self.error("'notification.join' is inline, flat or @none, not \(value.excerpt).")
        }
        guard let level = object["joinLevel"] else { return Join(format) }
        guard let number = level.numberValue?.intValue,
            (1...Join.maximumLevel).contains(number)
        else {
            throw Self.error(
                "'notification.joinLevel' is a whole number from 1 to \(Join.maximumLevel), not "
                    + "\(level.excerpt)."
            )
        }
        return Join(format, level: number)
    }

    private func languages(_ body: JSONObject) throws(BrokerError) -> LanguageFilter? {
        guard let lang = try string(body, "lang") else { return nil }
        guard let languages = LanguageFilter(lang) else {
            throw Self.error("'lang' is a list of languages such as 'th,en;q=0.5', not '\(lang)'.")
        }
        return languages
    }

    // MARK: Endpoint

    private func endpoint(_ value: JSONValue?) throws(BrokerError) -> NotificationEndpoint {
        let path = "notification.endpoint"
        guard let object = value?.objectValue else {
            throw Self.error("'\(path)' is an object with the 'uri' to notify.")
        }
        guard let uri = object["uri"] else { throw Self.error("'\(path)' has no 'uri'.") }
        let accept = try object["accept"].map { value throws(BrokerError) in
            guard let type = value.stringValue.flatMap(NotificationEndpoint.MediaType.init) else {
                throw Self.error(
                    "'\(path).accept' is application/json, application/ld+json or "
                        + "application/geo+json, not \(value.excerpt)."
                )
            }
            return type
        }
        let info = try pairs(object["receiverInfo"], at: "\(path).receiverInfo")
        let mqtt = try mqttEndpoint(
            uri,
            try pairs(object["notifierInfo"], at: "\(path).notifierInfo")
        )
        let service = receiver(uri)
        if mqtt == nil, service == nil {
            try requireSendable(info, at: "\(path).receiverInfo")
            _ = try address(uri, at: "\(path).uri")
        }
        return NotificationEndpoint(
            uri: try Self.uri(uri, at: "\(path).uri"),
            accept: accept ?? .json,
            receiverInfo: info,
            mqtt: mqtt,
            service: service,
            timeoutMilliseconds: try positive(object, "timeout", in: "\(path)."),
            cooldownMilliseconds: try positive(object, "cooldown", in: "\(path).")
        )
    }

    /// The service of the city that receives the notifications and owns the subscription; nil for
    /// other receivers.
    private func receiver(_ value: JSONValue) -> ServiceReceiver? {
        guard let receiver = value.stringValue.flatMap(ServiceReceiver.init(uri:)),
            owner == .service(receiver.service)
        else { return nil }
        return receiver
    }

    /// The topic of an MQTT broker (clause 7.2); nil for other receivers.
    private func mqttEndpoint(
        _ value: JSONValue,
        _ info: [KeyValuePair]
    ) throws(BrokerError) -> MQTTEndpoint? {
        guard let uri = value.stringValue, MQTTEndpoint.scheme(of: uri) != nil else { return nil }
        let path = "notification.endpoint"
        let versionName = info.last { $0.key == "MQTT-Version" }?.value
        guard let version = versionName.map(MQTTEndpoint.Version.init) ?? .v5 else {
            throw Self.error(
                "'MQTT-Version' in '\(path).notifierInfo' is mqtt3.1.1 or mqtt5.0, not "
                    + "'\(versionName ?? "")'."
            )
        }
        let service = info.last { $0.key == "MQTT-QoS" }?.value ?? "0"
        guard let qualityOfService = Int(service), (0...2).contains(qualityOfService) else {
            throw Self.error(
                "'MQTT-QoS' in '\(path).notifierInfo' is 0, 1 or 2, not '\(service)'."
            )
        }
        let endpoint = MQTTEndpoint(
            uri: uri,
            version: version,
            qualityOfService: qualityOfService
        )
        guard let endpoint else {
            throw Self.error(
                "'\(path).uri' is an MQTT topic as in mqtt://user:password@host:1883/topic/subtopic, "
                    + "without '+' and '#', not '\(MQTTEndpoint.withoutPassword(uri))'."
            )
        }
        return endpoint
    }
}
