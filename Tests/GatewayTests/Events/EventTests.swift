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
            let identity = HubIdentity(name: "hub", secret: "secret")
            let another = NewsPositionSeal(identity, epoch: 7)
            let text = try another.text(of: NewsPosition(epoch: 7, number: 5, time: before), nil)
            let old = try #require(served.hub.reading.position(text, caller: Self.caller()))
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
        let watch = ChangeWatch(epoch: 5)
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
        var kept = NewsPosition(epoch: 5, number: 2, time: start.time)
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

    /// The identifier is the same to look at, however much of what is hidden has changed, and is nobody's to make.
    @Test func `a position tells nothing of hidden changes`() async throws {
        let identity = HubIdentity(name: "hub", secret: "secret")
        let seal = NewsPositionSeal(identity, epoch: 1_800_000_000_000_000)
        var texts: Set<String> = []
        for number in [1, 2, 9_999, Int64.max] {
            let position = NewsPosition(
                epoch: seal.epoch,
                number: number,
                time: Timestamp(microseconds: number / 2)
            )
            let text = try seal.text(of: position, nil)
            texts.insert(text)
            // The same position has another text each time, so that two cannot be compared.
            #expect(try seal.text(of: position, nil) != text)
            #expect(text.count == 120)
            #expect(seal.position(text, nil) == position)
            // Of another run, which reads it; of another tenant and of another hub, which do not.
            #expect(NewsPositionSeal(identity, epoch: 5).position(text, nil) == position)
            #expect(seal.position(text, TenantName("city")) == nil)
            let other = HubIdentity(name: "hub", secret: "another")
            #expect(NewsPositionSeal(other, epoch: seal.epoch).position(text, nil) == nil)
            for place in [0, 20, 60, 119] {
                var digits = Array(text)
                digits[place] = digits[place] == "0" ? "1" : "0"
                #expect(seal.position(String(digits), nil) == nil)
            }
        }
        #expect(texts.count == 4)
    }

    /// After a long absence a listener goes on from a time: that of what it was told.
    @Test func `hidden changes do not move the time of a position`() async throws {
        let served = try ServedHub(policy: Self.everyoneReadsBuses)
        try await served.test { client in
            try await client.makeBuses([1])
            let start = try await served.hub.reading.startOfNews(
                of: Self.buses,
                caller: Self.caller(.anonymous)
            )
            let safe: JSONValue = ["id": "urn:x:safe", "type": "Safe"]
            _ = try await client.send(.post, "entities", safe)
            let quiet = try await Self.news(served.hub, since: start, as: .anonymous)
            #expect(quiet.position.number == start.number + 1)
            #expect(quiet.position.time == start.time)
        }
    }

    private static let everyoneReadsBuses = Policy(
        permissions: [
            Permission(
                assignee: .anyone,
                actions: [.read],
                target: .type(LDContext.core.expand("Bus"))
            )
        ]
    )

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
                "/events?type=Bus&options=keyValues&once=true&lastEventId=1970-01-01T00:00:00Z"
            )
            #expect(answer.headers[.contentType] == "text/event-stream")
            let text = String(buffer: answer.body)
            #expect(text.prefixMatch(of: /retry: 3000\nid: [0-9a-f]+\n\n/) != nil)
            #expect(text.components("event: entity\n") == 2)
            #expect(text.contains(#"data: {"id":"urn:x:1","type":"Bus","speed":1}"#))
            // One with the opening, for who hears nothing yet, and one with the last event.
            let ids = text.matches(of: /\nid: (\S+)\n/).map { String($0.1) }
            #expect(ids.count == 2)
            #expect(ids[0].count == ids[1].count)
            let again = try await client.send(
                .get,
                "/events?type=Bus&once=true&lastEventId=\(ids[0])"
            )
            #expect(String(buffer: again.body).components("event: entity\n") == 2)
            let id = ids[1]
            let next = try await client.send(
                .get,
                "/events?type=Bus&once=true",
                headers: [.init("Last-Event-ID")!: id]
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

    /// The token is good for an hour, and the listener has no reason of its own to end.
    @Test(.timeLimit(.minutes(1)))
    func `a listener whose token is taken back hears nothing more`() async throws {
        let (world, served) = (
            try await TokenWorld(), try ServedHub(policy: Self.everyoneReadsBuses)
        )
        let token = try world.token { _, claims in claims["jti"] = "listener" }
        try await served.test(verifier: world.verifier) { client in
            try await client.makeBuses([1])
            async let listening = client.send(.get, "/events?type=Bus", token: token)
            let entity = Entity(id: EntityID("urn:x:1"), types: [])
            let change = EntityChange.creation(of: entity, at: served.hub.clock())
            // It has begun, so it was known when it came.
            while served.hub.reading.watch.whenStored(change, nil, at: served.hub.clock()) == nil {
                await Task.yield()
            }
            var revoked = RevokedTokens()
            revoked.insert(.id("listener"))
            world.verifier.replace(revoked: revoked)
            let answer = try await listening
            #expect(answer.status == .ok)
            let text = String(buffer: answer.body)
            #expect(text.hasPrefix("retry: 3000\n"))
            #expect(!text.contains("data:"))
            let again = try await client.send(.get, "/events?type=Bus&once=true", token: token)
            #expect(again.status == .unauthorized)
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
            let path = "/events?subscription=urn:x:s&once=true&lastEventId=1970-01-01T00:00:00Z"
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
