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

    @Test func `a party has a share of the memory, which is free again after release`() throws {
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

    @Test func `short bodies reserve no memory, and too long ones are refused as such`() throws {
        let memory = BodyMemory(bytes: 4 * Self.long)
        #expect(try memory.take(Self.long - 1, for: Self.greedy) == nil)
        #expect(throws: BrokerError(.tooManyResults, "")) {
            try memory.take(3 * Self.long, for: Self.greedy)
        }
    }

    @Test func `a body that is in memory several times reserves as much`() throws {
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

    @Test func `a long answer is complete`() async throws {
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
