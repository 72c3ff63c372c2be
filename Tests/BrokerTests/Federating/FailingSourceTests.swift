import Clauses
import ContextModel
import Federation
import Governance
import Storage
import Synchronization
import Testing

@testable import Broker

/// A source that fails costs a question its part alone, with a warning that names it.
@Suite(.timeLimit(.minutes(1)), .clause("4.3.6", "5.2.34", "6.3.17"))
struct FailingSourceTests {
    private static let bus: JSONValue = ["id": "urn:x:2", "type": "Bus", "speed": 5]

    /// A source that always answers this, and another one that is well.
    private func failing(
        with answer: @escaping @Sendable () throws -> SourceAnswer
    ) async throws -> FederatedFixture {
        let hub = try await FederatedFixture { request in
            request.endpoint.contains("bad") ? try answer() : .json([Self.bus])
        }
        try await hub.fixture.make(["id": "urn:x:1", "type": "Bus"])
        try await hub.fixture.register(["id": "urn:r:good", "endpoint": "http://good.example"])
        try await hub.fixture.register([
            "id": "urn:r:bad", "endpoint": "http://bad.example", "contextSourceAlias": "bad-one",
        ])
        return hub
    }

    @Test(
        arguments: [
            ("text", 111, SourceAnswer(status: 200, body: Array("no JSON".utf8))),
            ("no entity", 111, .json([["id": "urn:x:3"]])),
            ("half of it", 111, SourceAnswer(status: 200, body: Array("[{\"id\":".utf8))),
            ("another's", 111, .json([["id": "urn:x:3", "type": "Safe"]])),
            ("one entity twice", 111, .json([bus, bus])),
            ("refusal", 299, SourceAnswer(status: 403)),
            ("failure", 299, SourceAnswer(status: 500)),
            ("redirect", 299, SourceAnswer(status: 302)),
            ("loop", 199, SourceAnswer(status: 508)),
        ] as [(String, Int, SourceAnswer)]
    )
    func `an answer that cannot be used is left out`(
        what: String,
        code: Int,
        answer: SourceAnswer
    ) async throws {
        let found = try await failing { answer }.query()
        #expect(try FederatedFixture.ids(found) == ["urn:x:1", "urn:x:2"], "\(what)")
        #expect(found.page.count == 2)
        #expect(found.warnings.map(\.source) == ["bad-one"], "\(what)")
        #expect(found.warnings.map(\.code) == [code], "\(what)")
    }

    /// A source that asks others in turn says so where one of them failed, and so does the hub.
    @Test(arguments: [200, 404]) func `what is missing behind a source is warned of`(
        status: Int
    ) async throws {
        let bad: JSONValue = ["id": "urn:x:3", "type": "Bus"]
        let body = status == 200 ? JSONValue.array([bad]).serialized : []
        let hub = try await failing {
            SourceAnswer(status: status, isPartial: true, body: body)
        }
        let found = try await hub.query()
        let ids = ["urn:x:1", "urn:x:2"] + (status == 200 ? ["urn:x:3"] : [])
        #expect(try FederatedFixture.ids(found) == ids)
        #expect(found.warnings.map(\.source) == ["bad-one"])
        #expect(found.warnings.map(\.code) == [199])
        // It is well itself, and is asked again.
        _ = try await hub.query()
        #expect(hub.source.requests.count == 4)
    }

    @Test(arguments: [404, 204]) func `to have nothing is no failure`(status: Int) async throws {
        let found = try await failing { SourceAnswer(status: status) }.query()
        #expect(try FederatedFixture.ids(found) == ["urn:x:1", "urn:x:2"])
        #expect(found.warnings.isEmpty)
    }

    @Test func `an answer that is too long is left out`() async throws {
        let many = (0...SourceQuestion.maximumEntities).map { number -> JSONValue in
            ["id": .string("urn:x:\(number)"), "type": "Bus"]
        }
        let hub = try await failing { .json(.array(many)) }
        let found = try await hub.query()
        #expect(found.warnings.map(\.reason) == [SourceProblem.tooMuch.reason])
        #expect(try FederatedFixture.ids(found) == ["urn:x:1", "urn:x:2"])
    }

    @Test func `a source that failed is left alone for a while`() async throws {
        let hub = try await failing { throw SourceProblem.unreachable }
        _ = try await hub.query()
        #expect(hub.source.requests.count == 2)
        let again = try await hub.query()
        #expect(hub.source.requests.count == 3)
        #expect(again.warnings.map(\.reason) == [SourceProblem.coolingDown.reason])
        hub.clock.move(milliseconds: Int64(FederationLimits.cooldownMilliseconds))
        _ = try await hub.query()
        #expect(hub.source.requests.count == 5)
        // It failed again, so it is left alone for twice as long.
        hub.clock.move(milliseconds: Int64(FederationLimits.cooldownMilliseconds))
        _ = try await hub.query()
        #expect(hub.source.requests.count == 6)
        hub.clock.move(milliseconds: Int64(FederationLimits.cooldownMilliseconds))
        _ = try await hub.query()
        #expect(hub.source.requests.count == 8)
        // A refusal is no failure of the source.
        let refusing = try await failing { SourceAnswer(status: 403) }
        _ = try await refusing.query()
        _ = try await refusing.query()
        #expect(refusing.source.requests.count == 4)
    }

    @Test func `a source that is gone is left alone ever longer, and is back at once`() async throws
    {
        let isGone = Mutex(true)
        let hub = try await failing {
            guard isGone.withLock(\.self) else { return .json([]) }
            throw SourceProblem.unreachable
        }
        var (asked, minutes) = (0, 0)
        for _ in 0..<30 {
            let before = hub.source.requests.count
            _ = try await hub.query()
            if hub.source.requests.count == before + 2 { asked += 1 }
            hub.clock.move(milliseconds: 60_000)
            minutes += 1
        }
        // At 0, 1, 2, 3, 5 and 8 minutes, and then every five.
        #expect(asked == 10, "\(asked) times in \(minutes) minutes")
        isGone.withLock { $0 = false }
        hub.clock.move(milliseconds: Int64(FederationLimits.longestCooldownMilliseconds))
        #expect(try await hub.query().warnings.isEmpty)
        isGone.withLock { $0 = true }
        #expect(try await hub.query().warnings.map(\.reason) == [SourceProblem.unreachable.reason])
        hub.clock.move(milliseconds: Int64(FederationLimits.cooldownMilliseconds))
        #expect(try await hub.query().warnings.map(\.reason) == [SourceProblem.unreachable.reason])
    }

    /// An honest source may have more than is taken, or other entities than a pattern says.
    @Test func `a careless question costs whoever asked it alone`() async throws {
        let hub = try await failing { .json([["id": "urn:x:3", "type": "Safe"]]) }
        _ = try await hub.query()
        #expect(try await hub.query().warnings.map(\.reason) == [SourceProblem.coolingDown.reason])
        let other = Caller(party: .named(PartyID("other")))
        #expect(
            try await hub.query(caller: other).warnings.map(\.reason)
                == [SourceProblem.unasked.reason]
        )
    }

    @Test(.clause("5.7.1")) func `who has another type under the name is no liar`() async throws {
        let hub = try await failing { .json(["id": "urn:x:9", "type": "Safe"]) }
        for _ in 0..<2 {
            let error = await #expect(throws: BrokerError.self) {
                try await hub.retrieve("urn:x:9")
            }
            // The good one answers a retrieval with another entity.
            #expect(error?.warnings.map(\.source) == ["urn:r:good"])
        }
        let types = hub.source.requests.flatMap(\.parameters).filter { $0.key == "type" }
        #expect(!types.isEmpty && types.allSatisfy { $0.value == "Bus" })
    }

    @Test func `too many questions and answers at once are not waited for`() async throws {
        let shares = SourceShares()
        let (one, other) = (Sharer(.named(PartyID("one"))), Sharer(.named(PartyID("other"))))
        var taken = 0
        while shares.beginQuestion(for: one) { taken += 1 }
        #expect(taken == FederationLimits.maximumQuestions / 2)
        #expect(shares.beginQuestion(for: other))
        shares.endQuestion(for: one)
        #expect(shares.beginQuestion(for: one))
        do {
            let memory = AnswerMemory(shares, of: one)
            #expect(memory.take(FederationLimits.maximumBytes / 2))
            #expect(!AnswerMemory(shares, of: one).take(1 << 20))
            #expect(AnswerMemory(shares, of: other).take(1 << 20))
        }
        // What was held is free again.
        #expect(AnswerMemory(shares, of: one).take(FederationLimits.maximumBytes / 2))
    }

    /// A source must not have the hub call any number of addresses.
    @Test(.clause("5.5.5")) func `an answer has few @contexts`() async throws {
        let hub = try await FederatedFixture { _ in
            let many = (0...FederationLimits.maximumContexts).map { number -> JSONValue in
                [
                    "id": .string("urn:x:\(number)"), "type": "Bus",
                    "@context": [
                        "Bus": .string(SubscriptionFixture.iri("Bus").text),
                        "n": .string("urn:n:\(number)"),
                    ],
                ]
            }
            var answer = SourceAnswer.json(.array(many))
            answer.hasInnerContext = true
            return answer
        }
        try await hub.fixture.register()
        let found = try await hub.query()
        #expect(found.warnings.map(\.reason) == [SourceProblem.tooMuch.reason])
    }

    @Test func `a source that does not answer costs its time once`() async throws {
        let hub = try await FederatedFixture { request in
            guard request.endpoint.contains("bad") else { return .json([Self.bus]) }
            try await Task.sleep(for: .seconds(3_600))
            throw SourceProblem.unreachable
        }
        try await hub.fixture.register(["id": "urn:r:good", "endpoint": "http://good.example"])
        try await hub.fixture.register([
            "id": "urn:r:bad", "endpoint": "http://bad.example",
            "management": ["timeout": 700, "cooldown": 2_000],
        ])
        let answer = Task { try await hub.query() }
        let moving = Task {
            while !Task.isCancelled {
                // The good one has answered, and its time is not waited for any more.
                if hub.clock.sleepers == 1, hub.source.requests.count == 2 {
                    hub.clock.move(milliseconds: 10)
                }
                await Task.yield()
            }
        }
        let found = try await answer.value
        moving.cancel()
        #expect(try FederatedFixture.ids(found) == ["urn:x:2"])
        #expect(found.warnings.map(\.reason) == [SourceProblem.late.reason])
        #expect(found.warnings.map(\.source) == ["urn:r:bad"])
        #expect(try await hub.query().warnings.map(\.reason) == [SourceProblem.coolingDown.reason])
    }

    @Test func `a retrieval that finds nothing says who failed`() async throws {
        let hub = try await failing { SourceAnswer(status: 500) }
        let error = await #expect(throws: BrokerError.self) {
            _ = try await hub.fixture.hub.reading.retrieveEntity(
                EntityID("urn:x:9"),
                forwarding: Forwarding(
                    context: .core,
                    selections: [EntitySelection(ids: [EntityID("urn:x:9")])]
                ),
                caller: SubscriptionFixture.boss
            )
        }
        #expect(error?.code == .resourceNotFound)
        // The other one answers with an entity that was not asked for.
        #expect(error?.warnings.map(\.code).sorted() == [111, 299])
    }

    @Test(.clause("4.3.6.4")) func `who came through many sources is not passed on`() async throws {
        let hub = try await failing { .json([]) }
        let via = (0..<FederationLimits.maximumHops).map { "hub-\($0)" }
        #expect(try await hub.query(via: via).page.count == 1)
        #expect(hub.source.requests.isEmpty)
        _ = try await hub.query(via: ["hub-0"])
        let alias = hub.fixture.hub.federating.alias(of: nil)
        #expect(hub.source.requests.allSatisfy { $0.via == ["hub-0", alias] })
    }
}
