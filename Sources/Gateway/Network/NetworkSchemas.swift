import Borders
import ContextModel

/// The shapes of bodies about borders, each with an example.
extension BodySchema {
    private static let texts: JSONValue = ["type": "array", "items": text, "minItems": 1]

    static let exemptionSchema: JSONValue = [
        "type": "object",
        "properties": [
            "title": text, "participants": texts, "purpose": text,
            "categories": [
                "type": "array", "minItems": 1,
                "items": one(of: DataCategory.allCases.map(\.rawValue)),
            ],
            "source": text, "destinations": texts, "from": text, "until": text,
            "volume": ["type": "integer", "minimum": 1], "conditions": texts,
            "report": ["type": "string", "format": "date"],
        ],
        "required": [
            "title", "participants", "purpose", "categories", "source", "destinations", "from",
            "until", "report",
        ],
        "additionalProperties": false,
        "examples": [
            [
                "title": "Clinics on both sides of the causeway",
                "participants": ["urn:balai:party:clinic"],
                "purpose": "dpv:PublicHealth",
                "categories": ["personal"],
                "source": "SG",
                "destinations": ["MY"],
                "from": "2026-12-01",
                "until": "2027-06-01",
                "volume": 1_000,
                "conditions": ["the data is deleted within a month"],
                "report": "2027-07-01",
            ]
        ],
    ]

    static let memberSchema: JSONValue = [
        "type": "object", "properties": ["descriptions": texts], "required": ["descriptions"],
        "additionalProperties": false,
    ]

    static let standingSchema: JSONValue = [
        "type": "object",
        "properties": ["standing": one(of: ["admitted", "suspended"]), "reason": text],
        "required": ["standing"], "additionalProperties": false,
        "examples": [["standing": "admitted"]],
    ]
}
