import Clauses
import ContextModel
import Federation
import Governance
import Storage
import Synchronization
import Testing

@testable import Broker

/// Batches of which sources make parts.
@Suite(
    .timeLimit(.minutes(1)),
    .clause("4.3.6.2", "4.3.6.3", "5.6.7", "5.6.8", "5.6.9", "5.6.10", "5.6.20")
)
struct FederatedBatchTests {
    private static let writer = Caller(party: .named(PartyID("writer")))
    private static let batches: JSONValue = [
        "redirectionOps", "createBatch", "upsertBatch", "updateBatch", "deleteBatch", "mergeBatch",
    ]

    private static func iri(_ name: String) -> IRI { SubscriptionFixture.iri(name) }

    private static func bus(_ number: Int, type: JSONValue = "Bus") -> JSONValue {
        ["id": .string("urn:x:\(number)"), "type": type, "speed": .number(JSONNumber(number))]
    }

    private func hub(
        _ members: [String: JSONValue] = [:],
        policy: Policy = SubscriptionFixture.open,
        _ script: @escaping ScriptedSource.Script = { _ in SourceAnswer(status: 204) }
    ) async throws -> FederatedFixture {
        let hub = try await FederatedFixture(policy: policy, script)
        var all: [String: JSONValue] = ["operations": Self.batches]
        for (key, value) in members { all[key] = value }
        try await hub.fixture.register(all)
        return hub
    }

    private func run(
        _ hub: FederatedFixture,
        _ operation: BatchOperation,
        _ bodies: [JSONValue],
        via: [String] = [],
        by caller: Caller = SubscriptionFixture.boss
    ) async throws -> BatchResult {
        try await hub.fixture.hub.writing.batch(
            operation,
            bodies.map { (json: $0, ld: .core) },
            forwarding: Forwarding(context: .core, via: via, selections: [EntitySelection()]),
            caller: caller
        )
    }

    private func delete(
        _ hub: FederatedFixture,
        _ ids: [String],
        by caller: Caller = SubscriptionFixture.boss
    ) async throws -> BatchResult {
        try await hub.fixture.hub.writing.batchDelete(
            ids.map { EntityID($0) },
            forwarding: Forwarding(context: .core, selections: [EntitySelection()]),
            caller: caller
        )
    }

    private static func told(_ result: BatchResult) -> [String] {
        result.created.map { "created \($0)" } + result.changed.map { "changed \($0)" }
            + result.errors.map { "\($0.error.code) \($0.id?.uri ?? "?") \($0.registration ?? "")" }
    }

    private static func sent(_ request: SourceRequest) -> JSONValue? {
        switch request.body {
        case .json(let json)?, .jsonLD(let json)?: json
        case nil: nil
        }
    }

    @Test func `a source gets its elements as one batch`() async throws {
        let hub = try await hub { _ in .json(["urn:x:1", "urn:x:2"], status: 201) }
        let result = try await run(
            hub,
            .create,
            [Self.bus(1), Self.bus(2), Self.bus(3, type: "Tram"), ["id": "urn:x:4"]]
        )
        #expect(
            Self.told(result) == [
                "created urn:x:1", "created urn:x:2", "created urn:x:3", "badRequestData urn:x:4 ",
            ]
        )
        let request = try #require(hub.source.requests.first)
        #expect(hub.source.requests.count == 1 && request.operation == .createBatch)
        #expect(Self.sent(request) == [Self.bus(1), Self.bus(2)])
        #expect(request.via.count == 1)
    }

    @Test func `what is held elsewhere alone goes there alone`() async throws {
        let hub = try await hub([
            "mode": "exclusive",
            "information": [
                ["entities": [["type": "Bus", "id": "urn:x:1"]], "propertyNames": ["speed"]]
            ],
        ])
        let one: JSONValue = ["id": "urn:x:1", "type": "Bus", "speed": 1, "name": "one"]
        let result = try await run(hub, .upsert(replaces: true), [one, Self.bus(2)])
        // The source had it, so it was not made by the request.
        #expect(Self.told(result) == ["created urn:x:2", "changed urn:x:1"])
        #expect(Self.sent(try #require(hub.source.requests.first)) == [Self.bus(1)])
        #expect(
            hub.source.requests.first?.parameters == [
                KeyValuePair(key: "options", value: "replace")
            ]
        )
        let own = try #require(try await hub.fixture.shown("urn:x:1").objectValue)
        #expect(own.members.map(\.key) == ["id", "type", "name"])
        // Deleted is the whole entity, wherever it is.
        #expect(Self.told(try await delete(hub, ["urn:x:1"])) == ["changed urn:x:1"])
        #expect(Self.sent(try #require(hub.source.requests.last)) == ["urn:x:1"])
        #expect(try await !hub.isHere("urn:x:1"))
    }

    @Test func `each element fails for itself, at each source`() async throws {
        let hub = try await hub(["id": "urn:r:1"]) { request in
            .json(
                [
                    "success": ["urn:x:1"],
                    "errors": [["entityId": "urn:x:2", "error": ["status": 404]]],
                ],
                status: 207
            )
        }
        for number in 1...2 { try await hub.fixture.make(Self.bus(number)) }
        let result = try await run(hub, .merge(MergeDefaults()), (1...3).map { Self.bus($0) })
        // The third one is nowhere: the source says nothing of it.
        #expect(
            Self.told(result) == [
                "changed urn:x:1", "changed urn:x:2", "resourceNotFound urn:x:2 urn:r:1",
                "sourceFailed urn:x:3 urn:r:1",
            ]
        )
    }

    @Test func `a source without batches is asked one by one`() async throws {
        let seen = Mutex<Set<String>>(["urn:x:2"])
        let hub = try await hub(["operations": ["redirectionOps"]]) { request in
            switch request.operation {
            case .createEntity:
                let id = Self.sent(request)?.objectValue?["id"]?.stringValue ?? ""
                let isNew = seen.withLock { $0.insert(id).inserted }
                return SourceAnswer(status: isNew ? 201 : 409)
            default: return SourceAnswer(status: 204)
            }
        }
        let result = try await run(
            hub,
            .upsert(replaces: false),
            [Self.bus(1), Self.bus(2), Self.bus(1)]
        )
        #expect(result.errors.isEmpty)
        #expect(Self.told(result) == ["created urn:x:1", "changed urn:x:2", "changed urn:x:1"])
        let requests = hub.source.requests
        #expect(
            requests.map(\.operation) == [
                .createEntity, .createEntity, .updateEntity, .createEntity, .updateEntity,
            ]
        )
        #expect(Self.sent(requests[2])?.objectValue?["id"] == nil)
        #expect(requests[2].entityID?.uri == "urn:x:2")
        #expect(requests[2].parameters.map(\.key) == ["type"])
        #expect(requests[0].parameters.isEmpty)
    }

    /// An upsert of what exists needs an operation for that (clause 5.6.8.4).
    @Test func `an upsert that a source cannot finish is told of`() async throws {
        let hub = try await hub(["id": "urn:r:1", "operations": ["createEntity"]]) { _ in
            SourceAnswer(status: 409)
        }
        let result = try await run(hub, .upsert(replaces: true), [Self.bus(1)])
        #expect(
            Self.told(result) == ["created urn:x:1", "operationNotSupported urn:x:1 urn:r:1"]
        )
        let again = try await run(hub, .create, [Self.bus(2)])
        #expect(Self.told(again) == ["created urn:x:2", "alreadyExists urn:x:2 urn:r:1"])
    }

    @Test func `a source that does not answer is not asked for the rest`() async throws {
        let hub = try await hub(["operations": ["redirectionOps"]]) { _ in
            throw SourceProblem.unreachable
        }
        let result = try await run(hub, .create, (1...5).map { Self.bus($0) })
        #expect(hub.source.requests.count == 1)
        #expect(result.created.count == 5 && result.errors.count == 5)
        #expect(result.errors.allSatisfy { $0.error.code == .sourceFailed })
    }

    @Test func `a source that alone has it and takes no such change is a conflict`() async throws {
        let hub = try await hub([
            "id": "urn:r:1", "mode": "redirect", "operations": ["retrieveOps"],
        ])
        let result = try await run(hub, .create, [Self.bus(1)])
        #expect(Self.told(result) == ["conflict urn:x:1 urn:r:1"])
        #expect(Self.told(try await delete(hub, ["urn:x:1"])) == ["conflict urn:x:1 urn:r:1"])
        #expect(hub.source.requests.isEmpty)
        #expect(try await !hub.isHere("urn:x:1"))
    }

    @Test(.clause("5.12")) func `a batch does not go back to where it came from`() async throws {
        let hub = try await hub(["contextSourceAlias": "city-b"])
        _ = try await run(hub, .create, [Self.bus(1)], via: ["city-b"])
        #expect(hub.source.requests.isEmpty)
    }

    // MARK: Rights

    private static func policy(_ target: Condition, hiding: Set<IRI> = []) -> Policy {
        Policy(permissions: [
            Permission(
                assignee: .party(PartyID("writer")),
                actions: [.read, .write],
                target: target,
                hiddenAttributes: hiding
            )
        ])
    }

    /// A batch names no types, so a source could change an entity of another type by it.
    @Test func `who may change some types alone changes one by one`() async throws {
        let hub = try await hub(policy: Self.policy(.type(Self.iri("Bus"))))
        let result = try await run(
            hub,
            .update(overwrites: true),
            [Self.bus(1), Self.bus(2)],
            by: Self.writer
        )
        #expect(Self.told(result) == ["changed urn:x:1", "changed urn:x:2"])
        #expect(hub.source.requests.map(\.operation) == [.updateEntity, .updateEntity])
        #expect(
            hub.source.requests.allSatisfy {
                $0.parameters == [KeyValuePair(key: "type", value: "Bus")]
            }
        )
        // What it makes has the types that it says.
        _ = try await run(hub, .create, [Self.bus(3)], by: Self.writer)
        #expect(hub.source.requests.last?.operation == .createBatch)
        let only = try await self.hub(
            ["operations": ["updateBatch"]],
            policy: Self.policy(.type(Self.iri("Bus")))
        )
        let refused = try await run(
            only,
            .update(overwrites: true),
            [Self.bus(1)],
            by: Self.writer
        )
        #expect(refused.errors.map(\.error.code) == [.forbidden])
        #expect(only.source.requests.isEmpty)
    }

    @Test func `an element that the caller may not change goes to nobody`() async throws {
        let open = Condition.type(Self.iri("Bus")).and(.not(.attribute(Self.iri("secret"))))
        let hidden = try await hub(policy: Self.policy(open))
        try await hidden.fixture.make(["id": "urn:x:1", "type": "Bus", "secret": 7])
        for operation in [BatchOperation.create, .upsert(replaces: true)] {
            let result = try await run(hidden, operation, [Self.bus(1)], by: Self.writer)
            #expect(Self.told(result) == ["forbidden urn:x:1 "])
        }
        let gone = try await delete(hidden, ["urn:x:1"], by: Self.writer)
        #expect(Self.told(gone) == ["resourceNotFound urn:x:1 "])
        #expect(hidden.source.requests.isEmpty)

        let tram = try await hub(
            ["information": [["entities": [["type": "Bus"], ["type": "Tram"]]]]],
            policy: Self.policy(.type(Self.iri("Bus")))
        )
        let result = try await run(
            tram,
            .upsert(replaces: true),
            [Self.bus(1, type: "Tram"), Self.bus(2)],
            by: Self.writer
        )
        #expect(Self.told(result).contains("forbidden urn:x:1 "))
        #expect(tram.source.requests.allSatisfy { $0.parameters.map(\.value) != ["Tram"] })
        // Nothing is known of the types of what is deleted.
        #expect(
            Self.told(try await delete(tram, ["urn:x:9"], by: Self.writer))
                == ["forbidden urn:x:9 "]
        )
    }

    @Test func `hidden attributes get no value at a source`() async throws {
        let policy = Self.policy(.type(Self.iri("Bus")), hiding: [Self.iri("driver")])
        let hub = try await hub(policy: policy)
        var entity = Self.bus(1).objectValue ?? [:]
        entity["driver"] = "Ana"
        let result = try await run(hub, .create, [.object(entity), Self.bus(2)], by: Self.writer)
        #expect(result.created.map(\.uri) == ["urn:x:2"])
        #expect(result.errors.map(\.id?.uri) == ["urn:x:1"])
        #expect(Self.sent(try #require(hub.source.requests.first)) == [Self.bus(2)])
    }
}
