import ContextModel

extension FeatureDocuments {
    /// The description of the features' routes in OpenAPI 3.0, which the standard asks for (OGC 17-069r4 clause 9).
    ///
    /// `/openapi.json` describes every route of the hub in OpenAPI 3.1.
    var openAPI: JSONValue {
        [
            "openapi": "3.0.3",
            "info": ["title": "Balai: OGC API – Features", "version": "1.0.0"],
            "servers": [["url": .string(base)]],
            "paths": [
                "/": ["get": operation("getLandingPage", answers: "application/json")],
                "/conformance": [
                    "get": operation("getConformance", answers: "application/json")
                ],
                "/collections": [
                    "get": operation("getCollections", answers: "application/json")
                ],
                "/collections/{collectionId}": [
                    "get": operation(
                        "describeCollection",
                        [path("collectionId")],
                        answers: "application/json"
                    )
                ],
                "/collections/{collectionId}/items": [
                    "get": operation(
                        "getFeatures",
                        [path("collectionId"), box, time, filter, limit, page("offset", 0)],
                        answers: "application/geo+json"
                    )
                ],
                "/collections/{collectionId}/items/{featureId}": [
                    "get": operation(
                        "getFeature",
                        [path("collectionId"), path("featureId")],
                        answers: "application/geo+json"
                    )
                ],
            ],
        ]
    }

    private func operation(
        _ id: String,
        _ parameters: [JSONValue] = [],
        answers: String
    ) -> JSONValue {
        let schema: JSONValue = ["schema": ["type": "object"]]
        return [
            "operationId": .string(id), "parameters": .array(parameters),
            "responses": [
                "200": [
                    "description": "The answer.",
                    "content": .object(JSONObject([(key: answers, value: schema)])),
                ],
                "default": ["description": "A problem (RFC 9457)."],
            ],
        ]
    }

    private func path(_ name: String) -> JSONValue {
        [
            "name": .string(name), "in": "path", "required": true, "schema": ["type": "string"],
        ]
    }

    private var box: JSONValue {
        [
            "name": "bbox", "in": "query", "required": false, "style": "form", "explode": false,
            "schema": [
                "type": "array", "minItems": 4, "maxItems": 6, "items": ["type": "number"],
            ],
        ]
    }

    private var time: JSONValue {
        [
            "name": "datetime", "in": "query", "required": false, "style": "form",
            "explode": false, "schema": ["type": "string"],
        ]
    }

    private var filter: JSONValue {
        [
            "name": "q", "in": "query", "required": false, "style": "form", "explode": false,
            "schema": ["type": "string"], "example": "height>4",
        ]
    }

    private var limit: JSONValue {
        [
            "name": "limit", "in": "query", "required": false, "style": "form", "explode": false,
            "schema": [
                "type": "integer", "minimum": 1,
                "maximum": .number(JSONNumber(mostFeatures)),
                "default": .number(JSONNumber(FeatureParameters.defaultPage)),
            ],
        ]
    }

    private func page(_ name: String, _ least: Int) -> JSONValue {
        [
            "name": .string(name), "in": "query", "required": false, "style": "form",
            "explode": false,
            "schema": ["type": "integer", "minimum": .number(JSONNumber(least))],
        ]
    }
}
