import ContextModel
import Governance
import HTTPTypes
import HummingbirdTesting
import NIOCore
import Testing

@testable import Broker
@testable import Gateway

/// Server-sent events: listeners are told the present state of what has changed.
@Suite struct EventTests {
    private static func caller(_ party: Party = .operator) -> Caller { Caller(party: party) }

    private static let buses = NewsQuestion(
        condition: .type(LDContext.core.expand("Bus"))
    )

    private static func news(
        _ hub: Hub,
        since position: NewsPosition,
        as party: Party = .operator,
        of question: NewsQuestion = buses
    ) async throws -> News {
        try await hub.reading.news(of: question, since: position, caller: caller(party)).answer
    }

    private static func speed(_ value: Int) -> JSONValue {
        ["speed": ["type": "Property", "value": .number(JSONNumber(value))]]
    }

    @Test func `a listener is told of changes after it began, once`() async throws {
        let served = try ServedHub()
        try await served.test { client in
            try await client.makeBuses([1, 2])
            let start = try await served.hub.reading.startOfNews(
                of: Self.buses,
                caller: Self.caller()
            )
            #expect(try await Self.news(served.hub, since: start).entities.isEmpty)
            _ = try await client.send(.patch, "entities/urn:x:2/attrs", Self.speed(7))
            _ = try await client.send(.patch, "entities/urn:x:2/attrs", Self.speed(8))
            let bench: JSONValue = ["id": "urn:x:bench", "type": "Bench"]
            _ = try await client.send(.post, "entities", bench)
            let told = try await Self.news(served.hub, since: start)
            #expect(told.entities.map(\.id.uri) == ["urn:x:2"])
            #expect(told.entities[0][LDContext.core.expand("speed")].first?.value == 8)
            #expect(try await Self.news(served.hub, since: told.position).entities.isEmpty)
        }
    }

    @Test func `a position of another run goes on by time`() async throws {
        let served = try ServedHub()
        try await served.test { client in
            try await client.makeBuses([1])
            let before = served.hub.clock()
            try await client.makeBuses([2])
            let old = try #require(NewsPosition("another-5-\(before.microseconds)"))
            let told = try await Self.news(served.hub, since: old)
            #expect(told.entities.map(\.id.uri) == ["urn:x:2"])
            #expect(try await Self.news(served.hub, since: told.position).entities.isEmpty)
            _ = try await client.send(.patch, "entities/urn:x:1/attrs", Self.speed(7))
            let next = try await Self.news(served.hub, since: told.position)
            #expect(next.entities.map(\.id.uri) == ["urn:x:1"])
        }
    }

    /// More changes than are remembered.
    @Test func `who was away for long goes on by time`() throws {
        let watch = ChangeWatch(epoch: "run")
        let start = watch.start(nil, at: Timestamp(microseconds: 5))
        var entity = Entity(id: EntityID("urn:x:1"), types: [IRI("Bus")])
        for time in 0..<ChangeWatch.capacity + 1 {
            entity.modifiedAt = Timestamp(microseconds: Int64(time))
            let change = EntityChange.creation(of: entity, at: Timestamp(microseconds: Int64(time)))
            watch.whenStored(change, nil, at: Timestamp(microseconds: 0))?()
        }
        var late = start
        #expect(watch.changes(nil, from: &late, limit: 10) == nil)
        #expect(late.time == start.time)
        var kept = NewsPosition(epoch: "run", number: 2, time: start.time)
        let changes = watch.changes(nil, from: &kept, limit: ChangeWatch.capacity)
        #expect(changes?.count == ChangeWatch.capacity)
        #expect(changes?.last?.time.microseconds == Int64(ChangeWatch.capacity))
        #expect(watch.changes(nil, from: &kept, limit: 10)?.isEmpty == true)
    }

    /// That something hidden has changed is not told either.
    @Test func `a change of what is hidden is not told`() async throws {
        let speed = LDContext.core.expand("speed")
        let policy = Policy(
            permissions: [
                Permission(
                    assignee: .anyone,
                    actions: [.read],
                    target: .everything,
                    hiddenAttributes: [speed]
                )
            ]
        )
        let served = try ServedHub(policy: policy)
        try await served.test { client in
            try await client.makeBuses([1])
            let start = try await served.hub.reading.startOfNews(
                of: Self.buses,
                caller: Self.caller(.anonymous)
            )
            _ = try await client.send(.patch, "entities/urn:x:1/attrs", Self.speed(7))
            #expect(try await Self.news(served.hub, since: start, as: .anonymous).entities.isEmpty)
            #expect(try await Self.news(served.hub, since: start).entities.count == 1)
            let name: JSONValue = ["name": ["type": "Property", "value": "Bus 1"]]
            _ = try await client.send(.post, "entities/urn:x:1/attrs", name)
            let told = try await Self.news(served.hub, since: start, as: .anonymous)
            #expect(told.entities.count == 1)
            #expect(told.entities[0][speed].isEmpty)
        }
    }

    @Test func `only changes of watched attributes are told`() async throws {
        let served = try ServedHub()
        try await served.test { client in
            try await client.makeBuses([1])
            var question = Self.buses
            question.watched = [LDContext.core.expand("name")]
            let start = try await served.hub.reading.startOfNews(
                of: question,
                caller: Self.caller()
            )
            _ = try await client.send(.patch, "entities/urn:x:1/attrs", Self.speed(7))
            #expect(try await Self.news(served.hub, since: start, of: question).entities.isEmpty)
            let name: JSONValue = ["name": ["type": "Property", "value": "Bus 1"]]
            _ = try await client.send(.post, "entities/urn:x:1/attrs", name)
            #expect(try await Self.news(served.hub, since: start, of: question).entities.count == 1)
        }
    }

    @Test func `events are text of the standard, and the last has the identifier`() async throws {
        try await ServedHub().test { client in
            try await client.makeBuses([1, 2])
            let answer = try await client.send(
                .get,
                "/events?type=Bus&options=keyValues&once=true&lastEventId=x-0-0"
            )
            #expect(answer.headers[.contentType] == "text/event-stream")
            let text = String(buffer: answer.body)
            #expect(text.hasPrefix("retry: 3000\n\n"))
            #expect(text.components("event: entity\n") == 2)
            #expect(text.contains(#"data: {"id":"urn:x:1","type":"Bus","speed":1}"#))
            #expect(text.components("id: ") == 1)
            let id = try #require(text.firstMatch(of: /id: (\S+)\n/)).1
            let next = try await client.send(
                .get,
                "/events?type=Bus&once=true",
                headers: [.init("Last-Event-ID")!: String(id)]
            )
            #expect(!String(buffer: next.body).contains("data:"))
        }
    }

    @Test(arguments: [
        ("", HTTPResponse.Status.badRequest), ("type=Bus&lastEventId=nonsense", .badRequest),
        ("subscription=urn:x:none", .notFound), ("subscription=urn:x:s&type=Bus", .badRequest),
    ])
    func `what is not understood is refused`(
        query: String,
        status: HTTPResponse.Status
    ) async throws {
        try await ServedHub().test { client in
            let answer = try await client.send(.get, "/events?\(query)")
            #expect(answer.status == status)
        }
    }

    @Test func `a subscription's own question can be listened to by its owner`() async throws {
        try await ServedHub().test { client in
            try await client.makeBuses([1, 5])
            let subscription: JSONValue = [
                "id": "urn:x:s", "type": "Subscription", "entities": [["type": "Bus"]],
                "q": "speed>3",
                "notification": [
                    "format": "keyValues", "endpoint": ["uri": "http://receiver.example/"],
                ],
            ]
            let made = try await client.send(.post, "subscriptions", subscription)
            try #require(made.status == .created)
            let path = "/events?subscription=urn:x:s&once=true&lastEventId=x-0-0"
            let text = String(buffer: try await client.send(.get, path).body)
            #expect(text.contains(#""id":"urn:x:5""#))
            #expect(!text.contains(#""id":"urn:x:1""#))
            let other = try await client.send(.get, path, token: ServedHub.officeToken)
            #expect(other.status != .ok)
        }
    }
}

extension String {
    /// How often the text occurs.
    fileprivate func components(_ text: String) -> Int { ranges(of: text).count }
}
