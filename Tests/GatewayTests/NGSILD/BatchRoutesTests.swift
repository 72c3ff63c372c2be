import Broker
import Clauses
import ContextModel
import HTTPTypes
import HummingbirdTesting
import Testing

@testable import Gateway

@Suite(.clause("5.5.11", "SAME_ENTITY_IN_ARRAY")) struct BatchRoutesTests {
    private static func bus(_ speed: Int) -> JSONValue {
        [
            "id": "urn:x:1", "type": "Bus",
            "speed": ["type": "Property", "value": .number(JSONNumber(speed))],
        ]
    }

    @Test func `of two instances of one entity the first is created`() async throws {
        try await ServedHub().test { client in
            let path = "entityOperations/create"
            let answer = try await client.send(.post, path, .array([Self.bus(1), Self.bus(2)]))
            #expect(answer.status.code == 207)
            let result = try answer.json
            #expect(result["success"] == ["urn:x:1"])
            let error = result["errors"]?.arrayValue?.first?.objectValue
            #expect(error?["entityId"] == "urn:x:1")
            #expect(
                error?["error"]?.objectValue?["type"]?.stringValue?.hasSuffix("AlreadyExists")
                    == true
            )
            #expect(try await client.speed == 1)
        }
    }

    @Test(arguments: ["upsert", "upsert?options=update"])
    func `of two instances of one entity the last one stays`(path: String) async throws {
        try await ServedHub().test { client in
            let path = "entityOperations/\(path)"
            let made = try await client.send(.post, path, .array([Self.bus(1), Self.bus(2)]))
            #expect(made.status == .created)
            #expect(try await client.speed == 2)
        }
    }

    @Test(arguments: ["update", "merge"])
    func `changes of one entity are made in their order`(operation: String) async throws {
        try await ServedHub().test { client in
            try await client.makeBuses([1])
            let path = "entityOperations/\(operation)"
            let changed = try await client.send(.post, path, .array([Self.bus(7), Self.bus(8)]))
            #expect(changed.status == .noContent)
            #expect(try await client.speed == 8)
        }
    }

    @Test func `an entity is deleted once, and an invalid URI fails alone`() async throws {
        try await ServedHub().test { client in
            try await client.makeBuses([1])
            let answer = try await client.send(
                .post,
                "entityOperations/delete",
                ["urn:x:1", "urn:x:1", "no uri"]
            )
            #expect(answer.status.code == 207)
            let result = try answer.json
            #expect(result["success"] == ["urn:x:1"])
            let failed = result["errors"]?.arrayValue?.map { $0.objectValue?["entityId"] }
            #expect(failed == ["urn:x:1", "no uri"])
            for body: JSONValue in [[], [1], [.null]] {
                let refused = try await client.send(.post, "entityOperations/delete", body)
                #expect(refused.status == .badRequest)
            }
        }
    }

    @Test(
        .clause("6.3.20"),
        arguments: [
            "create?options=x", "upsert?options=noOverwrite", "update?options=replace",
            "merge?options=noOverwrite",
        ]
    )
    func `an option of another operation is refused`(path: String) async throws {
        try await ServedHub().test { client in
            let answer = try await client.send(
                .post,
                "entityOperations/\(path)",
                .array([Self.bus(1)])
            )
            #expect(answer.status == .badRequest)
            #expect(try answer.json["type"]?.stringValue?.hasSuffix("InvalidRequest") == true)
        }
    }
}

extension ServedClient {
    /// The speed of the only bus.
    fileprivate var speed: JSONValue? {
        get async throws {
            let bus = try await send(.get, "entities/urn:x:1?format=simplified")
            return try bus.json["speed"]
        }
    }
}
