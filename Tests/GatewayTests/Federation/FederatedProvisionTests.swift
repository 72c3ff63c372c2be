import Clauses
import ContextModel
import Governance
import HTTPTypes
import HummingbirdTesting
import Testing

@testable import Gateway

@Suite(
    .timeLimit(.minutes(2)),
    .clause(
        "4.3.6.2",
        "4.3.6.3",
        "5.6.1",
        "5.6.2",
        "5.6.3",
        "5.6.4",
        "5.6.5",
        "5.6.6",
        "5.6.17",
        "5.6.18",
        "5.6.19",
        "INCLUSIVECSR",
        "EXCLUSIVECSR",
        "REDIRECTCSR"
    )
)
struct FederatedProvisionTests {
    private static let operations: JSONValue = ["redirectionOps"]
    private static let speed: JSONValue = [
        [
            "entities": [["type": "Bus", "id": "urn:x:1"]], "propertyNames": ["speed"],
        ]
    ]
    private static let bus: JSONValue = [
        "id": "urn:x:1", "type": "Bus", "speed": ["type": "Property", "value": 5],
        "name": ["type": "Property", "value": "seven"],
    ]

    private static func members(
        _ hub: FederatedHub,
        _ id: String = "urn:x:1"
    ) async throws -> Set<String> {
        let answer = try await hub.send(.get, "entities/\(id)?local=true")
        guard answer.status == .ok else { return [] }
        return Set(try answer.json.members.map(\.key)).subtracting(["id", "type"])
    }

    /// Two hubs, of which the first has registered the second.
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

    @Test func `an inclusive source and the hub both have it`() async throws {
        try await pair("inclusive") { (here, there) async throws in
            #expect(try await here.send(.post, "entities", Self.bus).status == .created)
            #expect(try await Self.members(here) == ["speed", "name"])
            #expect(try await Self.members(there) == ["speed", "name"])
            let patch: JSONValue = ["load": ["type": "Property", "value": 1]]
            let attributes = "entities/urn:x:1/attrs"
            #expect(try await here.send(.patch, attributes, patch).status == .noContent)
            #expect(try await Self.members(there) == ["speed", "name", "load"])
            let speed: JSONValue = ["value": 6]
            let one = "entities/urn:x:1/attrs/speed"
            #expect(try await here.send(.patch, one, speed).status == .noContent)
            #expect(try await here.send(.delete, one).status == .noContent)
            #expect(try await Self.members(there) == ["name", "load"])
            #expect(try await here.send(.delete, "entities/urn:x:1").status == .noContent)
            #expect(try await Self.members(there) == [])
            #expect(try await Self.members(here) == [])
        }
    }

    @Test func `what one source alone has is there and not here`() async throws {
        try await pair("exclusive", Self.speed) { (here, there) async throws in
            #expect(try await here.send(.post, "entities", Self.bus).status == .created)
            #expect(try await Self.members(here) == ["name"])
            #expect(try await Self.members(there) == ["speed"])
            let both: JSONValue = [
                "speed": ["type": "Property", "value": 7],
                "name": ["type": "Property", "value": "x"],
            ]
            #expect(try await here.send(.post, "entities/urn:x:1/attrs", both).status == .noContent)
            #expect(try await here.send(.patch, "entities/urn:x:1", both).status == .noContent)
            let replaced: JSONValue = ["type": "Property", "value": 8]
            let one = "entities/urn:x:1/attrs/speed"
            #expect(try await here.send(.put, one, replaced).status == .noContent)
            #expect(try await Self.members(here) == ["name"])
            let whole = try await here.get("entities/urn:x:1")
            #expect(whole.objectValue?["speed"]?.objectValue?["value"] == 8)
            #expect(whole.objectValue?["name"]?.objectValue?["value"] == "x")
        }
    }

    @Test func `what is redirected is there alone`() async throws {
        try await pair("redirect") { (here, there) async throws in
            #expect(try await here.send(.post, "entities", Self.bus).status == .created)
            #expect(try await Self.members(here) == [])
            #expect(try await Self.members(there) == ["speed", "name"])
            #expect(try await here.send(.put, "entities/urn:x:1", Self.bus).status == .noContent)
            #expect(try await here.send(.delete, "entities/urn:x:1").status == .noContent)
            #expect(try await Self.members(there) == [])
        }
    }

    @Test(.clause("5.2.16", "5.2.18")) func `parts that were not made are told of`() async throws {
        try await pair("inclusive") { (here, there) async throws in
            try await there.make(Self.bus)
            let created = try await here.send(.post, "entities", Self.bus)
            #expect(created.status.code == 207)
            let errors = try created.json["errors"]?.arrayValue ?? []
            #expect(errors.count == 1)
            let error = errors.first?.objectValue
            #expect(error?["error"]?.objectValue?["status"] == 409)
            #expect(error?["registrationId"]?.stringValue?.hasPrefix("urn:r:") == true)
            // Both have it now: nothing was made, for one reason.
            #expect(try await here.send(.post, "entities", Self.bus).status == .conflict)
            _ = try await there.send(.delete, "entities/urn:x:1?local=true")
            // An error that a source answers is told of (table 6.5.3.2-2).
            let deleted = try await here.send(.delete, "entities/urn:x:1")
            #expect(deleted.status.code == 207)
            let load: JSONValue = ["load": ["type": "Property", "value": 1]]
            let patch = try await here.send(.patch, "entities/urn:x:1/attrs", load)
            #expect(patch.status == .notFound)
        }
    }

    @Test(.clause("5.6.4")) func `what is here and lacks the attribute is told of`() async throws {
        try await pair("inclusive") { (here, there) async throws in
            try await there.make(Self.bus)
            try await here.make(["id": "urn:x:1", "type": "Bus"])
            let one = "entities/urn:x:1/attrs/speed"
            #expect(try await here.send(.patch, one, ["value": 6]).status.code == 207)
            // A source that made some of its part has not failed altogether.
            let options = "entities/urn:x:1/attrs?options=noOverwrite"
            _ = try await here.send(.delete, "entities/urn:x:1?local=true")
            let both: JSONValue = [
                "speed": ["type": "Property", "value": 7],
                "load": ["type": "Property", "value": 7],
            ]
            #expect(try await here.send(.post, options, both).status.code == 207)
            #expect(try await Self.members(there) == ["speed", "name", "load"])
        }
    }

    /// That the hub itself has no such entity is no error where a source has it.
    @Test(.clause("5.6.2", "5.6.6")) func `what only a source has is changed there`() async throws {
        try await pair("inclusive") { (here, there) async throws in
            try await there.make(Self.bus)
            let load: JSONValue = ["load": ["type": "Property", "value": 1]]
            let one = "entities/urn:x:1"
            #expect(try await here.send(.patch, "\(one)/attrs", load).status == .noContent)
            #expect(try await here.send(.post, "\(one)/attrs", load).status == .noContent)
            #expect(try await here.send(.patch, one, load).status == .noContent)
            #expect(try await here.send(.delete, "\(one)/attrs/load").status == .noContent)
            #expect(try await Self.members(there) == ["speed", "name"])
            #expect(try await Self.members(here) == [])
            #expect(try await here.send(.delete, one).status == .noContent)
            #expect(try await Self.members(there) == [])
            #expect(try await here.send(.delete, one).status == .notFound)
        }
    }

    @Test func `a source that does not offer the operation keeps what it alone has`() async throws {
        let operations: JSONValue = ["retrieveOps"]
        try await pair("exclusive", Self.speed, operations: operations) {
            (here, there) async throws in
            let speed: JSONValue = [
                "id": "urn:x:1", "type": "Bus", "speed": ["type": "Property", "value": 5],
            ]
            #expect(try await here.send(.post, "entities", speed).status == .conflict)
            #expect(try await here.send(.post, "entities", Self.bus).status.code == 207)
            #expect(try await Self.members(here) == ["name"])
        }
    }

    @Test(.clause("5.5.13")) func `what is wrong or local goes to nobody`() async throws {
        try await pair("inclusive") { (here, there) async throws in
            var wrong = Self.bus.objectValue ?? [:]
            wrong["id"] = "no URI"
            #expect(try await here.send(.post, "entities", .object(wrong)).status == .badRequest)
            #expect(try await here.send(.post, "entities?local=true", Self.bus).status == .created)
            let nonsense: JSONValue = ["load": ["type": "Nonsense", "value": 1]]
            let patch = try await here.send(.patch, "entities/urn:x:1/attrs", nonsense)
            #expect(patch.status == .badRequest)
            #expect(try await Self.members(there) == [])
        }
    }

    @Test func `who may not write here may not write through here`() async throws {
        let rule = Permission(
            assignee: .party(PartyID("reader")),
            actions: [.read, .write],
            target: .type(LDContext.core.expand("Tram"))
        )
        let open = Policy(permissions: [], isOpen: true)
        try await FederatedHub.running(2, policies: [Policy(permissions: [rule]), open]) { hubs in
            let boss: HTTPFields = [.authorization: "Bearer operator"]
            let registration: JSONValue = [
                "id": "urn:r:1", "type": "ContextSourceRegistration",
                "endpoint": .string(hubs[1].url), "operations": Self.operations,
                "information": [["entities": [["type": "Bus"], ["type": "Tram"]]]],
                "management": FederatedHub.patience,
            ]
            let made = try await hubs[0].send(.post, "csourceRegistrations", registration, boss)
            #expect(made.status == .created)
            let me: HTTPFields = [.authorization: "Bearer reader"]
            #expect(try await hubs[0].send(.post, "entities", Self.bus, me).status == .forbidden)
            #expect(try await Self.members(hubs[1]) == [])
            try await hubs[1].make(Self.bus)
            let deleted = try await hubs[0].send(.delete, "entities/urn:x:1", nil, me)
            #expect(deleted.status == .forbidden)
            #expect(try await Self.members(hubs[1]) == ["speed", "name"])
            #expect(try await hubs[0].send(.post, "entities", Self.bus).status == .unauthorized)
        }
    }
}
