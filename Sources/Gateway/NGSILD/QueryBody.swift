import Broker
import ContextModel

/// A Query in the body of a POST (clause 5.2.23).
///
/// It is turned into the equivalent parameters of a URL, so that one reader serves both.
struct QueryBody {
    let json: JSONValue

    /// The parameters of the body and the URL, which has paging and format.
    func items(
        with url: QueryItems,
        isTemporal: Bool
    ) throws(BrokerError) -> QueryItems {
        guard let query = json.objectValue?.withPlainKeywords else {
            throw BrokerError(.badRequestData, "A Query is a JSON object, not \(json.excerpt).")
        }
        guard query["type"]?.stringValue == "Query" else {
            throw BrokerError(.badRequestData, "The body has no \"type\": \"Query\".")
        }
        var items = url
        for (name, value) in query.members {
            switch name {
            case "type", "@context", "entities": break
            case "geoQ": try add(value, named: name, to: &items, members: Self.geoMembers)
            case "temporalQ", "aggrParams":
                guard isTemporal else {
                    throw BrokerError(
                        .badRequestData,
                        "'\(name)' belongs to queries for temporal evolutions only."
                    )
                }
                try add(value, named: name, to: &items, members: Self.timeMembers)
            case "ordering": try addOrdering(value, to: &items)
            case "attrs", "pick", "omit", "datasetId", "expandValues", "jsonKeys", "aggrMethods",
                "orderBy", "containedBy", "options":
                items[name] = try list(value, named: name)
            case "q", "scopeQ", "lang", "csf", "join", "format", "entityMapLifetime":
                items[name] = try text(value, named: name)
            case "local", "entityMap", "count", "sysAttrs", "joinLevel", "limit", "offset",
                "splitEntities":
                items[name] = value.text
            default:
                throw BrokerError(.badRequestData, "A Query has no member '\(name)'.")
            }
        }
        addImpliedFormat(to: &items)
        return items
    }

    /// Adds the format that methods of aggregation imply, unless another one is named.
    private func addImpliedFormat(to items: inout QueryItems) {
        let options = (items["options"] ?? "").split(separator: ",").map(String.init)
        if items["aggrMethods"] != nil, items["format"] == nil,
            EntityParameters.knownFormats.isDisjoint(with: options)
        {
            items["format"] = "aggregatedValues"
        }
    }

    /// `entities` as it stands in the Query.
    var entities: JSONValue? { json.objectValue?["entities"] }

    /// The condition of `entities`: any of the selectors (clause 5.2.33); nil when there are none.
    func selectors(ld: LDContext) throws(BrokerError) -> Condition? {
        guard let entities else { return nil }
        try EntitySelectorReader.requireKnownMembers(entities)
        return .any(of: try EntitySelectorReader(context: ld).selectors(entities))
    }

    private static let geoMembers = ["geometry", "coordinates", "georel", "geoproperty"]
    private static let timeMembers = [
        "timerel", "timeAt", "endTimeAt", "timeproperty", "lastN", "aggrMethods",
        "aggrPeriodDuration",
    ]

    private func add(
        _ value: JSONValue,
        named name: String,
        to items: inout QueryItems,
        members: [String]
    ) throws(BrokerError) {
        guard case .object(let object) = value, !object.isEmpty else {
            throw BrokerError(
                .badRequestData,
                "'\(name)' is not an object with members: \(value.excerpt)."
            )
        }
        for (member, value) in object.members {
            guard members.contains(member) else {
                throw BrokerError(.badRequestData, "'\(name)' has no member '\(member)'.")
            }
            let path = "\(name).\(member)"
            switch (member, value) {
            case ("coordinates", .array), ("lastN", .number): items[member] = value.text
            case ("aggrMethods", _): items[member] = try list(value, named: path)
            default: items[member] = try text(value, named: path)
            }
        }
    }

    /// Adds the OrderingParams (clause 5.2.43).
    private func addOrdering(
        _ value: JSONValue,
        to items: inout QueryItems
    ) throws(BrokerError) {
        guard case .object(let ordering) = value, let orderBy = ordering["orderBy"] else {
            throw BrokerError(.badRequestData, "'ordering' has no 'orderBy': \(value.excerpt).")
        }
        items["orderBy"] = try list(orderBy, named: "orderBy")
        for (member, value) in ordering.members where member != "orderBy" {
            switch (member, value) {
            case ("collation", .string(let text)): items["collation"] = text
            case ("geometry", .string(let text)): items["orderGeometry"] = text
            case ("coordinates", .array): items["orderFrom"] = value.text
            default:
                throw BrokerError(
                    .badRequestData,
                    "'ordering' cannot have '\(member)' as \(value.excerpt)."
                )
            }
        }
    }

    private func list(_ value: JSONValue, named name: String) throws(BrokerError) -> String {
        let elements = value.arrayValue ?? [value]
        let texts = elements.compactMap(\.stringValue)
        guard !texts.isEmpty, texts.count == elements.count else {
            throw BrokerError(
                .badRequestData,
                "'\(name)' is not a list of names: \(value.excerpt)."
            )
        }
        return texts.joined(separator: ",")
    }

    private func text(_ value: JSONValue, named name: String) throws(BrokerError) -> String {
        guard let text = value.stringValue else {
            throw BrokerError(.badRequestData, "'\(name)' is not text: \(value.excerpt).")
        }
        return text
    }
}
