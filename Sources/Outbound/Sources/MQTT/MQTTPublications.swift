import Broker
import NIOCore
import Synchronization

/// Publishes through the connection of a source that listens to a broker.
///
/// A message is published once, with quality of service 1. What happens to it when the connection ends
/// before the broker has acknowledged it is not known.
final class MQTTPublications: Sendable {
    typealias Writer = NIOAsyncChannelOutboundWriter<ByteBuffer>

    private struct State {
        var connection: (writer: Writer, requests: MQTTRequests)?
        /// The number of the last packet; 1 is that of the subscription.
        var number: UInt16 = 1
        var waiting: [UInt16: AsyncStream<CommandOutcome>.Continuation] = [:]
    }
    private let state = Mutex(State())
    private let clock: HubClock

    private static let timeout = Duration.seconds(15)
    /// The most messages that wait for the broker.
    private static let maximumWaiting = 1_000

    init(clock: HubClock) { self.clock = clock }

    /// Whether there is a connection.
    var isConnected: Bool { state.withLock { $0.connection != nil } }

    /// A connection was made.
    func attach(_ writer: Writer, _ requests: MQTTRequests) {
        state.withLock { $0.connection = (writer, requests) }
    }

    /// The connection has ended.
    func detach() {
        let lost = state.withLock { state in
            state.connection = nil
            defer { state.waiting = [:] }
            return Array(state.waiting.values)
        }
        for one in lost {
            one.yield(.failed("The broker ended the connection: the device may have the command."))
        }
    }

    /// The broker's answer to a message; MQTT's codes from 0x80 are refusals.
    func answer(_ number: UInt16, code: UInt8) {
        let one = state.withLock { $0.waiting.removeValue(forKey: number) }
        one?.yield(code < 0x80 ? .sent : .failed("The broker refuses the message (code \(code))."))
    }

    func publish(_ payload: [UInt8], to topic: String) async -> CommandOutcome {
        let (outcomes, outcome) = AsyncStream<CommandOutcome>.makeStream()
        guard let (number, connection) = begin(outcome) else {
            return .failed("The hub is not connected to the broker of its devices.")
        }
        defer { state.withLock { $0.waiting[number] = nil } }
        let packet = connection.requests.publish(payload, to: topic, number: number)
        do { try await connection.writer.write(packet) } catch {
            return .failed("The message cannot be sent to the broker.")
        }
        let timer = Task { [clock] in
            try await clock.sleep(for: Self.timeout)
            outcome.yield(
                .failed("The broker did not answer in time: the device may have the command.")
            )
        }
        defer { timer.cancel() }
        for await first in outcomes { return first }
        return .failed("The hub stops.")
    }

    private func begin(
        _ outcome: AsyncStream<CommandOutcome>.Continuation
    ) -> (UInt16, (writer: Writer, requests: MQTTRequests))? {
        state.withLock { state in
            guard let connection = state.connection, state.waiting.count < Self.maximumWaiting
            else { return nil }
            repeat {
                state.number = state.number == .max ? 2 : state.number + 1
            } while state.waiting[state.number] != nil
            state.waiting[state.number] = outcome
            return (state.number, connection)
        }
    }
}

/// The connections by which commands go to devices: those of sources with the format `devices`.
final class DeviceConnections: Sendable {
    private let connections = Mutex<[SourceKey: MQTTPublications]>([:])

    func put(_ publications: MQTTPublications?, of source: SourceKey) {
        connections.withLock { $0[source] = publications }
    }

    /// The first of the tenant, by their names, that is connected.
    func publications(like source: SourceKey) -> MQTTPublications? {
        connections.withLock { connections in
            connections.filter { $0.key.tenant == source.tenant && $0.value.isConnected }
                .min { $0.key.name < $1.key.name }?.value
        }
    }
}
