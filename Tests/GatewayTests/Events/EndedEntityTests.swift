import ContextModel
import Governance
import HTTPTypes
import HummingbirdTesting
import NIOCore
import Testing

@testable import Broker
@testable import Gateway

/// Listeners are told which entities are not part of the answer any more, where asking again would tell the same.
@Suite struct EndedEntityTests {
    private static func caller(_ party: Party) -> Caller { Caller(party: party) }

    private static let buses = NewsQuestion(condition: .type(LDContext.core.expand("Bus")))

    private static var fastBuses: NewsQuestion {
        var question = buses
        let path = AttributePath(names: [LDContext.core.expand("speed")])
        let test = ValueTest(path: path, comparison: .greater(.number(5)))
        question.condition = question.condition.and(.value(test))
        return question
    }

    private static func start(
        _ served: ServedHub,
        _ question: NewsQuestion,
        _ party: Party = .operator
    )
        async throws -> NewsPosition
    {
        try await served.hub.reading.startOfNews(of: question, caller: caller(party))
    }

    private static func news(
        _ served: ServedHub,
        of question: NewsQuestion,
        since position: NewsPosition,
        as party: Party = .operator
    ) async throws -> News {
        try await served.hub.reading.news(of: question, since: position, caller: caller(party))
            .answer
    }

    private static func speed(_ value: Int) -> JSONValue {
        ["speed": ["type": "Property", "value": .number(JSONNumber(value))]]
    }

    @Test func `an entity that is deleted is told once`() async throws {
        let served = try ServedHub()
        try await served.test { client in
            try await client.makeBuses([1, 2])
            let start = try await Self.start(served, Self.buses)
            _ = try await client.send(.delete, "entities/urn:x:1", nil)
            let bench: JSONValue = ["id": "urn:x:bench", "type": "Bench"]
            _ = try await client.send(.post, "entities", bench)
            _ = try await client.send(.delete, "entities/urn:x:bench", nil)
            let told = try await Self.news(served, of: Self.buses, since: start)
            #expect(told.entities.isEmpty)
            #expect(told.ended.map(\.uri) == ["urn:x:1"])
            #expect(!told.mayMissEnds)
            let next = try await Self.news(served, of: Self.buses, since: told.position)
            #expect(next.ended.isEmpty)
        }
    }

    @Test func `an entity that matches no more is told, one that never did is not`() async throws {
        let served = try ServedHub()
        try await served.test { client in
            try await client.makeBuses([1, 6, 7])
            let start = try await Self.start(served, Self.fastBuses)
            _ = try await client.send(.patch, "entities/urn:x:6/attrs", Self.speed(4))
            _ = try await client.send(.patch, "entities/urn:x:1/attrs", Self.speed(2))
            _ = try await client.send(.patch, "entities/urn:x:7/attrs", Self.speed(0))
            _ = try await client.send(.patch, "entities/urn:x:7/attrs", Self.speed(9))
            let told = try await Self.news(served, of: Self.fastBuses, since: start)
            #expect(told.ended.map(\.uri) == ["urn:x:6"])
            #expect(told.entities.map(\.id.uri) == ["urn:x:7"])
            // It changes again, and did not match before that.
            _ = try await client.send(.patch, "entities/urn:x:6/attrs", Self.speed(3))
            let next = try await Self.news(served, of: Self.fastBuses, since: told.position)
            #expect(next.ended.isEmpty)
        }
    }

    /// The reader never knew of it, so its end is not told.
    @Test func `the end of what the reader may not see is not told`() async throws {
        let secret = LDContext.core.expand("Secret")
        let speed = LDContext.core.expand("speed")
        let bus = LDContext.core.expand("Bus")
        let policy = Policy(
            permissions: [
                Permission(
                    assignee: .anyone,
                    actions: [.read],
                    target: Condition.type(bus).and(.not(.type(secret))),
                    hiddenAttributes: [speed]
                )
            ]
        )
        let served = try ServedHub(policy: policy)
        try await served.test { client in
            try await client.makeBuses([6, 7])
            let hidden: JSONValue = ["id": "urn:x:hidden", "type": ["Bus", "Secret"]]
            _ = try await client.send(.post, "entities", hidden)
            let start = try await Self.start(served, Self.buses, .anonymous)
            _ = try await client.send(.delete, "entities/urn:x:hidden", nil)
            // A hidden value changes, and the entity is there as before.
            _ = try await client.send(.patch, "entities/urn:x:6/attrs", Self.speed(4))
            let told = try await Self.news(served, of: Self.buses, since: start, as: .anonymous)
            #expect(told.entities.isEmpty && told.ended.isEmpty)
            let all = try await Self.news(served, of: Self.buses, since: start)
            #expect(all.ended.map(\.uri) == ["urn:x:hidden"])
            // One that becomes hidden has ended for the reader, as a question would show.
            let type: JSONValue = ["type": ["Bus", "Secret"]]
            _ = try await client.send(.patch, "entities/urn:x:7", type)
            let next = try await Self.news(
                served,
                of: Self.buses,
                since: told.position,
                as: .anonymous
            )
            #expect(next.ended.map(\.uri) == ["urn:x:7"])
        }
    }

    @Test func `a listener that was told goes on by the event's identifier`() async throws {
        try await ServedHub().test { client in
            try await client.makeBuses([1, 2, 3])
            let first = try await client.send(.get, "/events?type=Bus&once=true")
            let opening = try #require(String(buffer: first.body).firstMatch(of: /\nid: (\S+)\n/)).1
            _ = try await client.send(.delete, "entities/urn:x:1", nil)
            let address = "/events?type=Bus&once=true&lastEventId="
            let second = String(buffer: try await client.send(.get, "\(address)\(opening)").body)
            #expect(second.contains("event: end\ndata: {\"id\":\"urn:x:1\"}\n\n"))
            let id = try #require(second.matches(of: /\nid: (\S+)\n/).last).1
            let third = String(buffer: try await client.send(.get, "\(address)\(id)").body)
            #expect(!third.contains("data:"))
            _ = try await client.send(.delete, "entities/urn:x:2", nil)
            let fourth = String(buffer: try await client.send(.get, "\(address)\(id)").body)
            #expect(fourth.contains("urn:x:2"))
            #expect(!fourth.contains("urn:x:1"))
        }
    }

    @Test func `who may have missed ends is told so once`() async throws {
        try await ServedHub().test { client in
            try await client.makeBuses([1])
            let address = "/events?type=Bus&once=true&lastEventId="
            let text = String(
                buffer: try await client.send(.get, "\(address)1970-01-01T00:00:00Z").body
            )
            #expect(text.contains("event: reset\ndata: {}\n\n"))
            let id = try #require(text.matches(of: /\nid: (\S+)\n/).last).1
            let next = String(buffer: try await client.send(.get, "\(address)\(id)").body)
            #expect(!next.contains("event:"))
        }
    }

    /// A browser does not come back after an error.
    @Test func `who missed more than an answer has asks anew, and goes on from now`() async throws {
        var limits = HubLimits()
        limits.maximumPage = 2
        let served = try ServedHub(limits: limits)
        try await served.test { client in
            try await client.makeBuses([1, 2, 3])
            let early = NewsPosition(since: Timestamp(microseconds: 0))
            let told = try await Self.news(served, of: Self.buses, since: early)
            #expect(told.entities.isEmpty && told.mayMissEnds)
            _ = try await client.send(.delete, "entities/urn:x:1", nil)
            let next = try await Self.news(served, of: Self.buses, since: told.position)
            #expect(next.ended.map(\.uri) == ["urn:x:1"] && !next.mayMissEnds)
        }
    }

    /// So many long entities that not all of them can be kept.
    @Test func `what was before is kept up to a limit`() {
        let watch = ChangeWatch(epoch: 5)
        let start = watch.start(nil, at: Timestamp(microseconds: 5))
        let text = JSONValue.string(String(repeating: "x", count: 1 << 20))
        let count = ChangeWatch.maximumBytes >> 20
        for number in 0...count {
            var entity = Entity(id: EntityID("urn:x:\(number)"), types: [IRI("Bus")])
            let long = Attribute(kind: .property, value: text)
            entity.attributes = [NamedAttribute(name: IRI("text"), instances: [long])]
            let change = EntityChange(before: entity, after: nil)
            watch.whenStored(change, nil, at: Timestamp(microseconds: 0))?()
        }
        var late = start
        #expect(watch.changes(nil, from: &late, limit: 10) == nil)
        var kept = NewsPosition(epoch: 5, number: late.number - 5, time: start.time)
        #expect(watch.changes(nil, from: &kept, limit: 10)?.count == 5)
    }
}
