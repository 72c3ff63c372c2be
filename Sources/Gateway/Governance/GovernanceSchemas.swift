import Broker
import ContextModel
import Governance

/// The shapes of bodies about rights, each with an example.
extension BodySchema {
    /// A class that every tenant has, or one of its own.
    private static let dataClass = text

    static let classificationSchema = object(
        [
            "@classes": [
                "type": "object",
                "additionalProperties": [
                    "type": "object",
                    "properties": [
                        "above": dataClass, "grant": one(of: ["any", "purpose"]),
                        "record": one(of: ["counted", "logged"]),
                        "choice": one(of: ["none", "objection", "consent"]),
                    ],
                    "required": ["above", "grant", "record", "choice"],
                    "additionalProperties": false,
                ],
            ]
        ],
        rest: [
            "type": "object",
            "properties": [
                "class": dataClass, "subject": oneOrMany(text),
                "attributes": ["type": "object", "additionalProperties": dataClass],
                "retention": ["type": "string", "format": "duration"],
                "controller": one(of: ControllerKind.names.map { "dpv:" + $0 }),
            ],
            "required": ["class"], "additionalProperties": false,
        ],
        example: [
            "Visit": [
                "class": "personal", "subject": "patient", "attributes": ["ward": "internal"],
                "retention": "P2Y", "controller": "dpv:GovernmentalOrganisation",
            ],
            "@classes": [
                "confidential": [
                    "above": "internal", "grant": "purpose", "record": "counted",
                    "choice": "none",
                ]
            ],
            "Plan": ["class": "confidential"],
        ]
    )

    private static let texts: JSONValue = ["type": "array", "items": text]

    static let citySchema = object(
        [
            "name": ["type": "string", "maxLength": 200],
            "latitude": ["type": "number", "minimum": -90, "maximum": 90],
            "longitude": ["type": "number", "minimum": -180, "maximum": 180],
            "license": ["type": "string", "format": "uri"], "contact": ["type": "string"],
        ],
        required: ["name", "latitude", "longitude"]
    )

    static let commonRulesSchema = object(
        [
            "version": integer,
            "public": [
                "type": "object",
                "properties": [
                    "types": texts, "scopes": texts, "hiddenAttributes": texts,
                    "measures": ["type": "boolean"],
                ],
                "additionalProperties": false,
            ],
            "permissions": [
                "type": "object",
                "additionalProperties": [
                    "type": "object",
                    "properties": [
                        "party": text, "actions": texts, "types": texts, "scopes": texts,
                        "hiddenAttributes": texts,
                    ],
                    "additionalProperties": false,
                ],
            ],
            "prohibitions": [
                "type": "object",
                "additionalProperties": [
                    "type": "object",
                    "properties": [
                        "parties": texts, "types": texts, "scopes": texts, "ids": texts,
                        "attributes": texts,
                    ],
                    "additionalProperties": false,
                ],
            ],
        ],
        example: [
            "version": 1, "public": ["types": ["Bus"], "hiddenAttributes": ["plate"]],
            "permissions": [
                "bus-company": ["actions": ["read", "write"], "types": ["Bus"]]
            ],
        ]
    )

    static let policySchema = object(
        [
            "@type": one(of: ["Set", "Policy", "Offer", "Agreement"]), "uid": uri,
            "permission": oneOrMany(["type": "object"]),
            "prohibition": oneOrMany(["type": "object"]),
        ],
        required: ["@type", "uid"],
        rest: anything,
        example: [
            "@context": "http://www.w3.org/ns/odrl.jsonld", "@type": "Set",
            "uid": "urn:balai:policy:clinic",
            "permission": [
                [
                    "action": "read", "assignee": "urn:balai:party:clinic", "target": "Visit",
                    "constraint": [
                        [
                            "leftOperand": "purpose", "operator": "eq",
                            "rightOperand": "https://w3id.org/dpv#PublicHealth",
                        ]
                    ],
                    "duty": [
                        [
                            "action": [
                                "rdf:value": ["@id": "round"],
                                "refinement": [
                                    "leftOperand": "step", "operator": "eq", "rightOperand": 10,
                                ],
                            ],
                            "target": ["age"],
                        ]
                    ],
                ]
            ],
        ]
    )

    static let choiceSchema = object(
        [
            "subject": uri, "purpose": text, "recipient": ["type": ["string", "null"]],
            "choice": one(of: Choice.Kind.allCases.map(\.word)),
        ],
        required: ["subject", "purpose", "choice"],
        example: [
            "subject": "urn:ngsi-ld:Person:siti", "purpose": "dpv:PublicHealth",
            "recipient": "urn:balai:party:clinic", "choice": "object",
        ]
    )

    private static let integer: JSONValue = ["type": "integer"]
    private static let number: JSONValue = ["type": "number"]

    static let statisticSchema = object(
        [
            "statistic": one(of: ["count", "sum", "histogram"]), "type": text, "attribute": text,
            "history": ["type": "boolean"],
            "periods": [
                "type": "object",
                "properties": [
                    "from": ["type": "string", "format": "date-time"],
                    "to": ["type": "string", "format": "date-time"],
                    "every": ["type": "string", "format": "duration"],
                ],
                "required": ["from", "to", "every"], "additionalProperties": false,
            ],
            "scopes": ["type": "array", "items": text, "minItems": 1],
            "groups": [
                "type": "object",
                "properties": [
                    "attribute": text,
                    "values": ["type": "array", "items": anything, "minItems": 1],
                    "edges": ["type": "array", "items": number, "minItems": 2],
                ],
                "additionalProperties": false,
            ],
            "upTo": integer, "decimals": integer, "binsPerPerson": integer,
            "within": ["type": "array", "items": number, "minItems": 2, "maxItems": 2],
            "epsilon": number, "rho": number,
        ],
        required: ["statistic", "type"],
        example: [
            "statistic": "count", "type": "Visit",
            "groups": ["attribute": "ward", "values": ["north", "south"]], "upTo": 1,
            "rho": .number(JSONNumber(0.005)),
        ]
    )

    static func object(
        _ members: JSONObject,
        required: [JSONValue] = [],
        rest: JSONValue = false,
        example: JSONValue
    ) -> JSONValue {
        guard case .object(var schema) = object(members, required: required, rest: rest) else {
            preconditionFailure("an object's schema is an object")
        }
        schema["examples"] = [example]
        return .object(schema)
    }
}
