import Clauses
import ContextModel
import HTTPTypes
import HummingbirdTesting
import Testing

@testable import Gateway

@Suite(.clause("5.5.10", "6.3.14")) struct ContextRoutesTests {
    @Test func `answers about contexts name the tenant of the request`() async throws {
        let name = HTTPField.Name.known("NGSILD-Tenant")
        let inside: HTTPFields = [name: "harbour"]
        try await ServedHub().test { client in
            let bus: JSONValue = ["id": "urn:x:1", "type": "Bus"]
            _ = try await client.send(.post, "entities", bus, headers: inside)
            let city: JSONValue = ["@context": ["Bus": "https://city.example/Bus"]]
            let made = try await client.send(.post, "jsonldContexts", city, headers: inside)
            #expect(made.headers[name] == "harbour")
            let id = try #require(made.headers[.location]?.split(separator: "/").last)
            for path in ["", "/\(id)", "/\(id)?details=true"] {
                let answer = try await client.send(.get, "jsonldContexts\(path)", headers: inside)
                #expect(answer.status == .ok && answer.headers[name] == "harbour")
            }
            let served = try await client.send(.get, "jsonldContexts/\(id)")
            #expect(served.headers[name] == nil && served.headers[.link] == nil)
            #expect(try served.json == city.objectValue)
        }
    }
}
