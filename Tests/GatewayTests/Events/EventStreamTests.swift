import ContextModel
import Governance
import HTTPTypes
import Hummingbird
import NIOCore
import Outbound
import Synchronization
import Testing

@testable import Broker
@testable import Gateway

/// An open stream of events and a client that takes its time.
@Suite struct EventStreamTests {
    /// What the client has got; it waits before it takes more after the first entity.
    private final class SlowClient: Sendable {
        let text = Mutex("")
        let meanwhile: @Sendable () async throws -> Void

        init(_ meanwhile: @escaping @Sendable () async throws -> Void) {
            self.meanwhile = meanwhile
        }
    }

    private struct SlowWriter: ResponseBodyWriter {
        let client: SlowClient

        mutating func write(_ buffer: ByteBuffer) async throws {
            let isFirst = client.text.withLock { text in
                let isFirst = !text.contains("data:")
                text += String(buffer: buffer)
                return isFirst && text.contains("data:")
            }
            guard isFirst else { return }
            try await client.meanwhile()
            try await Task.sleep(for: .milliseconds(600))
        }

        consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
    }

    /// Two entities of forty kilobytes are two writes; the second is gone when the client takes it.
    @Test func `what a slow client has not taken is read again`() async throws {
        let served = try ServedHub()
        try await served.test { client in
            for number in 1...3 {
                let bus: JSONValue = [
                    "id": .string("urn:x:\(number)"), "type": "Bus",
                    "text": [
                        "type": "Property", "value": .string(String(repeating: "x", count: 40_000)),
                    ],
                ]
                _ = try await client.send(.post, "entities", bus)
            }
            let caller = Caller(party: .operator)
            let question = NewsQuestion(condition: .type(LDContext.core.expand("Bus")))
            let start = NewsPosition(since: Timestamp(microseconds: 0))
            let first = try await served.hub.reading.news(
                of: question,
                since: start,
                caller: caller
            )
            let stream = EventStream(
                hub: served.hub,
                question: question,
                caller: caller,
                isStillCaller: nil,
                memory: nil,
                writer: EntityWriter(Representation(format: .simplified), context: .core),
                endsAtOnce: true
            )
            let slow = SlowClient { _ = try await client.send(.delete, "entities/urn:x:2") }
            var writer = SlowWriter(client: slow)
            try await stream.run(first.answer, from: start, to: &writer)
            let text = slow.text.withLock { $0 }
            let told = text.matches(of: /"id":"(urn:x:\d)"/).map { String($0.1) }
            #expect(told == ["urn:x:1", "urn:x:3"])
        }
    }

    /// Visits of forty kilobytes are a write each; one is about somebody who objects before it is written.
    @Test func `who objects while a stream is open is not told of on it`() async throws {
        let world = try await RightsWorld()
        try await world.test { client in
            try await client.prepare()
            for (name, person) in [
                ("a", "urn:x:person:budi"), ("b", RightsWorld.person), ("c", "urn:x:person:budi"),
            ] {
                try await client.make(
                    "/ngsi-ld/v1/entities",
                    """
                    {"id": "urn:x:Visit:\(name)", "type": "Visit", \(RightsClass.patient(person)),
                     "text": {"type": "Property", "value": "\(String(repeating: "x", count: 40_000))"}}
                    """
                )
            }
            let hub = world.parts.hub
            let clinic = Caller(
                party: .named(PartyID("clinic")),
                purpose: Purpose(RightsWorld.purpose)
            )
            let question = NewsQuestion(condition: .type(LDContext.core.expand("Visit")))
            let start = NewsPosition(since: Timestamp(microseconds: 0))
            let first = try await hub.reading.news(of: question, since: start, caller: clinic)
            let stream = EventStream(
                hub: hub,
                question: question,
                caller: clinic,
                isStillCaller: nil,
                memory: nil,
                writer: EntityWriter(Representation(format: .simplified), context: .core),
                endsAtOnce: true
            )
            let slow = SlowClient { try await client.choose("object") }
            var writer = SlowWriter(client: slow)
            try await stream.run(first.answer, from: start, to: &writer)
            let told = slow.text.withLock(\.self).matches(of: /"id":"urn:x:Visit:(.)"/)
                .map { String($0.1) }
            #expect(told.contains("a") && told.contains("c") && !told.contains("b"), "\(told)")
        }
    }
}
