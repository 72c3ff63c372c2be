import ContextModel
import Testing

@testable import Gateway

@Suite struct OpenAPITests {
    private func descriptions() async throws -> [RouteDescription] {
        let world = try await AccessWorld()
        try await world.test { _ in }
        return world.routes.descriptions
    }

    @Test func `every body of JSON-LD has a schema`() async throws {
        let nameless = try await descriptions().filter {
            $0.accepts.contains(MediaType.jsonLD.rawValue) && $0.body == nil
        }
        #expect(nameless.map(\.path).isEmpty, "Name the shape of the body in the description.")
    }

    @Test func `each operation has a unique name, such as createEntity`() async throws {
        let names = try await descriptions().map(OpenAPI.operationID)
        let repeated = Dictionary(grouping: names) { $0 }.filter { $0.value.count > 1 }.keys
        #expect(repeated.isEmpty)
        #expect(names.contains("createEntity"))
        #expect(names.contains("retrieveEntity"))
        #expect(names.allSatisfy { $0.wholeMatch(of: /[a-z][A-Za-z0-9]+/) != nil })
    }

    @Test func `every schema is an object, and every array has a schema of items`() async throws {
        let document = OpenAPI.document(try await descriptions(), version: "1")
        let schemas = schemas(in: document)
        #expect(schemas.count > 100)
        for schema in schemas {
            #expect(schema.objectValue != nil, "Generators of clients refuse \(schema).")
            if schema.objectValue?["type"] == "array" {
                #expect(schema.objectValue?["items"] != nil)
            }
        }
    }

    /// The schemas in the document.
    private func schemas(in value: JSONValue) -> [JSONValue] {
        switch value {
        case .object(let object):
            object.members.flatMap { key, value -> [JSONValue] in
                switch key {
                case "schema", "items", "not", "additionalProperties":
                    [value].filter { $0 != false } + schemas(in: value)
                case "properties", "schemas":
                    (value.objectValue?.members.map(\.value) ?? []).flatMap {
                        [$0] + schemas(in: $0)
                    }
                case "anyOf", "allOf":
                    (value.arrayValue ?? []).flatMap { [$0] + schemas(in: $0) }
                default: schemas(in: value)
                }
            }
        case .array(let elements): elements.flatMap(schemas(in:))
        default: []
        }
    }

    @Test func `every reference has a component`() async throws {
        let document = OpenAPI.document(try await descriptions(), version: "1")
        let references = Set(references(in: document))
        #expect(references.contains("#/components/schemas/Entity"))
        for reference in references {
            let found = reference.split(separator: "/").dropFirst().reduce(document) {
                $0.objectValue?[String($1)] ?? .null
            }
            #expect(found != .null, "\(reference)")
        }
    }

    @Test func `a body of ld+json carries its @context`() {
        let required: JSONValue = [
            "allOf": [BodySchema.entity.reference, ["required": ["@context"]]]
        ]
        #expect(BodySchema.entity.schema(as: "application/ld+json") == required)
        #expect(BodySchema.entity.schema(as: "application/json") == BodySchema.entity.reference)
        #expect(
            BodySchema.entities.schema(as: "application/ld+json") == BodySchema.entities.reference
        )
    }

    private func references(in value: JSONValue) -> [String] {
        switch value {
        case .object(let object):
            object.members.flatMap { key, value in
                key == "$ref" ? [value.stringValue ?? ""] : references(in: value)
            }
        case .array(let elements): elements.flatMap(references(in:))
        default: []
        }
    }
}
