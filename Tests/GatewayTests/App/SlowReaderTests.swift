import Foundation
import HTTPTypes
import HummingbirdTesting
import NIOCore
import Processes
import Testing

@testable import Gateway

/// Clients that read their answers slowly, or not at all.
@Suite(.serialized) struct SlowReaderTests {
    /// More than the system buffers for a connection; two of them are a party's share of memory.
    private static let length = 64 << 20

    @Test(.timeLimit(.minutes(5)))
    func `a client that does not read its answer is disconnected, counted, and frees its memory`()
        async throws
    {
        let registry = MetricRegistry()
        try await SmallHub.answering(Self.length, registry: registry) { client in
            for number in 1...3 {
                let wire = try Wire(toPort: client.port ?? 0)
                wire.send(Array("GET /long HTTP/1.1\r\nHost: x\r\n\r\n".utf8))
                while !Self.hasCounted(number, registry) { await Task.yield() }
                let taken = wire.receiveAll() ?? ""
                #expect(taken.hasPrefix("HTTP/1.1 200 "))
                #expect(taken.utf8.count < Self.length)
            }
        }
    }

    /// Thirteen of them were the share of all who have no token.
    private static let modestLength = 10 << 20

    @Test(.timeLimit(.minutes(5)))
    func `slow readers at one address leave long answers to others without a token`()
        async throws
    {
        try await SmallHub.answering(Self.modestLength, timeoutSeconds: 60) { client in
            let slow = SlowReaders()
            defer { slow.end() }
            let beginnings = await slow.begin(13, port: client.port ?? 0, at: "127.0.0.2")
            #expect(beginnings.count { $0.hasPrefix("HTTP/1.1 200 ") } == 6)
            #expect(beginnings.count { $0.hasPrefix("HTTP/1.1 503 ") } == 7)
            let answers = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<3 {
                    group.addTask {
                        try await client.execute(uri: "/long", method: .get).body.readableBytes
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(answers == [Int](repeating: Self.modestLength, count: 3))
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func `answers that are in memory anyway are sent whatever memory is reserved`() async throws {
        try await SmallHub.answering(Self.modestLength, timeoutSeconds: 60) { client in
            let slow = SlowReaders()
            defer { slow.end() }
            let beginnings = await slow.begin(13, port: client.port ?? 0, at: "127.0.0.1")
            #expect(beginnings.contains { $0.hasPrefix("HTTP/1.1 503 ") })
            let long = try await client.execute(uri: "/long", method: .get)
            #expect(long.status == .serviceUnavailable)
            let kept = try await client.execute(uri: "/kept", method: .get)
            #expect(kept.status == .ok && kept.body.readableBytes == Self.modestLength)
        }
    }

    private static func hasCounted(_ number: Int, _ registry: MetricRegistry) -> Bool {
        registry.prometheusText()
            .contains("balai_slow_clients_closed_total{of=\"answer\"} \(number)\n")
    }
}

/// Clients that read the beginning of a long answer and then nothing more, until they are told to
/// end.
///
/// They run on their own thread, because a connection blocks.
private final class SlowReaders: Sendable {
    private let isOver = DispatchSemaphore(value: 0)

    /// Returns the beginning of each answer.
    func begin(_ count: Int, port: Int, at address: String) async -> [String] {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { [isOver] in
                let readers = (0..<count).compactMap { _ in try? SlowReader(port, at: address) }
                continuation.resume(returning: readers.map { $0.beginning ?? "" })
                isOver.wait()
                withExtendedLifetime(readers) {}
            }
        }
    }

    func end() { isOver.signal() }
}

private final class SlowReader {
    let beginning: String?
    private let wire: Wire

    init(_ port: Int, at address: String) throws {
        // Otherwise the system would buffer the whole answer.
        wire = try Wire(toPort: port, from: address, receiveBytes: 65_536)
        wire.send(Array("GET /long HTTP/1.1\r\nHost: x\r\n\r\n".utf8))
        beginning = wire.receiveSome()
    }
}
