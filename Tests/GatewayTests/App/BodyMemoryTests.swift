import Broker
import Governance
import Hummingbird
import HummingbirdTesting
import Testing

@testable import Gateway

@Suite struct BodyMemoryTests {
    private static let greedy = Sharer(.named(PartyID("greedy")))
    private static let modest = Sharer(.named(PartyID("modest")))
    private static let long = BodyMemory.leastBytes

    @Test func `a party has a share of the room, and it is back when nobody holds it`() throws {
        let memory = BodyMemory(bytes: 4 * Self.long)
        var held = [try memory.take(Self.long, for: Self.greedy)]
        held.append(try memory.take(Self.long, for: Self.greedy))
        #expect(throws: BrokerError(.overloaded, "")) {
            try memory.take(Self.long, for: Self.greedy)
        }
        let other = try memory.take(Self.long, for: Self.modest)
        #expect(other != nil)
        held.removeAll()
        #expect(try memory.take(Self.long, for: Self.greedy) != nil)
    }

    @Test func `what is short takes no room, and what can never have any is told so`() throws {
        let memory = BodyMemory(bytes: 4 * Self.long)
        #expect(try memory.take(Self.long - 1, for: Self.greedy) == nil)
        #expect(throws: BrokerError(.tooManyResults, "")) {
            try memory.take(3 * Self.long, for: Self.greedy)
        }
    }

    @Test func `what is in memory several times takes as much room`() throws {
        let memory = BodyMemory(bytes: 4 * Self.long)
        let held = try memory.take(Self.long, times: 2, for: Self.greedy)
        #expect(throws: BrokerError(.overloaded, "")) {
            try memory.take(Self.long, for: Self.greedy)
        }
        #expect(held != nil)
        #expect(throws: BrokerError(.tooManyResults, "")) {
            try memory.take(2 * Self.long, times: 2, for: Self.modest)
        }
    }

    @Test func `a long answer comes whole`() async throws {
        let length = 5 * Self.long + 1
        try await SmallHub.answering(length) { client in
            let answer = try await client.execute(uri: "/long", method: .get)
            #expect(answer.body.readableBytes == length)
            #expect(answer.headers[.contentLength] == "\(length)")
            let head = try await client.execute(uri: "/long", method: .head)
            #expect(head.headers[.contentLength] == "\(length)")
        }
    }
}
