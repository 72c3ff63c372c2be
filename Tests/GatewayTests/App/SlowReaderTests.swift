import HummingbirdTesting
import Processes
import Testing

@testable import Gateway

/// Clients that take their answers slowly, or not at all.
@Suite struct SlowReaderTests {
    /// More than the system keeps for a connection; two of them are a party's share of the room.
    private static let length = 64 << 20

    @Test(.timeLimit(.minutes(1)))
    func `a client that does not take its answer is cut off, counted, and holds no room`()
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

    private static func hasCounted(_ number: Int, _ registry: MetricRegistry) -> Bool {
        registry.prometheusText()
            .contains("balai_slow_clients_closed_total{of=\"answer\"} \(number)\n")
    }
}
