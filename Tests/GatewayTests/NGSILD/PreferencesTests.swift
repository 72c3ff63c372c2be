import Broker
import Clauses
import ContextModel
import HTTPTypes
import HummingbirdTesting
import Synchronization
import Testing

@testable import Gateway

@Suite(.clause("4.3.6.8", "6.3.6")) struct PreferencesTests {
    private static let bus: JSONValue = [
        "id": "urn:x:1", "type": "Bus", "stops": ["type": "ListProperty", "valueList": [1, 2]],
    ]
    private static let plain: JSONValue = ["type": "Property", "value": [1, 2]]

    private func get(_ path: String, _ preference: String) async throws -> TestResponse {
        let box = Mutex<TestResponse?>(nil)
        try await ServedHub().test { client in
            _ = try await client.send(.post, "entities", Self.bus)
            let answer = try await client.send(.get, path, headers: [.prefer: preference])
            box.withLock { $0 = answer }
        }
        return try #require(box.withLock { $0 })
    }

    @Test(arguments: [
        "ngsi-ld=1.6", "NGSI-LD=1.6", "ngsi-ld=\"1.6\"", "respond-async, ngsi-ld = 1.6",
        "ngsi-ld=1.6; q=0.1",
    ])
    func `a version is preferred in all the syntaxes of HTTP`(preference: String) async throws {
        let answer = try await get("entities/urn:x:1", preference)
        #expect(answer.status == .nonAuthoritativeInformation)
        #expect(answer.headers[.preferenceApplied] == "ngsi-ld=1.6")
        #expect(try answer.json["stops"] == Self.plain)
    }

    @Test func `evolutions conform to the version as well, and other answers stay as they are`()
        async throws
    {
        let evolution = try await get("temporal/entities/urn:x:1", "ngsi-ld=1.6")
        #expect(evolution.status == .nonAuthoritativeInformation)
        #expect(evolution.headers[.preferenceApplied] == "ngsi-ld=1.6")
        let stops = try evolution.json["stops"]?.arrayValue?.first?.objectValue
        #expect(stops?["type"] == "Property")
        let types = try await get("types", "ngsi-ld=1.6")
        #expect(types.status == .ok && types.headers[.preferenceApplied] == "ngsi-ld=1.6")
    }

    @Test func `a future version gets the hub's own, and an invalid one is ignored`()
        async throws
    {
        let later = try await get("entities/urn:x:1", "ngsi-ld=7.2")
        #expect(later.status == .ok && later.headers[.preferenceApplied] == "ngsi-ld=1.9")
        let none = try await get("entities/urn:x:1", "ngsi-ld=new")
        #expect(none.status == .ok && none.headers[.preferenceApplied] == nil)
    }
}
