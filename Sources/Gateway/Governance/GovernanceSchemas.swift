import Broker
import ContextModel
import Governance

/// The shapes of bodies about rights, each with an example.
extension BodySchema {
    private static let dataClass = one(of: DataClass.allCases.map(\.word))

    static let classificationSchema = object(
        [:],
        rest: [
            "type": "object",
            "properties": [
                "class": dataClass, "subject": oneOrMany(text),
                "attributes": ["type": "object", "additionalProperties": dataClass],
            ],
            "required": ["class"], "additionalProperties": false,
        ],
        example: [
            "Visit": [
                "class": "personal", "subject": "patient", "attributes": ["ward": "internal"],
            ]
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

    private static func object(
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
