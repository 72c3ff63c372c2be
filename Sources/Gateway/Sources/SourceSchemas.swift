import ContextModel

extension BodySchema {
    /// The definition of a source (docs/connecting.md).
    static let sourceSchema = object(
        [
            "about": text, "webhook": anything, "mqtt": anything, "poll": anything,
            "format": one(of: [
                "json", "csv", "gtfs-realtime", "cap", "thingsboard", "ngsi", "devices",
            ]),
            "types": list(text), "rows": text, "each": text, "join": anything,
            "every": anything, "number": text,
            "reportsEvery": [
                "anyOf": [
                    ["type": "integer", "minimum": 1], one(of: ["learned", "never"]),
                ]
            ], "map": anything, "watch": anything,
        ],
        example: [
            "webhook": ["bearer": ["variable": "BALAI_SOURCE_AIR"]],
            "map": [
                "type": "AirQualityObserved", "id": "urn:ngsi-ld:AirQualityObserved:{station}",
                "time": ["column": "at"],
                "attributes": ["pm25": ["column": "pm25", "as": "number", "unitCode": "GQ"]],
            ],
        ]
    )

    /// A message that is tried.
    static let sourceTrialSchema = object(
        ["definition": anything, "message": anything, "bytes": text, "topic": text],
        example: [
            "message": ["station": "north", "at": "2026-05-01T08:00:00Z", "pm25": 12.5]
        ]
    )
}
