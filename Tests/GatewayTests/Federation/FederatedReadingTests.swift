import Clauses
import ContextModel
import Governance
import HTTPTypes
import HummingbirdTesting
import NIOCore
import Testing

@testable import Gateway

@Suite(
    .timeLimit(.minutes(2)),
    .clause("4.3.6.2", "4.3.6.3", "5.7.1", "5.7.2", "6.3.17", "6.3.18")
)
struct FederatedReadingTests {
    private static func bus(_ number: Int, _ members: [String: JSONValue] = [:]) -> JSONValue {
        var body: JSONObject = ["id": .string("urn:x:\(number)"), "type": "Bus"]
        for (key, value) in members.sorted(by: { $0.key < $1.key }) { body[key] = value }
        return .object(body)
    }

    private static func ids(_ json: JSONValue) -> [String] {
        (json.arrayValue ?? []).compactMap { $0.objectValue?["id"]?.stringValue }
    }

    @Test(.clause("5.5.13")) func `a query is answered by all hubs, or by one`() async throws {
        try await FederatedHub.running(3) { hubs in
            for (index, hub) in hubs.enumerated() {
                try await hub.make(Self.bus(index, ["speed": .number(JSONNumber(index * 10))]))
            }
            try await hubs[0].register(hubs[1])
            try await hubs[0].register(hubs[2])
            let all = try await hubs[0].get("entities?type=Bus")
            #expect(Self.ids(all) == ["urn:x:0", "urn:x:1", "urn:x:2"])
            #expect(Self.ids(try await hubs[0].get("entities?type=Bus&local=true")) == ["urn:x:0"])
            #expect(Self.ids(try await hubs[0].get("entities?type=Bus&q=speed%3E5")).count == 2)
            #expect(Self.ids(try await hubs[0].get("entities?type=Tram")) == [])
            let one = try await hubs[0].get("entities/urn:x:2")
            #expect(one.objectValue?["speed"]?.objectValue?["value"] == 20)
            let none = try await hubs[0].send(.get, "entities/urn:x:9")
            #expect(none.status == .notFound)
        }
    }

    @Test(.clause("6.3.10", "6.3.13")) func `pages and counts are of all hubs`() async throws {
        try await FederatedHub.running(3) { hubs in
            for number in 0..<12 { try await hubs[number % 3].make(Self.bus(number)) }
            // One that two hubs have is one entity.
            try await hubs[1].make(Self.bus(0))
            try await hubs[0].register(hubs[1])
            try await hubs[0].register(hubs[2])
            var seen: [String] = []
            for offset in stride(from: 0, to: 15, by: 5) {
                let path = "entities?type=Bus&limit=5&offset=\(offset)&count=true"
                let answer = try await hubs[0].send(.get, path)
                #expect(answer.headers[.resultsCount] == "12")
                let page = Self.ids(try JSONReader.read(Array(answer.body.readableBytesView)))
                #expect(page.count == min(5, 12 - offset))
                let links = answer.headers[values: .link].joined()
                #expect(links.contains("next") == (offset + 5 < 12))
                seen += page
            }
            #expect(Set(seen).count == 12)
            let count = try await hubs[0].send(.get, "entities?type=Bus&limit=0&count=true")
            #expect(count.headers[.resultsCount] == "12")
            let ordered = try await hubs[0].send(.get, "entities?type=Bus&orderBy=id")
            #expect(ordered.status == .badRequest)
            _ = try await hubs[0].get("entities?type=Bus&orderBy=id&local=true")
        }
    }

    @Test func `a chain of hubs ends, and so does a ring`() async throws {
        try await FederatedHub.running(3) { hubs in
            for (index, hub) in hubs.enumerated() {
                try await hub.make(Self.bus(index))
                try await hub.register(hubs[(index + 1) % 3])
            }
            let answer = try await hubs[0].send(.get, "entities?type=Bus")
            let json = try JSONReader.read(Array(answer.body.readableBytesView))
            #expect(Self.ids(json).sorted() == ["urn:x:0", "urn:x:1", "urn:x:2"])
            // With the name of the hub, a source that comes back to it is not asked at all.
            let identity = try await hubs[0].get("info/sourceIdentity")
            let alias = identity.objectValue?["contextSourceAlias"]?.stringValue ?? ""
            let via = try #require(HTTPField.Name("Via"))
            let looped = try await hubs[0].send(
                .get,
                "entities?type=Bus",
                nil,
                [via: "1.1 \(alias)"]
            )
            #expect(looped.status.code == 508)
            let local = "entities?type=Bus&local=true"
            #expect(Self.ids(try await hubs[0].get(local, [via: "1.1 \(alias)"])).count == 1)
        }
    }

    @Test func `what a caller may not see stays hidden when it comes from a source`() async throws {
        let reader = Permission(
            assignee: .party(PartyID("reader")),
            actions: [.read],
            target: .type(LDContext.core.expand("Bus")),
            hiddenAttributes: [LDContext.core.expand("driver")]
        )
        let open = Policy(permissions: [], isOpen: true)
        try await FederatedHub.running(2, policies: [Policy(permissions: [reader]), open]) { hubs in
            try await hubs[1].make(Self.bus(1, ["driver": "Ana", "speed": 5]))
            try await hubs[1].make(["id": "urn:x:safe", "type": "Safe", "code": 7])
            let boss: HTTPFields = [.authorization: "Bearer operator"]
            let registration: JSONValue = [
                "id": "urn:r:1", "type": "ContextSourceRegistration",
                "endpoint": .string(hubs[1].url),
                "information": [["entities": [["type": "Bus"], ["type": "Safe"]]]],
                "management": FederatedHub.patience,
            ]
            let made = try await hubs[0].send(.post, "csourceRegistrations", registration, boss)
            #expect(made.status == .created)
            let me: HTTPFields = [.authorization: "Bearer reader"]
            let found = try await hubs[0].get("entities?type=Bus,Safe", me)
            #expect(Self.ids(found) == ["urn:x:1"])
            #expect(!found.serialized.contains(text: "Ana"))
            let safe = try await hubs[0].send(.get, "entities/urn:x:safe", nil, me)
            #expect(safe.status == .notFound)
            #expect(Self.ids(try await hubs[0].get("entities?type=Bus,Safe", boss)).count == 2)
            // Nobody in particular may read nothing here, so nobody else is asked.
            #expect(Self.ids(try await hubs[0].get("entities?type=Bus")) == [])
        }
    }
}

extension [UInt8] {
    fileprivate func contains(text: String) -> Bool {
        String(decoding: self, as: UTF8.self).contains(text)
    }
}
