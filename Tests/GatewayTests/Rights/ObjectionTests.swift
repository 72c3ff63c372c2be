import ContextModel
import Foundation
import Governance
import Record
import Synchronization
import Testing

@testable import Gateway

/// Promise P1: nothing of a person leaves after its objection, on any path; and P3: nothing leaves
/// without an entry in the record.
@Suite(.timeLimit(.minutes(5))) struct ObjectionTests {
    private static let clinic = RightsAsker(.clinic)

    /// What is about the person, by a path, with what was made before.
    private struct Kept {
        var path: RightsPath
        var data: RightsClass
        var made: String?
    }

    /// All ways by which the clinic learns of the person; what they need is made already.
    private static func ways(_ client: RightsClient) async throws -> [Kept] {
        var ways: [Kept] = []
        for data in RightsClass.allCases where data.isAboutPeople {
            let prepared = try await client.prepare(data, clinic)
            for (path, made) in zip(RightsPath.all, prepared) {
                let answer = try await path.ask(client, data, clinic, made: made)
                // The entity is public where an attribute is personal, and so on a list of entities.
                guard path.tells(answer, of: data),
                    data != .attribute || answer.text.contains(data.marker)
                else { continue }
                ways.append(Kept(path: path, data: data, made: made))
            }
        }
        return ways
    }

    @Test func `an objection closes each way at once, and consent opens it again`() async throws {
        try await RightsWorld().test { client in
            try await client.prepare()
            let ways = try await Self.ways(client)
            for data in RightsClass.allCases where data.isAboutPeople {
                let count = ways.count { $0.data == data }
                #expect(count >= 20, "the clinic learns of \(data) by \(count) ways alone")
            }
            for (choice, tells) in [("object", false), ("consent", true), ("withdraw", false)] {
                try await client.choose(choice)
                for way in ways {
                    // A map forgets what its maker may not see when it asks.
                    if tells, way.path.name.contains("EntityMap") { continue }
                    let answer = try await way.path.ask(
                        client,
                        way.data,
                        Self.clinic,
                        made: way.made
                    )
                    #expect(
                        way.path.tells(answer, of: way.data) == tells,
                        "\(choice): \(way.path.name) of \(way.data): \(answer)"
                    )
                }
            }
        }
    }

    @Test func `each answer about people is in the record before it leaves`() async throws {
        let world = try await RightsWorld()
        try await world.test { client in
            try await client.prepare()
            for way in try await Self.ways(client) {
                let before = world.record.size
                let answer = try await way.path.ask(client, way.data, Self.clinic, made: way.made)
                #expect(way.path.tells(answer, of: way.data))
                // Names of attributes alone are about nobody in particular, but are told of people.
                #expect(world.record.size > before, "\(way.path.name) of \(way.data) left no entry")
            }
        }
    }

    @Test func `no way tells of people while the record cannot be written`() async throws {
        let world = try await RightsWorld()
        try await world.test { client in
            try await client.prepare()
            let ways = try await Self.ways(client)
            await world.record.close()
            for way in ways {
                let answer = try await way.path.ask(client, way.data, Self.clinic, made: way.made)
                #expect(
                    !way.path.tells(answer, of: way.data) && answer.status != 500,
                    "\(way.path.name) of \(way.data): \(answer)"
                )
            }
            // Nobody is kept from what is public.
            let names = ["Query by type", "Query evolutions", "Events"]
            for path in RightsPath.all where names.contains(path.name) {
                let answer = try await path.ask(client, .public, RightsAsker(.stranger))
                #expect(answer.status == 200, "\(path.name): \(answer)")
            }
        }
    }

    @Test func `readers who go on find nothing of somebody who objects`() async throws {
        let world = try await RightsWorld()
        try await world.test { client in
            try await client.prepare()
            try await client.subscribe()
            let ways = try await Self.ways(client)
            let watch = Watch()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        while !watch.isOver {
                            guard let way = ways.randomElement() else { return }
                            let asked = ContinuousClock.now
                            let answer = try await way.path.ask(
                                client,
                                way.data,
                                Self.clinic,
                                made: way.made
                            )
                            guard way.path.tells(answer, of: way.data) else { continue }
                            watch.told("\(way.path.name) of \(way.data): \(answer)", asked)
                        }
                    }
                }
                group.addTask {
                    var number = 0
                    while !watch.isOver {
                        number += 1
                        try await client.change(number)
                    }
                }
                group.addTask { try await Self.object(client, watch) }
                try await group.waitForAll()
            }
            let sent = world.receivers.sent
            for one in sent { watch.sent(one.text, one.at) }
            #expect(sent.contains { $0.isMQTT } && sent.contains { !$0.isMQTT })
            #expect(watch.toldCount > 0, "nobody was ever told anything")
            #expect(watch.leaks.isEmpty, "\(watch.leaks.prefix(3))")
        }
    }

    /// Objects and consents many times, at moments of chance; now and then for longer than a second.
    private static func object(_ client: RightsClient, _ watch: Watch) async throws {
        defer { watch.end() }
        for round in 0..<40 {
            try await client.choose("object")
            watch.objected()
            let hold = round % 10 == 9 ? 1_300 : Int.random(in: 1...60)
            try await client.goOn(for: .milliseconds(hold))
            watch.consents()
            try await client.choose("consent")
            try await client.goOn(for: .milliseconds(Int.random(in: 1...60)))
        }
    }

    /// When the person's objections were in force, and what was told when.
    private final class Watch: Sendable {
        private struct State {
            var isOver = false
            var objections: [(from: ContinuousClock.Instant, to: ContinuousClock.Instant?)] = []
            var told:
                [(what: String, asked: ContinuousClock.Instant?, left: ContinuousClock.Instant)] =
                    []
        }
        private let state = Mutex(State())

        var isOver: Bool { state.withLock(\.isOver) }
        func end() { state.withLock { $0.isOver = true } }
        func objected() { state.withLock { $0.objections.append((.now, nil)) } }
        func consents() {
            state.withLock { $0.objections[$0.objections.count - 1].to = .now }
        }
        func told(_ what: String, _ asked: ContinuousClock.Instant) {
            state.withLock { $0.told.append((what, asked, .now)) }
        }
        func sent(_ what: String, _ at: ContinuousClock.Instant) {
            guard what.contains("canary") else { return }
            state.withLock { $0.told.append((what, nil, at)) }
        }
        var toldCount: Int { state.withLock(\.told.count) }

        /// What was asked for in an objection's time, or left a second after it was acknowledged.
        var leaks: [String] {
            state.withLock { state in
                state.told.filter { told in
                    state.objections.contains { from, to in
                        let isAsked = told.asked.map {
                            from <= $0 && to.map { told.left < $0 } ?? true
                        }
                        let isLate =
                            from + .seconds(1) < told.left && to.map { told.left < $0 } ?? true
                        return isAsked == true || isLate
                    }
                }.map(\.what)
            }
        }
    }
}

extension RightsClient {
    /// Subscribes the clinic to all that is about people, by HTTP and by MQTT.
    func subscribe() async throws {
        for data in RightsClass.allCases where data.isAboutPeople {
            for url in ["http://receiver.example/\(data)", "mqtt://receiver.example/\(data)"] {
                try await make(
                    "/ngsi-ld/v1/subscriptions",
                    """
                    {"type": "Subscription", "entities": [{"type": "\(data.type)"}],
                     "notification": {"endpoint": {"uri": "\(url)"}}}
                    """,
                    as: .clinic
                )
            }
        }
    }

    /// Gives what is about the person other values.
    func change(_ number: Int) async throws {
        for data in RightsClass.allCases where data.isAboutPeople {
            try await make(
                "/ngsi-ld/v1/entities/\(data.entity)/attrs",
                #"{"\#(data.marker)": {"type": "Property", "value": "\#(data.marker) \#(number)"}}"#
            )
        }
    }

    /// Asks for what is public until the time is over.
    func goOn(for duration: Duration) async throws {
        let end = ContinuousClock.now + duration
        while ContinuousClock.now < end {
            try await send(
                WorldRequest(uri: "/ngsi-ld/v1/entities/urn:x:Bench:1"),
                as: RightsAsker(.stranger)
            )
        }
    }
}
