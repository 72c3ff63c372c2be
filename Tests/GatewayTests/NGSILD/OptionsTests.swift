import Broker
import Clauses
import ContextModel
import HTTPTypes
import HummingbirdTesting
import Testing

@testable import Gateway

@Suite(.clause("6.3.20")) struct OptionsTests {
    @Test(arguments: [
        "entities?type=Bus&options=noOverwrite", "entities?type=Bus&format=temporalValues",
        "entities/urn:x:1?options=aggregatedValues", "entities/urn:x:1?options=update",
    ])
    func `a parameter of another operation is refused`(path: String) async throws {
        try await ServedHub().test { client in
            try await client.makeBuses([1])
            let answer = try await client.send(.get, path)
            #expect(answer.status == .badRequest)
            #expect(try answer.json["type"]?.stringValue?.hasSuffix("InvalidRequest") == true)
        }
    }

    @Test(arguments: [
        "?options=noOverwrite", "?options=count", "?format=temporalValues",
        "/attrs?options=noOverwrite",
    ])
    func `a parameter that a change does not have is refused`(path: String) async throws {
        try await ServedHub().test { client in
            try await client.makeBuses([1])
            let speed: JSONValue = ["speed": ["type": "Property", "value": 2]]
            let answer = try await client.send(.patch, "entities/urn:x:1\(path)", speed)
            #expect(answer.status == .badRequest)
            #expect(try answer.json["type"]?.stringValue?.hasSuffix("InvalidRequest") == true)
        }
    }

    @Test(arguments: ["options=keyValues", "options=simplified", "format=simplified"])
    func `a merge accepts all names of the simplified format`(format: String) async throws {
        try await ServedHub().test { client in
            try await client.makeBuses([1])
            let path = "entities/urn:x:1"
            let answer = try await client.send(.patch, "\(path)?\(format)", ["speed": 2])
            #expect(answer.status == .noContent)
            let bus = try await client.send(.get, "\(path)?format=simplified").json
            #expect(bus["speed"] == 2)
        }
    }

    @Test(arguments: ["format", "options"])
    func `a Query for entities in a format of evolutions is refused`(member: String) async throws {
        try await ServedHub().test { client in
            var query: JSONObject = ["type": "Query", "q": "speed"]
            query[member] = "temporalValues"
            let answer = try await client.send(.post, "entityOperations/query", .object(query))
            #expect(answer.status == .badRequest)
        }
    }
}
