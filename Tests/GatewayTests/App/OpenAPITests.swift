import ContextModel
import Testing

@testable import Gateway

@Suite struct OpenAPITests {
    private func descriptions() async throws -> [RouteDescription] {
        let world = try await AccessWorld()
        try await world.test { _ in }
        return world.routes.descriptions
    }

    @Test func `every body of JSON-LD has a shape`() async throws {
        let nameless = try await descriptions().filter {
            $0.accepts.contains(MediaType.jsonLD.rawValue) && $0.body == nil
        }
        #expect(nameless.map(\.path).isEmpty, "Name the shape of the body in the description.")
    }

    @Test func `every reference leads to a component`() async throws {
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
