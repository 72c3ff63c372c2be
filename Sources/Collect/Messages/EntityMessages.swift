package import ContextModel

/// Reads entities that other brokers send: notifications of NGSI-LD and of NGSIv2, lists of entities, or
/// one entity.
///
/// They need no map: they are entities already. An identifier that is no URI becomes one.
struct EntityMessages: Sendable {
    /// The most entities of a message.
    static let maximumEntities = 10_000

    func map(_ message: SourceMessage) -> MappedMessage {
        var mapped = MappedMessage()
        do throws(RowRefusal) {
            let (entities, context) = try Self.entities(in: try message.json)
            guard entities.count <= Self.maximumEntities else {
                throw RowRefusal(
                    reason: "The message has more than \(Self.maximumEntities) entities."
                )
            }
            for (index, json) in entities.enumerated() {
                let place = entities.count > 1 ? "Entity \(index + 1)" : nil
                let foreign = ForeignEntity(json, context)
                guard let entity = foreign.entity else {
                    mapped.refuse(foreign.problems.first ?? "It is no entity.", place)
                    continue
                }
                for problem in foreign.problems { mapped.refuse(problem, place) }
                mapped.entities.append(.object(entity))
            }
        } catch {
            mapped.refuse(error.reason, nil)
        }
        return mapped
    }

    func rowCount(of message: SourceMessage) -> Int {
        guard let json = try? message.json else { return 0 }
        return (try? Self.entities(in: json).0.count) ?? 0
    }

    /// The entities of a message, and the `@context` of all of them.
    private static func entities(
        in json: JSONValue
    ) throws(RowRefusal) -> ([JSONValue], JSONValue?) {
        guard case .object(let object) = json else {
            if let list = json.arrayValue { return (list, nil) }
            throw RowRefusal(
                reason: "The message is a notification or entities, not \(json.excerpt)."
            )
        }
        guard let data = object["data"], object["type"] == nil || object["type"] == "Notification"
        else { return ([json], nil) }
        guard let list = data.arrayValue else {
            throw RowRefusal(reason: "The `data` of the notification is not a list of entities.")
        }
        return (list, object["@context"])
    }
}

/// An entity as another broker writes it, as one of NGSI-LD.
package struct ForeignEntity {
    /// In the normalized or concise representation; nil where it is no entity.
    package private(set) var entity: JSONObject?
    /// The reasons why it, or attributes of it, cannot be used.
    package private(set) var problems: [String] = []

    /// `context` is the `@context` for an entity without its own.
    package init(_ json: JSONValue, _ context: JSONValue? = nil) {
        guard case .object(let object) = json, let id = object["id"]?.stringValue, !id.isEmpty
        else {
            problems = ["\(json.excerpt) is no entity with an `id`."]
            return
        }
        let types = object["type"]?.arrayValue ?? [object["type"]].compactMap(\.self)
        let type = types.first?.stringValue ?? ""
        guard !type.isEmpty else {
            problems = ["'\(id)' has no type."]
            return
        }
        guard object["deletedAt"] == nil else {
            problems = ["'\(id)' was deleted, which is not followed here."]
            return
        }
        var entity = JSONObject([
            ("id", .string(Self.uri(id, type: type))), ("type", object["type"] ?? .string(type)),
        ])
        let moment = Self.moment(of: object["TimeInstant"])
        for (name, value) in object.members where !Self.own.contains(name) {
            do throws(EntityError) {
                if let attribute = try Self.attribute(value, moment) {
                    entity.members.append((name, attribute))
                }
            } catch {
                problems.append("'\(id)', \(name.prefix(80)): \(error.detail)")
            }
        }
        if let scope = object["scope"] { entity["scope"] = scope }
        if let context = object["@context"] ?? context { entity["@context"] = context }
        self.entity = entity
    }

    /// Members that are no attributes, or that a broker itself makes.
    private static let own: Set = [
        "id", "type", "@context", "scope", "TimeInstant", "dateCreated", "dateModified",
        "dateExpires", "createdAt", "modifiedAt", "expiresAt",
    ]

    /// The identifier, as a URN of its type where it is no URI.
    package static func uri(_ id: String, type: String) -> String {
        guard !URIText.isValid(id) else { return id }
        let kind = EntityName.percentEncoded(type)
        return "urn:ngsi-ld:\(kind):\(EntityName.percentEncoded(id))"
    }

    private static func moment(of json: JSONValue?) -> Timestamp? {
        let value = json?.objectValue?["value"] ?? json
        return value?.stringValue.flatMap { Timestamp($0) }
    }

    /// The kinds of NGSI-LD, with the member that tells them from types of NGSIv2.
    private static let kinds: [String: String] = [
        "Property": "value", "GeoProperty": "value", "Relationship": "object",
        "LanguageProperty": "languageMap", "VocabProperty": "vocab", "JsonProperty": "json",
        "ListProperty": "valueList", "ListRelationship": "objectList",
    ]
    private static let geometries: Set = [
        "Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon",
    ]

    private static func attribute(
        _ value: JSONValue,
        _ moment: Timestamp?
    ) throws(EntityError) -> JSONValue? {
        if value.isNull { return nil }
        guard case .object(let object) = value else {
            // Several instances of an attribute, or a value in the simplified representation.
            if let list = value.arrayValue, !list.isEmpty, list.allSatisfy(isNormalized) {
                return value
            }
            return dated(["type": "Property", "value": value], moment)
        }
        if isNormalized(value) { return .object(withoutSystemTimes(object)) }
        let type = object["type"]?.stringValue
        if let type, geometries.contains(type), object["coordinates"] != nil {
            return dated(["type": "GeoProperty", "value": value], moment)
        }
        guard let inner = object["value"] else {
            return dated(["type": "Property", "value": value], moment)
        }
        // The concise representation of NGSI-LD has no type where NGSIv2 has one.
        guard type != nil || object["metadata"] != nil else { return value }
        let foreign = NGSIv2Attribute(
            type: type,
            value: inner,
            metadata: object["metadata"]?.objectValue ?? JSONObject()
        )
        return try foreign.normalized().flatMap { dated($0, moment) }
    }

    private static func isNormalized(_ value: JSONValue) -> Bool {
        guard let object = value.objectValue, object["metadata"] == nil,
            let kind = object["type"]?.stringValue, let member = kinds[kind]
        else { return false }
        return object[member] != nil
    }

    private static func withoutSystemTimes(_ object: JSONObject) -> JSONObject {
        var object = object
        object.members.removeAll { ["createdAt", "modifiedAt", "instanceId"].contains($0.key) }
        return object
    }

    private static func dated(_ json: JSONObject, _ moment: Timestamp?) -> JSONValue {
        var json = json
        if let moment, json["observedAt"] == nil { json["observedAt"] = .string(moment.text) }
        return .object(json)
    }
}
