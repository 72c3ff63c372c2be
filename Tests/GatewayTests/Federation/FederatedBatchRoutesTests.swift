import Chance
import Clauses
import ContextModel
import HTTPTypes
import HummingbirdTesting
import Testing

@testable import Gateway

/// Batches over sockets, of hubs that are each other's sources.
@Suite(
    .timeLimit(.minutes(3)),
    .clause("5.6.7", "5.6.8", "5.6.9", "5.6.10", "5.6.20", "6.14", "6.15", "6.16", "6.17", "6.31")
)
struct FederatedBatchRoutesTests {
    private static let batches: JSONValue = [
        "redirectionOps", "createBatch", "upsertBatch", "updateBatch", "deleteBatch", "mergeBatch",
    ]

    private static func bus(_ number: Int, _ members: JSONObject = [:]) -> JSONValue {
        var entity: JSONObject = ["id": .string("urn:x:\(number)"), "type": "Bus"]
        for (key, value) in members.members { entity[key] = value }
        return .object(entity)
    }

    private static func own(_ hub: FederatedHub) async throws -> [String: JSONValue] {
        let all = try await hub.get("entities?local=true&limit=1000&options=keyValues")
        return Dictionary(
            uniqueKeysWithValues: (all.arrayValue ?? []).map {
                ($0.objectValue?["id"]?.stringValue ?? "", $0)
            }
        )
    }

    @Test(arguments: [true, false])
    func `a batch is made here and there`(asBatch: Bool) async throws {
        try await FederatedHub.running(2) { hubs in
            let (here, there) = (hubs[0], hubs[1])
            try await here.register(
                there,
                ["operations": asBatch ? Self.batches : ["redirectionOps"]]
            )
            let two = JSONValue.array([Self.bus(1, ["speed": 1]), Self.bus(2, ["speed": 2])])
            let made = try await here.send(.post, "entityOperations/create", two)
            #expect(made.status == .created)
            #expect(try await Self.own(here) == Self.own(there))
            // Only there, and only here: the rest is told of.
            _ = try await here.send(.delete, "entities/urn:x:1?local=true")
            _ = try await there.send(.delete, "entities/urn:x:2?local=true")
            let again = try await here.send(.post, "entityOperations/create", two)
            #expect(again.status.code == 207)
            let errors = try #require(try again.json["errors"]?.arrayValue)
            #expect(errors.count == 2)
            #expect(errors.contains { $0.objectValue?["registrationId"] != nil })
            let merge = JSONValue.array([
                Self.bus(1, ["load": 5]), Self.bus(2, ["speed": "urn:ngsi-ld:null"]),
            ])
            let merged = try await here.send(.post, "entityOperations/merge", merge)
            #expect(merged.status == .noContent)
            #expect(try await Self.own(there)["urn:x:1"] == Self.bus(1, ["speed": 1, "load": 5]))
            #expect(try await Self.own(here)["urn:x:2"] == Self.bus(2))
            let ids: JSONValue = ["urn:x:1", "urn:x:2", "urn:x:3"]
            let deleted = try await here.send(.post, "entityOperations/delete", ids)
            #expect(deleted.status.code == 207)
            let failed = try #require(try deleted.json["errors"]?.arrayValue)
            #expect(failed.map { $0.objectValue?["entityId"] } == ["urn:x:3"])
            #expect(try await Self.own(here).isEmpty)
            #expect(try await Self.own(there).isEmpty)
        }
    }

    @Test(.clause("5.5.13")) func `a local batch goes to nobody`() async throws {
        try await FederatedHub.running(2) { hubs in
            try await hubs[0].register(hubs[1], ["operations": Self.batches])
            let body = JSONValue.array([Self.bus(1)])
            for path in ["create", "upsert", "update", "merge"] {
                _ = try await hubs[0].send(.post, "entityOperations/\(path)?local=true", body)
            }
            #expect(try await Self.own(hubs[0]).count == 1)
            #expect(try await Self.own(hubs[1]).isEmpty)
            try await hubs[1].make(Self.bus(1))
            _ = try await hubs[0].send(.post, "entityOperations/delete?local=true", ["urn:x:1"])
            #expect(try await Self.own(hubs[1]).count == 1)
        }
    }

    @Test(.clause("5.6.21", "6.4")) func `a purge is made here and there`() async throws {
        try await FederatedHub.running(2) { hubs in
            let (here, there) = (hubs[0], hubs[1])
            try await here.register(there, ["id": "urn:r:1", "operations": Self.batches])
            let all = JSONValue.array((1...4).map { Self.bus($0, ["speed": 1, "load": 2]) })
            _ = try await here.send(.post, "entityOperations/create", all)
            let dropped = try await here.send(.delete, "entities?type=Bus&drop=load")
            #expect(dropped.status == .noContent)
            #expect(try await Self.own(there)["urn:x:3"] == Self.bus(3, ["speed": 1]))
            let local = try await here.send(.delete, "entities?id=urn:x:1&local=true")
            #expect(local.status == .noContent)
            #expect(try await Self.own(there).count == 4)
            let two = try await here.send(.delete, "entities?type=Bus&id=urn:x:1,urn:x:2")
            #expect(two.status == .noContent)
            #expect(try await Self.own(there).keys.sorted() == ["urn:x:3", "urn:x:4"])
            _ = try await here.send(.delete, "csourceRegistrations/urn:r:1")
            try await here.register(
                there,
                ["id": "urn:r:2", "mode": "redirect", "operations": ["retrieveOps"]],
                information: [["entities": [["type": "Tram"]]]]
            )
            let refused = try await here.send(.delete, "entities?type=Tram")
            #expect(refused.status == .conflict)
            let some = try await here.send(.delete, "entities?type=Tram,Bus")
            #expect(some.status.code == 207)
            let errors = try #require(try some.json["errors"]?.arrayValue)
            #expect(errors.map { $0.objectValue?["registrationId"] } == ["urn:r:2"])
            #expect(try await Self.own(here).isEmpty)
        }
    }

    /// Each of four hubs has, by redirection, the buses of its own; one has all.
    @Test func `batches over five hubs are as on one`() async throws {
        try await FederatedHub.running(6) { hubs in
            var random = SeededGenerator(seed: Soak.seed)
            for place in 1...4 {
                let mode: JSONValue = place % 2 == 0 ? "inclusive" : "redirect"
                let operations: JSONValue = place > 2 ? ["redirectionOps"] : Self.batches
                try await hubs[0].register(
                    hubs[place],
                    ["mode": mode, "operations": operations],
                    information: [
                        [
                            "entities": [
                                [
                                    "type": "Bus",
                                    "idPattern": .string("urn:x:[0-9]*\(place)$"),
                                ]
                            ]
                        ]
                    ]
                )
            }
            for _ in 0..<30 {
                let (path, body) = Self.batch(&random)
                let all = try await hubs[0].send(.post, "entityOperations/\(path)", body)
                let one = try await hubs[5].send(.post, "entityOperations/\(path)", body)
                let note: Comment = "\(path), seed \(Soak.seed)"
                #expect(all.status == one.status, note)
                #expect(Self.failed(all) == Self.failed(one), note)
            }
            let question = "entities?type=Bus&limit=1000&options=keyValues"
            #expect(
                Self.sorted(try await hubs[0].get(question))
                    == Self.sorted(try await hubs[5].get(question)),
                "seed \(Soak.seed)"
            )
        }
    }

    private static func batch(_ random: inout SeededGenerator) -> (String, JSONValue) {
        let numbers = (0..<6).map { _ in Int.random(in: 0..<15, using: &random) }
        let path =
            [
                "create", "upsert", "upsert?options=update", "update",
                "update?options=noOverwrite", "merge", "delete",
            ].randomElement(using: &random) ?? "create"
        // One of each: what became of several of one entity is told in another order.
        let distinct = Array(Set(numbers)).sorted()
        guard path != "delete" else {
            return (path, .array(distinct.map { .string("urn:x:\($0)") }))
        }
        let entities = distinct.map { number -> JSONValue in
            var members: JSONObject = [:]
            for name in ["speed", "name", "load"] where Bool.random(using: &random) {
                members[name] = .number(JSONNumber(Int.random(in: 0..<9, using: &random)))
            }
            return bus(number, members)
        }
        return (path, .array(entities))
    }

    /// Whom the errors are about.
    private static func failed(_ answer: TestResponse) -> Set<String> {
        guard let errors = try? answer.json["errors"]?.arrayValue else { return [] }
        return Set(errors.compactMap { $0.objectValue?["entityId"]?.stringValue })
    }

    private static func sorted(_ entities: JSONValue) -> [JSONValue] {
        (entities.arrayValue ?? []).sorted {
            ($0.objectValue?["id"]?.stringValue ?? "") < ($1.objectValue?["id"]?.stringValue ?? "")
        }
    }
}
