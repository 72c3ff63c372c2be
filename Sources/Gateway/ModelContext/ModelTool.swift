import Broker
import ContextModel

/// What a language model can do with the hub; all of it reads.
enum ModelTool: String, CaseIterable {
    case listTypes = "list_types"
    case queryEntities = "query_entities"
    case readHistory = "read_history"
    case aggregateHistory = "aggregate_history"
    case explainAccess = "explain_access"

    /// The parameters of the API that the tool's arguments become, each with its explanation.
    var arguments: [(name: String, explanation: String)] {
        switch self {
        case .listTypes: []
        case .queryEntities:
            [
                ("type", "Entity type, as list_types tells; several with commas"),
                ("id", "Identifiers, with commas"),
                ("q", "Condition on values, such as temperature>30;status==\"open\""),
                ("attrs", "Attributes to show, with commas; entities without any are left out"),
                ("georel", "near;maxDistance==1000 (metres), within, intersects"),
                ("geometry", "Point or Polygon, with georel"),
                ("coordinates", "[longitude,latitude], or the rings of a Polygon, with georel"),
                ("orderBy", "Attribute to sort by, such as temperature;desc"),
                ("limit", "Entities of a page, 20 unless given"),
                ("offset", "Entities before the page"),
            ]
        case .readHistory:
            [("type", "Entity type"), ("id", "Identifiers, with commas")] + Self.range + [
                ("lastN", "The newest readings of each attribute, 100 unless given"),
                ("limit", "Entities of a page, 20 unless given"),
                ("offset", "Entities before the page"),
            ]
        case .aggregateHistory:
            [("type", "Entity type"), ("id", "Identifiers, with commas")] + Self.range + [
                (
                    "aggrMethods",
                    "avg, min, max, sum, totalCount, distinctCount, stddev, with commas"
                ),
                ("aggrPeriodDuration", "ISO 8601 duration of a period, such as PT1H, P1D or P1M"),
                ("limit", "Entities of a page, 20 unless given"),
                ("offset", "Entities before the page"),
            ]
        case .explainAccess: [("type", "The entity type whose data is missing")]
        }
    }

    private static let range = [
        ("attrs", "Attributes, with commas"),
        ("timerel", "after, before or between"),
        ("timeAt", "Moment in UTC, such as 2026-01-31T00:00:00Z"),
        ("endTimeAt", "Second moment of timerel=between"),
    ]

    private var explanation: String {
        switch self {
        case .listTypes:
            "List the entity types that you can read, with their attributes and counts."
        case .queryEntities: "Read the present state of entities."
        case .readHistory: "Read the readings of entities over time."
        case .aggregateHistory: "Summarise the readings of entities by periods."
        case .explainAccess: "Explain who you are to the hub, and why data may be missing."
        }
    }

    /// The tool as `tools/list` describes it.
    var description: JSONValue {
        let properties = arguments.map {
            (
                key: $0.name,
                value: ["type": "string", "description": .string($0.explanation)] as JSONValue
            )
        }
        return [
            "name": .string(rawValue), "description": .string(explanation),
            "inputSchema": [
                "type": "object", "properties": .object(JSONObject(properties)),
                "additionalProperties": false,
            ],
            "annotations": ["readOnlyHint": true, "openWorldHint": false],
        ]
    }
}

/// The arguments of a tool, as parameters of the API.
struct ToolArguments {
    private(set) var items = QueryItems()

    /// Throws for an argument that the tool does not have.
    init(_ json: JSONObject, of tool: ModelTool) throws(BrokerError) {
        let known = Set(tool.arguments.map(\.name))
        for (name, value) in json.members where !value.isNull {
            guard known.contains(name) else {
                throw BrokerError(.badRequestData, "\(tool.rawValue) has no argument '\(name)'.")
            }
            let texts = value.arrayValue?.map { $0.stringValue ?? $0.text }
            let isPlace = name == "coordinates"
            items[name] =
                value.stringValue ?? (isPlace ? nil : texts?.joined(separator: ",")) ?? value.text
        }
    }
}
