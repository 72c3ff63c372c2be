import Clauses
import ContextModel
import Federation
import Governance
import Storage
import Testing

@testable import Broker

/// Histories of which sources have parts.
@Suite(.timeLimit(.minutes(1)), .clause("5.7.3", "5.7.4")) struct FederatedEvolutionTests {
    private static let reader = Caller(party: .named(PartyID("reader")))

    private static func iri(_ name: String) -> IRI { SubscriptionFixture.iri(name) }

    private static func value(_ number: Int, day: Int) -> JSONValue {
        [
            "type": "Property", "value": .number(JSONNumber(number)),
            "observedAt": .string("2026-01-0\(day)T00:00:00Z"),
        ]
    }

    private static func history(
        _ number: Int,
        _ attributes: [String: JSONValue],
        type: JSONValue = "Bus"
    ) -> JSONValue {
        var json: JSONObject = ["id": .string("urn:x:\(number)"), "type": type]
        for (name, value) in attributes { json[name] = value }
        return .object(json)
    }

    private func hub(
        policy: Policy = SubscriptionFixture.open,
        _ answer: JSONValue,
        status: Int = 200,
        _ members: [String: JSONValue] = [:]
    ) async throws -> FederatedFixture {
        let hub = try await FederatedFixture(policy: policy) { request in
            request.operation == .retrieveTemporal
                ? .json(answer.arrayValue?.first ?? [:], status: status)
                : .json(answer, status: status)
        }
        var all: [String: JSONValue] = [
            "id": "urn:r:1", "operations": ["queryTemporal", "retrieveTemporal"],
            "observationInterval": ["startAt": "2020-01-01T00:00:00Z"],
        ]
        for (key, value) in members { all[key] = value }
        try await hub.fixture.register(all)
        return hub
    }

    private func store(_ hub: FederatedFixture, _ history: JSONValue) async throws {
        _ = try await hub.fixture.hub.writing.upsertEvolution(
            history,
            ld: .core,
            caller: SubscriptionFixture.boss
        )
    }

    private func query(
        _ hub: FederatedFixture,
        condition: Condition = .everything,
        lastN: Int? = nil,
        order: TemporalQuery.IDOrder? = nil,
        by caller: Caller = SubscriptionFixture.boss
    ) async throws -> Disclosed<EvolutionAnswer> {
        let bus = Condition.type(Self.iri("Bus"))
        var query = TemporalQuery(
            condition: bus.and(condition),
            from: Timestamp("2026-01-01T00:00:00Z"),
            lastN: lastN,
            instanceLimit: 100,
            limit: 10,
            wantsCount: true
        )
        query.idOrder = order
        let forwarding = Forwarding(context: .core, selections: [EntitySelection(types: bus)])
        return try await hub.fixture.hub.reading.queryEvolutions(
            query,
            forwarding: forwarding,
            caller: caller
        )
    }

    private static func words(_ answer: Disclosed<EvolutionAnswer>) -> [String] {
        answer.evolutions.flatMap { evolution in
            evolution.attributes.flatMap { named in
                named.instances.map { instance in
                    let value = String(decoding: instance.value.serialized, as: UTF8.self)
                    return "\(evolution.id) \(LDContext.core.compact(named.name)) \(value)"
                }
            }
        }
    }

    @Test func `a history has the instances of all`() async throws {
        let hub = try await hub([
            Self.history(1, ["speed": [Self.value(3, day: 3), Self.value(1, day: 1)]]),
            Self.history(2, ["speed": [Self.value(9, day: 1)]]),
        ])
        try await store(hub, Self.history(1, ["speed": [Self.value(2, day: 2)]]))
        try await store(hub, Self.history(3, ["speed": [Self.value(7, day: 2)]]))
        let found = try await query(hub)
        #expect(
            Self.words(found) == [
                "urn:x:3 speed 7", "urn:x:1 speed 1", "urn:x:1 speed 2", "urn:x:1 speed 3",
                "urn:x:2 speed 9",
            ]
        )
        #expect(found.page.count == 3)
        let request = try #require(hub.source.requests.first)
        #expect(request.operation == .queryTemporal)
        #expect(request.parameters.map(\.key) == ["type", "timerel", "timeAt", "options", "limit"])
        // The last ones are those of all together, and sources may know how many are wanted.
        let last = try await query(hub, lastN: 1)
        #expect(Self.words(last) == ["urn:x:3 speed 7", "urn:x:1 speed 3", "urn:x:2 speed 9"])
        #expect(
            hub.source.requests.last?.parameters.contains(KeyValuePair(key: "lastN", value: "1"))
                == true
        )
    }

    @Test func `one history is asked for by its identifier`() async throws {
        let hub = try await hub([Self.history(1, ["speed": [Self.value(3, day: 3)]])])
        let id = EntityID("urn:x:1")
        let found = try await hub.fixture.hub.reading.retrieveEvolution(
            of: id,
            TemporalQuery(condition: .everything, instanceLimit: 100, limit: 1),
            forwarding: Forwarding(context: .core, selections: [EntitySelection(ids: [id])]),
            caller: SubscriptionFixture.boss
        )
        #expect(Self.words(found) == ["urn:x:1 speed 3"])
        #expect(hub.source.requests.map(\.operation) == [.retrieveTemporal])
        #expect(hub.source.requests[0].entityID == id)
    }

    /// The source tells two instances at a time, and one history on each page.
    @Test(.clause("6.3.10"), arguments: [nil, 3])
    func `a source is asked until it has told all`(lastN: Int?) async throws {
        let histories = [1, 2].map { number in
            (1...5).map { Self.value(number * 10 + $0, day: $0) }
        }
        let hub = try await FederatedFixture { request in
            func parameter(_ name: String) -> String? {
                request.parameters.first { $0.key == name }?.value
            }
            let ids = parameter("id")
            let place =
                ids.flatMap { Int($0.suffix(1)) }.map { $0 - 1 }
                ?? Int(parameter("offset") ?? "0") ?? 0
            let isNewest = parameter("lastN") != nil
            let from = parameter("timeAt") ?? ""
            let to = isNewest ? parameter("endTimeAt") ?? "9" : "9"
            let told = histories[place].filter { instance in
                let moment = instance.objectValue?["observedAt"]?.stringValue ?? ""
                return from <= moment && moment < to
            }
            let some = isNewest ? told.suffix(2) : told.prefix(2)
            let edge = isNewest ? some.first : some.last
            var answer = SourceAnswer.json(
                [Self.history(place + 1, ["speed": .array(Array(some))])],
                status: told.count > 2 ? 206 : 200
            )
            answer.hasNextPage = ids == nil && place == 0
            if told.count > 2 {
                answer.partEnd = edge?.objectValue?["observedAt"]?.stringValue.flatMap {
                    Timestamp($0)
                }
            }
            return answer
        }
        try await hub.fixture.register([
            "operations": ["queryTemporal"],
            "observationInterval": ["startAt": "2020-01-01T00:00:00Z"],
        ])
        let found = try await query(hub, lastN: lastN)
        let days = lastN == nil ? 1...5 : 3...5
        #expect(
            Self.words(found)
                == [1, 2].flatMap { number in days.map { "urn:x:\(number) speed \(number)\($0)" } }
        )
        #expect(found.warnings.isEmpty)
    }

    @Test func `a source that tells the same part again is given up`() async throws {
        let stuck = try await FederatedFixture { _ in
            var answer = SourceAnswer.json(
                [Self.history(1, ["speed": [Self.value(3, day: 3)]])],
                status: 206
            )
            answer.partEnd = Timestamp("2026-01-03T00:00:00Z")
            return answer
        }
        try await stuck.fixture.register([
            "operations": ["queryTemporal"],
            "observationInterval": ["startAt": "2020-01-01T00:00:00Z"],
        ])
        let found = try await query(stuck)
        #expect(found.evolutions.isEmpty && found.warnings.map(\.code) == [111])
        #expect(stuck.source.requests.count == 2)
    }

    @Test func `an order is refused, and a part of an answer is none`() async throws {
        let hub = try await hub([Self.history(1, ["speed": [Self.value(3, day: 3)]])], status: 206)
        let error = await #expect(throws: BrokerError.self) {
            _ = try await query(hub, order: .ascending)
        }
        #expect(error?.code == .badRequestData)
        #expect(hub.source.requests.isEmpty)
        let found = try await query(hub)
        #expect(found.evolutions.isEmpty && found.warnings.map(\.code) == [299])
    }

    @Test(.clause("5.12")) func `a source of the present, or of another time, is not asked`()
        async throws
    {
        let hub = try await FederatedFixture { _ in .json([]) }
        try await hub.fixture.register(["id": "urn:r:1", "mode": "redirect"])
        try await hub.fixture.register([
            "id": "urn:r:2", "operations": ["queryTemporal"],
            "observationInterval": [
                "startAt": "2020-01-01T00:00:00Z", "endAt": "2021-01-01T00:00:00Z",
            ],
        ])
        try await store(hub, Self.history(1, ["speed": [Self.value(3, day: 3)]]))
        // Nor does it keep the hub's own histories from being shown.
        #expect(try await Self.words(query(hub)) == ["urn:x:1 speed 3"])
        #expect(hub.source.requests.isEmpty)
        // One that says no time is asked for any.
        try await hub.fixture.register(["id": "urn:r:3", "operations": ["queryTemporal"]])
        _ = try await query(hub)
        #expect(hub.source.requests.count == 1)
    }

    // MARK: Rights

    private static func policy(_ target: Condition, hiding: Set<IRI> = []) -> Policy {
        Policy(permissions: [
            Permission(
                assignee: .party(PartyID("reader")),
                actions: [.read],
                target: target,
                hiddenAttributes: hiding
            )
        ])
    }

    @Test func `what a reader may not see stays hidden in histories`() async throws {
        let policy = Self.policy(
            .type(Self.iri("Bus")).and(.not(.type(Self.iri("Secret")))),
            hiding: [Self.iri("driver")]
        )
        let hub = try await hub(
            policy: policy,
            [
                Self.history(1, ["speed": [Self.value(1, day: 1)]]),
                Self.history(2, ["speed": [Self.value(2, day: 1)]], type: ["Bus", "Secret"]),
                Self.history(
                    3,
                    ["speed": [Self.value(3, day: 1)], "driver": [Self.value(9, day: 1)]]
                ),
            ]
        )
        // The hub's own part is hidden, so the whole is.
        try await store(
            hub,
            Self.history(1, ["speed": [Self.value(7, day: 2)]], type: ["Bus", "Secret"])
        )
        let found = try await query(hub, by: Self.reader)
        #expect(Self.words(found) == ["urn:x:3 speed 3"])
        #expect(found.page.count == 1)
        #expect(try await query(hub).page.count == 3)
    }

    @Test func `values are shaped, and hidden ones are left out`() async throws {
        for (shaping, words) in [
            (RoundingStep(JSONNumber(10)).map { Shaping.round($0) }, ["urn:x:1 speed 40"]),
            (nil, []),
        ] as [(Shaping?, [String])] {
            var policy = Self.policy(.type(Self.iri("Bus")))
            policy.prohibitions = [
                Prohibition(
                    assignee: .party(PartyID("reader")),
                    target: .everything,
                    attributes: [Self.iri("speed")],
                    shaping: shaping
                )
            ]
            let hub = try await hub(
                policy: policy,
                [Self.history(1, ["speed": [Self.value(37, day: 1)]])]
            )
            let found = try await query(hub, lastN: 5, by: Self.reader)
            #expect(Self.words(found) == words)
            // How many instances are wanted could tell of what is hidden.
            #expect(
                hub.source.requests.flatMap(\.parameters).allSatisfy { $0.key != "lastN" }
            )
        }
    }

    /// Of a source's history it is unknown what the entity was before the range of time, and is now.
    @Test(arguments: ["status", "scope"])
    func `rights by values and scopes show nothing of sources`(of kind: String) async throws {
        let term =
            try kind == "scope"
            ? ScopeQuery.parse("/Open") : Condition.attribute(Self.iri("status"))
        let hub = try await hub(
            policy: Self.policy(.type(Self.iri("Bus")).and(term)),
            [
                Self.history(
                    1,
                    ["speed": [Self.value(1, day: 1)], "status": [Self.value(1, day: 1)]]
                )
            ]
        )
        let found = try await query(hub, by: Self.reader)
        #expect(found.evolutions.isEmpty && found.page.count == 0)
        #expect(found.warnings.map(\.code) == [199])
        #expect(hub.source.requests.isEmpty)
    }
}
