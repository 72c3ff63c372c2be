import ContextModel

/// The schema of a JSON body in `/openapi.json`.
///
/// It is a sketch of the data types of clause 5.2: enough to write a request, but not what the hub
/// validates with.
package enum BodySchema: String, Sendable, CaseIterable {
    case entity = "Entity"
    case entityFragment = "EntityFragment"
    case attribute = "Attribute"
    case temporalEntity = "EntityTemporal"
    case entities = "Entities"
    case entityIDs = "EntityIds"
    case query = "Query"
    case subscription = "Subscription"
    case subscriptionFragment = "SubscriptionFragment"
    case registration = "ContextSourceRegistration"
    case registrationFragment = "ContextSourceRegistrationFragment"
    case ldContext = "LdContext"
    case snapshot = "Snapshot"
    case snapshotFragment = "SnapshotFragment"
    case entityMapFragment = "EntityMapFragment"
    case classification = "Classification"
    case commonRules = "CommonRules"
    case policy = "Policy"
    case choice = "Choice"
    case statistic = "Statistic"
    case exemption = "Exemption"
    case member = "Member"
    case standing = "Standing"
    case reportRules = "ReportRules"
    case reportEnvelope = "ReportEnvelope"
    case suspension = "Suspension"
    case city = "City"
    case modelContextMessage = "ModelContextMessage"
    case source = "Source"
    case sourceTrial = "SourceTrial"
    case deviceGroups = "DeviceGroups"
    case deviceGroupFragment = "DeviceGroupFragment"
    case devices = "Devices"
    case deviceFragment = "DeviceFragment"

    /// A reference to the schema in the components of the document.
    var reference: JSONValue { ["$ref": .string("#/components/schemas/\(rawValue)")] }

    /// The schema for a media type: in ld+json, an object has its `@context`.
    func schema(as mediaType: String) -> JSONValue {
        guard mediaType == MediaType.jsonLD.rawValue, self != .entities, self != .entityIDs else {
            return reference
        }
        return ["allOf": [reference, ["required": ["@context"]]]]
    }

    /// Every schema with its name.
    static let components = JSONObject(allCases.map { (key: $0.rawValue, value: $0.schema) })
}

// MARK: - Schemas

extension BodySchema {
    private var schema: JSONValue {
        switch self {
        case .entity: Self.object(Self.entityMembers, required: ["id", "type"], rest: Self.values)
        case .entityFragment: Self.object(Self.entityMembers, rest: Self.values)
        case .attribute: Self.object(Self.attributeMembers, rest: Self.anything)
        case .temporalEntity: Self.object(Self.entityMembers, rest: Self.values)
        case .entities: Self.list(Self.entity.reference)
        case .entityIDs: Self.list(Self.uri)
        case .query: Self.object(Self.queryMembers, required: ["type"])
        case .subscription:
            Self.object(Self.subscriptionMembers, required: ["type", "notification"])
        case .subscriptionFragment: Self.object(Self.subscriptionMembers)
        case .registration:
            Self.object(
                Self.registrationMembers,
                required: ["type", "information", "endpoint"],
                rest: Self.anything
            )
        case .registrationFragment: Self.object(Self.registrationMembers, rest: Self.anything)
        case .ldContext:
            Self.object(
                ["@context": Self.ldContextReference],
                required: ["@context"],
                rest: Self.anything
            )
        case .snapshot: Self.object(Self.snapshotMembers)
        case .snapshotFragment: Self.object(Self.snapshotMembers)
        case .classification: Self.classificationSchema
        case .commonRules: Self.commonRulesSchema
        case .exemption: Self.exemptionSchema
        case .member: Self.memberSchema
        case .standing: Self.standingSchema
        case .reportRules: Self.reportRulesSchema
        case .reportEnvelope: Self.reportEnvelopeSchema
        case .suspension: Self.suspensionSchema
        case .policy: Self.policySchema
        case .choice: Self.choiceSchema
        case .statistic: Self.statisticSchema
        case .city: Self.citySchema
        case .modelContextMessage: Self.modelContextSchema
        case .source: Self.sourceSchema
        case .sourceTrial: Self.sourceTrialSchema
        case .deviceGroups: Self.deviceGroupsSchema
        case .deviceGroupFragment: Self.deviceGroupFragmentSchema
        case .devices: Self.devicesSchema
        case .deviceFragment: Self.deviceFragmentSchema
        case .entityMapFragment:
            Self.object(["type": Self.constant("EntityMap"), "expiresAt": Self.moment])
        }
    }

    /// Any value, declared as an object because generators of clients do not support the schema
    /// `true`.
    static let anything: JSONValue = [:]
    static let text: JSONValue = ["type": "string", "minLength": 1]
    static let uri: JSONValue = [
        "type": "string", "format": "uri", "examples": ["urn:ngsi-ld:Bus:7"],
    ]
    private static let moment: JSONValue = ["type": "string", "format": "date-time"]
    private static let flag: JSONValue = ["type": "boolean"]
    private static let texts = oneOrMany(text)
    private static let ldContextReference: JSONValue = [
        "anyOf": [
            ["type": "string", "format": "uri", "examples": [.string(CoreContext.url)]],
            ["type": "object"],
            ["type": "array", "items": ["anyOf": [["type": "string"], ["type": "object"]]]],
        ]
    ]
    /// The value of an attribute member: its instances, or the plain value of the concise
    /// representation.
    private static let values: JSONValue = [
        "anyOf": [
            attribute.reference, list(attribute.reference), ["type": "string"],
            ["type": "number"], flag, array,
        ]
    ]

    private static let array: JSONValue = ["type": "array", "items": anything]

    static func constant(_ text: String) -> JSONValue { ["const": .string(text)] }

    static func list(_ element: JSONValue) -> JSONValue {
        ["type": "array", "minItems": 1, "items": element]
    }

    static func oneOrMany(_ element: JSONValue) -> JSONValue {
        ["anyOf": [element, list(element)]]
    }

    static func one(of texts: [String]) -> JSONValue {
        ["type": "string", "enum": .array(texts.map(JSONValue.string))]
    }

    /// An object with these members; other members have the schema `rest`.
    static func object(
        _ members: JSONObject,
        required: [JSONValue] = [],
        rest: JSONValue = false
    ) -> JSONValue {
        var properties = members
        properties["@context"] = ldContextReference
        var schema: JSONObject = ["type": "object", "properties": .object(properties)]
        if !required.isEmpty { schema["required"] = .array(required) }
        schema["additionalProperties"] = rest
        return .object(schema)
    }
}

// MARK: - Members

extension BodySchema {
    private static let entityMembers: JSONObject = [
        "id": uri, "type": texts, "scope": texts, "expiresAt": moment,
        "location": ["type": "object"],
    ]

    private static let attributeMembers: JSONObject = [
        "type": one(of: Attribute.Kind.allCases.map(\.term)), "value": anything,
        "object": oneOrMany(uri), "objectType": texts, "languageMap": ["type": "object"],
        "vocab": texts, "json": anything, "valueList": array,
        "objectList": array, "datasetId": uri, "observedAt": moment,
        "unitCode": text, "expiresAt": moment,
    ]

    private static let selectors = list([
        "type": "object", "properties": ["type": text, "id": uri, "idPattern": text],
        "required": ["type"],
    ])

    private static let geoQ: JSONValue = [
        "type": "object",
        "properties": [
            "geometry": one(of: ["Point", "LineString", "Polygon", "MultiPolygon"]),
            "coordinates": array, "geoproperty": text,
            "georel": [
                "type": "string", "examples": ["near;maxDistance==2000", "within"],
            ],
        ],
        "required": ["geometry", "coordinates", "georel"],
    ]

    private static let temporalQ: JSONValue = [
        "type": "object",
        "properties": [
            "timerel": one(of: ["before", "after", "between"]), "timeAt": moment,
            "endTimeAt": moment, "timeproperty": text,
        ],
        "required": ["timerel", "timeAt"],
    ]

    private static let queryMembers: JSONObject = [
        "type": constant("Query"), "entities": selectors, "attrs": list(text),
        "pick": list(text), "omit": list(text), "q": text, "geoQ": geoQ, "csf": text,
        "temporalQ": temporalQ, "scopeQ": text, "lang": text, "datasetId": list(uri),
        "ordering": ["type": "object", "properties": ["orderBy": list(text)]],
    ]

    private static let endpoint: JSONValue = [
        "type": "object",
        "properties": [
            "uri": uri, "accept": one(of: ["application/json", "application/ld+json"]),
        ],
        "required": ["uri"],
    ]

    private static let subscriptionMembers: JSONObject = [
        "id": uri, "type": constant("Subscription"), "subscriptionName": text,
        "description": text, "entities": selectors, "watchedAttributes": list(text),
        "notificationTrigger": list(text), "timeInterval": ["type": "number"], "q": text,
        "geoQ": geoQ, "scopeQ": text, "csf": text, "temporalQ": temporalQ, "isActive": flag,
        "expiresAt": moment, "throttling": ["type": "number"], "lang": text, "localOnly": flag,
        "notification": [
            "type": "object", "required": ["endpoint"],
            "properties": [
                "endpoint": endpoint, "attributes": list(text), "sysAttrs": flag,
                "format": one(of: ["normalized", "concise", "simplified"]), "showChanges": flag,
            ],
        ],
    ]

    private static let registrationMembers: JSONObject = [
        "id": uri, "type": constant("ContextSourceRegistration"), "registrationName": text,
        "endpoint": uri, "expiresAt": moment, "operations": list(text), "scope": texts,
        "mode": one(of: ["inclusive", "exclusive", "redirect", "auxiliary"]),
        "information": list([
            "type": "object",
            "properties": [
                "entities": selectors, "propertyNames": list(text),
                "relationshipNames": list(text),
            ],
        ]),
    ]

    private static let snapshotMembers: JSONObject = [
        "id": uri, "type": constant("Snapshot"), "snapshotQueries": list(query.reference),
        "snapshotTemporalQueries": list(query.reference),
        "snapshotLifetime": ["type": "string", "examples": ["PT1H"]],
        "snapshotPriority": ["type": "integer", "minimum": 1, "maximum": 10], "endpoint": uri,
    ]
}
