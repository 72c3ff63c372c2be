import ContextModel
import HTTPTypes

/// Writes the routes as an OpenAPI 3.1 document.
enum OpenAPI {
    static func document(_ routes: [RouteDescription], version: String) -> JSONValue {
        [
            "openapi": "3.1.0",
            "info": [
                "title": "Balai", "version": .string(version),
                "summary": "A city's data hub (NGSI-LD, ETSI GS CIM 009 v1.9.1)",
                "license": ["name": "Apache-2.0", "identifier": "Apache-2.0"],
            ],
            "tags": .array(tags(routes)),
            "paths": .object(paths(routes)),
            "components": components,
        ]
    }

    private static func tags(_ routes: [RouteDescription]) -> [JSONValue] {
        RouteDescription.Section.allCases
            .filter { section in routes.contains { $0.section == section } }
            .map { ["name": .string($0.rawValue)] }
    }

    private static func paths(_ routes: [RouteDescription]) -> JSONObject {
        var paths = JSONObject()
        for route in routes {
            var item = paths[route.path]?.objectValue ?? JSONObject()
            item[route.method.rawValue.lowercased()] = operation(route)
            paths[route.path] = .object(item)
        }
        return paths
    }

    private static func operation(_ route: RouteDescription) -> JSONValue {
        var operation: JSONObject = [
            "summary": .string(route.summary),
            "operationId": .string(operationID(route)),
            "tags": [.string(route.section.rawValue)],
        ]
        if let clause = route.clause {
            operation["description"] = .string("ETSI GS CIM 009 clause \(clause).")
        }
        let parameters = parameters(route)
        if !parameters.isEmpty { operation["parameters"] = .array(parameters) }
        if !route.accepts.isEmpty {
            operation["requestBody"] = [
                "required": true, "content": content(route.accepts, route.body),
            ]
        }
        operation["responses"] = responses(route)
        return .object(operation)
    }

    /// The name of the operation in generated clients: `createEntity` for "Create an entity".
    static func operationID(_ route: RouteDescription) -> String {
        let words = route.summary.prefix { $0 != "(" }.split(separator: " ")
            .map { word in word.filter { $0.isASCII && ($0.isLetter || $0.isNumber) } }
            .filter { !["a", "an", "the"].contains($0) }
        let rest = words.dropFirst().map { $0.prefix(1).uppercased() + $0.dropFirst() }
        return ([words.first?.lowercased() ?? ""] + rest).joined()
    }

    private static func parameters(_ route: RouteDescription) -> [JSONValue] {
        let captures = route.captures.map { name -> JSONValue in
            [
                "name": .string(name), "in": "path", "required": true,
                "schema": ["type": "string"],
            ]
        }
        let query = route.query.map { parameter -> JSONValue in
            [
                "name": .string(parameter.name), "in": "query",
                "description": .string(parameter.summary),
                "required": .bool(parameter.isRequired),
                "schema": ["type": .string(parameter.kind.rawValue)],
            ]
        }
        return captures + query
            + headers(route).map { name in
                ["$ref": .string("#/components/parameters/\(name)")]
            }
    }

    private static func headers(_ route: RouteDescription) -> [String] {
        if route.section == .operations || route.section == .pages { return [] }
        let snapshot = route.section.isOfSnapshots ? ["NGSILD-Snapshot"] : []
        let isMapped = route.query.contains { $0.name == "entityMap" }
        let map = isMapped && route.section != .entityMaps ? ["NGSILD-EntityMap"] : []
        return ["NGSILD-Tenant", "Data-Purpose"] + snapshot + map
    }

    private static func header(_ name: String, _ summary: String) -> JSONValue {
        [
            "name": .string(name), "in": "header", "required": false,
            "description": .string(summary), "schema": ["type": "string"],
        ]
    }

    private static func content(_ mediaTypes: [String], _ body: BodySchema? = nil) -> JSONValue {
        let types = mediaTypes.map { type -> (key: String, value: JSONValue) in
            (type, ["schema": body?.schema(as: type) ?? schema(as: type)])
        }
        return .object(JSONObject(types))
    }

    /// The schema of a body without one of our own: text, bytes, or any JSON.
    private static func schema(as mediaType: String) -> JSONValue {
        if mediaType.hasPrefix("text/") { return ["type": "string"] }
        if mediaType.hasSuffix("json") { return BodySchema.anything }
        return ["type": "string", "format": "binary"]
    }

    private static func responses(_ route: RouteDescription) -> JSONValue {
        var good: JSONObject = ["description": "Done"]
        if let type = route.answers { good["content"] = content([type]) }
        var responses: JSONObject = ["\(route.status)": .object(good)]
        if !route.accepts.isEmpty {
            responses["415"] = ["$ref": "#/components/responses/UnsupportedMediaType"]
        }
        responses["default"] = ["$ref": "#/components/responses/Problem"]
        return .object(responses)
    }

    private static let components: JSONValue = [
        "parameters": [
            "NGSILD-Tenant": header(
                "NGSILD-Tenant",
                "The tenant; without it, the default tenant."
            ),
            "Data-Purpose": header(
                "Data-Purpose",
                "Why data is asked for: a purpose of the Data Privacy Vocabulary, as "
                    + "\"dpv:ImproveTransportMobility\"."
            ),
            "NGSILD-Snapshot": header(
                "NGSILD-Snapshot",
                "The snapshot; without it, the present data of the city."
            ),
            "NGSILD-EntityMap": header(
                "NGSILD-EntityMap",
                "The EntityMap that lists the entities."
            ),
        ],
        "responses": [
            // Their status has all the information (clause 6.3.4).
            "UnsupportedMediaType": ["description": "The body is of another type"],
            "Problem": [
                "description": "What went wrong (RFC 9457)",
                "content": [
                    "application/json": ["schema": ["$ref": "#/components/schemas/Problem"]]
                ],
            ],
        ],
        "schemas": .object(schemas),
        "securitySchemes": [
            "token": [
                "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
                "description": .string(
                    "A token that the hub signed (balai token issue) or an issuer whom it trusts, "
                        + "or an opaque one (balai token add)."
                ),
            ],
            "session": [
                "type": "apiKey", "in": "cookie", "name": "balai-session",
                "description": .string(
                    "The session of somebody who signed in by browser (balai login); "
                        + "\"__Host-balai-session\" over https. For the hub's own pages."
                ),
            ],
        ],
    ]

    private static let schemas: JSONObject = {
        var schemas = BodySchema.components
        schemas["Problem"] = [
            "type": "object",
            "properties": [
                "type": ["type": "string", "format": "uri"], "title": ["type": "string"],
                "detail": ["type": "string"], "status": ["type": "integer"],
            ],
            "required": ["type", "title", "status"],
        ]
        return schemas
    }()
}
