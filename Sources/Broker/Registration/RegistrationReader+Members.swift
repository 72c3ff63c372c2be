import ContextModel
import Federation

/// Reading the members of a registration except what it is about.
extension RegistrationReader {
    /// The members that the standard defines; every other one is a Context Source Property.
    static let members: Set<String> = [
        "id", "@id", "type", "@type", "endpoint", "contextSourceInfo", "information",
        "contextSourceAlias", "description", "datasetId", "expiresAt", "location", "management",
        "managementInterval", "mode", "observationInterval", "observationSpace", "operations",
        "operationSpace", "refreshRate", "registrationName", "scope", "tenant",
    ]

    /// Members that only the hub writes; a caller's are ignored (table 5.2.9-2).
    static let readOnlyMembers: Set<String> = [
        "status", "timesSent", "timesFailed", "lastSuccess", "lastFailure", "createdAt",
        "modifiedAt",
    ]

    /// Checks members that need only the right type.
    func checkPlainMembers(_ body: JSONObject) throws(BrokerError) {
        for name in ["description", "registrationName", "tenant"] { _ = try string(body, name) }
        if let alias = try string(body, "contextSourceAlias"),
            alias.utf8.contains(where: { $0 <= 0x20 || $0 == 0x2C || $0 == 0x7F })
        {
            throw Self.error(
                "'contextSourceAlias' has neither blanks nor commas, unlike '\(alias)'."
            )
        }
        _ = try duration(body, "refreshRate")
        try checkInfo(body["contextSourceInfo"])
        try checkManagement(body["management"])
    }

    /// Checks `contextSourceInfo`, in which some keys have a meaning and others are sent along
    /// (clause 4.3.6.6).
    private func checkInfo(_ value: JSONValue?) throws(BrokerError) {
        let pairs = try pairs(value, at: "contextSourceInfo")
        try requireSendable(pairs, at: "contextSourceInfo")
        for pair in pairs {
            let isGood =
                switch pair.key {
                case "accept", "contentType":
                    ["application/json", "application/ld+json"].contains(pair.value)
                case "jsonldContext": URIText.isValid(pair.value)
                case "ngsildConformance": Self.isVersion(pair.value)
                default: true
                }
            guard isGood else {
                throw Self.error(
                    "'contextSourceInfo' cannot have '\(pair.value)' as '\(pair.key)'."
                )
            }
        }
    }

    /// Whether the text is `major.minor`, such as 1.5.
    private static func isVersion(_ text: String) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 2
            && parts.allSatisfy { part in
                !part.isEmpty && part.utf8.allSatisfy { (0x30...0x39).contains($0) }
            }
    }

    /// Checks the management information (clause 5.2.34).
    private func checkManagement(_ value: JSONValue?) throws(BrokerError) {
        guard let value else { return }
        guard let object = value.objectValue else {
            throw Self.error("'management' is an object, not \(value.excerpt).")
        }
        for member in object.members {
            switch member.key {
            case "cacheDuration": _ = try duration(object, member.key, in: "management.")
            case "cooldown", "timeout": _ = try positive(object, member.key, in: "management.")
            case "localOnly": _ = try bool(object, member.key, in: "management.")
            default: throw Self.error("'management' has no member '\(member.key)'.")
            }
        }
    }

    private func duration(
        _ object: JSONObject,
        _ name: String,
        in parent: String = ""
    ) throws(BrokerError) -> ISODuration? {
        guard let value = object[name] else { return nil }
        guard let duration = value.stringValue.flatMap({ ISODuration($0) }) else {
            throw Self.error(
                "'\(parent)\(name)' is an ISO 8601 duration such as PT5M, not \(value.excerpt)."
            )
        }
        return duration
    }

    /// Throws for unknown members of intervals: a misspelt end would leave the interval open.
    static func requireKnownMembers(_ body: JSONObject) throws(BrokerError) {
        for name in ["observationInterval", "managementInterval"] {
            try require(["startAt", "endAt"], in: body[name], at: name)
        }
    }

    /// Reads an interval (clause 5.2.11).
    func interval(_ body: JSONObject, _ name: String) throws(BrokerError) -> TimeInterval? {
        guard let value = body[name] else { return nil }
        guard let object = value.objectValue, let start = object["startAt"] else {
            throw Self.error("'\(name)' is an object with 'startAt', not \(value.excerpt).")
        }
        var interval = TimeInterval(
            startAt: try Self.moment(
                try Self.string(start, at: "\(name).startAt"),
                at: "\(name).startAt"
            )
        )
        if let end = object["endAt"] {
            let text = try Self.string(end, at: "\(name).endAt")
            let moment = try Self.moment(text, at: "\(name).endAt")
            guard interval.startAt <= moment else {
                throw Self.error("'\(name).endAt' is before its 'startAt': '\(text)'.")
            }
            interval.endAt = moment
        }
        return interval
    }

    static func moment(_ text: String, at path: String) throws(BrokerError) -> Timestamp {
        guard let moment = Timestamp(dateTime: text) else {
            throw error("'\(path)' is not \(Timestamp.dateTimeFormat): '\(text)'.")
        }
        return moment
    }

    // MARK: As an entity

    /// The registration in the form of an entity, whose attributes are its members and its Context
    /// Source Properties (clauses 4.9 and 5.10.2).
    func entity(_ body: JSONObject, id: String) throws(BrokerError) -> Entity {
        var json: JSONObject = ["id": .string(id), "type": "ContextSourceRegistration"]
        json.members += body.members.filter {
            !Self.members.contains($0.key) || ["scope", "expiresAt"].contains($0.key)
        }
        var entity = try wholeEntity(.object(json))
        for (key, value) in body.members where Self.members.contains(key) {
            var attribute = Attribute(kind: .property, value: value)
            switch key {
            case "id", "@id", "type", "@type", "scope", "expiresAt", "information": continue
            case "location", "observationSpace", "operationSpace":
                try checkGeometry(value, at: key)
                attribute.kind = .geoProperty
            default: break
            }
            entity.attributes.append(
                NamedAttribute(name: LDContext.core.expand(key), instances: [attribute])
            )
        }
        return entity
    }

    private func wholeEntity(_ json: JSONValue) throws(BrokerError) -> Entity {
        do throws(EntityError) {
            return try EntityReader(context: context).entity(json)
        } catch {
            throw BrokerError(error)
        }
    }

    private func checkGeometry(_ value: JSONValue, at path: String) throws(BrokerError) {
        do throws(GeometryError) { _ = try Geometry(geoJSON: value) } catch {
            throw Self.error("'\(path)' is a GeoJSON geometry, not \(value.excerpt): \(error)")
        }
    }
}
