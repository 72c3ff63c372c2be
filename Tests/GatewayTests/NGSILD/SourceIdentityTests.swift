import Broker
import Clauses
import ContextModel
import HTTPTypes
import HummingbirdTesting
import Testing

@testable import Gateway

@Suite(.clause("5.15.1")) struct SourceIdentityTests {
    private static let path = "info/sourceIdentity"
    private static let tenant: HTTPFields = [.known("NGSILD-Tenant"): "harbour"]

    @Test func `a hub tells its identity and its start`() async throws {
        try await ServedHub().test { client in
            let answer = try await client.send(.get, Self.path)
            #expect(answer.status == .ok)
            let identity = try answer.json
            #expect(identity["type"] == "ContextSourceIdentity")
            #expect(identity["id"]?.stringValue.map(URIText.isValid) == true)
            #expect(identity["contextSourceAlias"]?.stringValue?.isEmpty == false)
            let uptime = identity["contextSourceUptime"]?.stringValue
            #expect(uptime.flatMap { ISODuration($0) } != nil)
            let now = identity["contextSourceTimeAt"]?.stringValue
            #expect(now.flatMap { Timestamp($0) } != nil)
        }
    }

    @Test func `each tenant has its own alias, and a missing tenant has none`()
        async throws
    {
        try await ServedHub().test { client in
            let missing = try await client.send(.get, Self.path, headers: Self.tenant)
            #expect(missing.status == .notFound)
            let bus: JSONValue = ["id": "urn:x:1", "type": "Bus"]
            _ = try await client.send(.post, "entities", bus, headers: Self.tenant)
            let own = try await client.send(.get, Self.path, headers: Self.tenant).json
            let whole = try await client.send(.get, Self.path).json
            let aliases = [own, whole].map { $0["contextSourceAlias"]?.stringValue ?? "" }
            #expect(aliases[0] == aliases[1] + "-harbour")
            #expect(own["id"] != whole["id"])
        }
    }
}
