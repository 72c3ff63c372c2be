import Clauses
import ContextModel
import Governance
import HTTPTypes
import HummingbirdTesting
import NIOCore
import Testing

@testable import Gateway

/// Changes of histories over sockets, of hubs that are each other's sources.
@Suite(
    .timeLimit(.minutes(2)),
    .clause("5.6.11", "5.6.12", "5.6.13", "5.6.14", "5.6.15", "5.6.16", "4.3.6.2", "4.3.6.3")
)
struct FederatedHistoryChangesTests {
    private static let operations: JSONValue = [
        "upsertTemporal", "appendAttrsTemporal", "deleteAttrsTemporal",
        "updateAttrInstanceTemporal", "deleteAttrInstanceTemporal", "deleteTemporal",
        "retrieveTemporal", "queryTemporal",
    ]
    private static let one = "temporal/entities/urn:x:1"

    private static func value(_ number: Int, day: Int) -> JSONValue {
        [
            "type": "Property", "value": .number(JSONNumber(number)),
            "observedAt": .string("2026-01-0\(day)T00:00:00Z"),
        ]
    }

    private static func bus(_ members: JSONObject) -> JSONValue {
        var entity: JSONObject = ["id": "urn:x:1", "type": "Bus"]
        for (key, value) in members.members { entity[key] = value }
        return .object(entity)
    }

    /// The values of each attribute that the hub itself has, in the order of time.
    private static func own(
        _ hub: FederatedHub,
        _ headers: HTTPFields = [:]
    ) async throws -> [String: [JSONValue]] {
        let answer = try await hub.send(.get, "\(one)?local=true", nil, headers)
        guard answer.status == .ok else { return [:] }
        var values: [String: [JSONValue]] = [:]
        for (key, value) in try answer.json.members {
            guard let instances = value.arrayValue else { continue }
            values[key] = instances.map { $0.objectValue?["value"] ?? .null }
        }
        return values
    }

    private func pair(
        _ mode: JSONValue,
        _ information: JSONValue = [["entities": [["type": "Bus"]]]],
        operations: JSONValue = operations,
        _ body: @escaping @Sendable (FederatedHub, FederatedHub) async throws -> Void
    ) async throws {
        try await FederatedHub.running(2) { hubs in
            try await hubs[0].register(
                hubs[1],
                ["mode": mode, "operations": operations],
                information: information
            )
            try await body(hubs[0], hubs[1])
        }
    }

    @Test func `an inclusive source and the hub both have the history`() async throws {
        try await pair("inclusive") { (here, there) async throws in
            let first = Self.bus(["speed": [Self.value(1, day: 1), Self.value(2, day: 2)]])
            let made = try await here.send(.post, "temporal/entities", first)
            #expect(made.status == .created)
            #expect(made.headers[.location]?.hasSuffix("/temporal/entities/urn:x:1") == true)
            let more = Self.bus(["speed": [Self.value(3, day: 3)]])
            #expect(try await here.send(.post, "temporal/entities", more).status == .noContent)
            let load: JSONValue = ["load": [Self.value(9, day: 1)], "type": "Bus"]
            #expect(try await here.send(.post, "\(Self.one)/attrs", load).status == .noContent)
            for hub in [here, there] {
                #expect(try await Self.own(hub) == ["speed": [1, 2, 3], "load": [9]])
            }
            #expect(try await here.send(.delete, "\(Self.one)/attrs/load").status == .noContent)
            for hub in [here, there] { #expect(try await Self.own(hub) == ["speed": [1, 2, 3]]) }
            #expect(try await here.send(.delete, Self.one).status == .noContent)
            for hub in [here, there] { #expect(try await Self.own(hub) == [:]) }
        }
    }

    /// An instance is at one place, wherever it is found by its name.
    @Test func `an instance is changed where it is`() async throws {
        try await pair("inclusive") { (here, there) async throws in
            let mine = Self.bus(["speed": [Self.value(1, day: 1)]])
            let other = Self.bus(["speed": [Self.value(2, day: 2), Self.value(3, day: 3)]])
            let path = "temporal/entities?local=true"
            #expect(try await here.send(.post, path, mine).status == .created)
            #expect(try await there.send(.post, path, other).status == .created)
            let all = try await here.get(Self.one).objectValue?["speed"]?.arrayValue ?? []
            #expect(all.map { $0.objectValue?["value"] } == [1, 2, 3])
            let names = all.compactMap { $0.objectValue?["instanceId"]?.stringValue }
            #expect(Set(names).count == 3)
            for (name, number) in zip(names, [10, 20]) {
                let changed: JSONValue = ["speed": [Self.value(number, day: number / 10)]]
                let answer = try await here.send(
                    .patch,
                    "\(Self.one)/attrs/speed/\(name)",
                    changed
                )
                #expect(answer.status == .noContent, "\(String(buffer: answer.body))")
            }
            let last = "\(Self.one)/attrs/speed/\(names[2])"
            #expect(try await here.send(.delete, last).status == .noContent)
            #expect(try await Self.own(here) == ["speed": [10]])
            #expect(try await Self.own(there) == ["speed": [20]])
            #expect(try await here.send(.delete, last).status == .notFound)
        }
    }

    @Test func `what one source alone has is there and not here`() async throws {
        let speed: JSONValue = [
            ["entities": [["type": "Bus", "id": "urn:x:1"]], "propertyNames": ["speed"]]
        ]
        let both = Self.bus(["speed": [Self.value(1, day: 1)], "load": [Self.value(2, day: 1)]])
        try await pair("exclusive", speed) { (here, there) async throws in
            #expect(try await here.send(.post, "temporal/entities", both).status == .created)
            #expect(try await Self.own(here) == ["load": [2]])
            #expect(try await Self.own(there) == ["speed": [1]])
            let whole = try await here.get(Self.one)
            #expect(whole.objectValue?["speed"] != nil && whole.objectValue?["load"] != nil)
        }
        try await pair("exclusive", speed, operations: ["retrieveTemporal"]) {
            (here, there) async throws in
            let made = try await here.send(.post, "temporal/entities", both)
            #expect(made.status.code == 207)
            #expect(try await Self.own(here) == ["load": [2]])
            #expect(try await Self.own(there) == [:])
            let alone = Self.bus(["speed": [Self.value(1, day: 1)]])
            #expect(try await here.send(.post, "temporal/entities", alone).status == .conflict)
        }
    }

    @Test func `what is redirected is there alone`() async throws {
        try await pair("redirect") { (here, there) async throws in
            let bus = Self.bus(["speed": [Self.value(1, day: 1)]])
            #expect(try await here.send(.post, "temporal/entities", bus).status == .created)
            #expect(try await Self.own(here) == [:])
            #expect(try await Self.own(there) == ["speed": [1]])
            #expect(try await here.send(.delete, Self.one).status == .noContent)
            #expect(try await Self.own(there) == [:])
        }
    }

    /// By the path of a history, a source would change that of an entity of another type as well.
    @Test func `who may write one type alone changes the history here`() async throws {
        let rule = Permission(
            assignee: .party(PartyID("reader")),
            actions: [.read, .write],
            target: .type(LDContext.core.expand("Bus"))
        )
        let open = Policy(permissions: [], isOpen: true)
        try await FederatedHub.running(2, policies: [Policy(permissions: [rule]), open]) { hubs in
            let boss: HTTPFields = [.authorization: "Bearer operator"]
            let registration: JSONValue = [
                "id": "urn:r:1", "type": "ContextSourceRegistration",
                "endpoint": .string(hubs[1].url), "operations": Self.operations,
                "information": [["entities": [["type": "Bus"]]]],
                "management": FederatedHub.patience,
            ]
            let made = try await hubs[0].send(.post, "csourceRegistrations", registration, boss)
            #expect(made.status == .created)
            let me: HTTPFields = [.authorization: "Bearer reader"]
            let bus = Self.bus(["speed": [Self.value(1, day: 1)]])
            let answer = try await hubs[0].send(.post, "temporal/entities", bus, me)
            #expect(answer.status.code == 207)
            let errors = try answer.json["errors"]?.arrayValue ?? []
            #expect(errors.first?.objectValue?["error"]?.objectValue?["status"] == 403)
            #expect(try await Self.own(hubs[0], me) == ["speed": [1]])
            #expect(try await Self.own(hubs[1]) == [:])
            // Who may write everything writes there, too.
            let more = Self.bus(["speed": [Self.value(2, day: 2)]])
            let all = try await hubs[0].send(.post, "temporal/entities", more, boss)
            #expect(all.status == .noContent, "\(String(buffer: all.body))")
            #expect(try await Self.own(hubs[1]) == ["speed": [2]])
        }
    }

    @Test(.clause("5.5.13")) func `what is wrong or local goes to nobody`() async throws {
        try await pair("inclusive") { (here, there) async throws in
            let bus = Self.bus(["speed": [Self.value(1, day: 1)]])
            let local = try await here.send(.post, "temporal/entities?local=true", bus)
            #expect(local.status == .created)
            let nonsense = Self.bus(["load": [["type": "Nonsense", "value": 1]]])
            let wrong = try await here.send(.post, "temporal/entities", nonsense)
            #expect(wrong.status == .badRequest)
            let missing = "\(Self.one)/attrs/speed/no%20uri"
            #expect(try await here.send(.delete, missing).status == .badRequest)
            #expect(try await Self.own(there) == [:])
        }
    }
}
