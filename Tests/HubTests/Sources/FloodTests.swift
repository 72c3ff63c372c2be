import AsyncHTTPClient
import ContextModel
import Foundation
import NIOCore
import NIOHTTP1
import Processes
import Synchronization
import Testing

/// A source that is flooded beside another one, whose messages still become entities.
@Suite(.serialized, .timeLimit(.minutes(5))) struct FloodTests {
    private static let secret = "a-secret-of-the-test"
    private static let floods = 16
    private static let messages = 12

    private static func definition(_ type: String) -> String {
        """
        webhook: {bearer: {variable: BALAI_SOURCE_SECRET}}
        reportsEvery: never
        map:
          type: \(type)
          id: "urn:ngsi-ld:\(type):{id}"
          attributes: {value: {column: value}}
        """
    }

    private static func body(_ rows: Int, of sender: Int, _ round: Int) -> [UInt8] {
        let list = (0..<rows).map { #"{"id": "\#(sender)-\#($0)", "value": \#(round)}"# }
        return Array("[\(list.joined(separator: ","))]".utf8)
    }

    private static func send(
        _ body: [UInt8],
        to source: String,
        at hub: RealHub,
        _ client: HTTPClient
    ) async throws -> HTTPResponseStatus {
        var request = HTTPClientRequest(url: "\(hub.url)/sources/\(source)")
        request.method = .POST
        request.headers.add(name: "Authorization", value: "Bearer \(secret)")
        request.body = .bytes(ByteBuffer(bytes: body))
        return try await client.execute(request, timeout: .seconds(120)).status
    }

    private static func wait(
        for answer: () async throws -> HTTPResponseStatus
    ) async throws -> Duration {
        let clock = ContinuousClock()
        let start = clock.now
        let status = try await answer()
        #expect(status == .noContent)
        return clock.now - start
    }

    /// How long answers took.
    private final class Waits: Sendable {
        private let list = Mutex<[Duration]>([])
        var sorted: [Duration] { list.withLock(\.self).sorted() }
        func add(_ wait: Duration) { list.withLock { $0.append(wait) } }
    }

    /// Runs the body beside senders that never pause; returns how long each of theirs had to wait.
    private static func beside(
        _ rows: Int,
        _ hub: RealHub,
        _ body: () async throws -> Void
    ) async throws -> [Duration] {
        var configuration = HTTPClient.Configuration()
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = floods + 8
        let client = HTTPClient(configuration: configuration)
        let waits = Waits()
        let senders = (0..<floods).map { sender in
            Task {
                var round = 0
                while !Task.isCancelled {
                    let message = Self.body(rows, of: sender, round)
                    round += 1
                    let took = try await wait {
                        try await send(message, to: "flood", at: hub, client)
                    }
                    waits.add(took)
                }
            }
        }
        let isDone: Result<Void, any Error>
        do {
            // Each sender was answered once, so that the flood is under way.
            while waits.sorted.count < floods {
                try await Task.sleep(for: .milliseconds(50))
            }
            try await body()
            isDone = .success(())
        } catch {
            isDone = .failure(error)
        }
        for sender in senders { sender.cancel() }
        for sender in senders { _ = await sender.result }
        try await client.shutdown()
        try isDone.get()
        return waits.sorted
    }

    /// The senders of the flood wait for each other, and the other source waits for none of them: its slowest message is
    /// faster than most of theirs, however slow the machine is.
    ///
    /// Messages of 300 rows are read on the loops of their connections, those of 3,000 on threads of their own.
    @Test(arguments: [300, 3_000])
    func `a webhook that is flooded delays no other source`(rows: Int) async throws {
        let folder = try TestFolder()
        let hub = try await RealHub(
            folder: folder,
            settings: ["BALAI_SOURCE_SECRET": Self.secret]
        )
        let waits = Waits()
        var floodWaits: [Duration] = []
        try await HubClient.with { client in
            for (name, type) in [("flood", "Noise"), ("calm", "Calm")] {
                let made = try await client.send(
                    .PUT,
                    "/sources/v1/\(name)",
                    to: hub,
                    headers: [("Content-Type", "application/yaml")],
                    body: Array(Self.definition(type).utf8)
                )
                #expect(made.status == 201, "\(made.text)")
            }
            let calm = HTTPClient()
            floodWaits = try await Self.beside(rows, hub) {
                for number in 0..<Self.messages {
                    let took = try await Self.wait {
                        try await Self.send(
                            Self.body(1, of: number, number),
                            to: "calm",
                            at: hub,
                            calm
                        )
                    }
                    waits.add(took)
                    let path = "/ngsi-ld/v1/entities/urn:ngsi-ld:Calm:\(number)-0?format=simplified"
                    let entity = try await client.send(.GET, path, to: hub).json.objectValue
                    #expect(entity?["value"]?.numberValue?.intValue == number)
                    try await Task.sleep(for: .milliseconds(100))
                }
            }
            try await calm.shutdown()
        }
        let slowest = try #require(waits.sorted.last)
        let usual = floodWaits[floodWaits.count / 2]
        #expect(slowest < usual, "calm \(slowest), flood \(usual) of \(floodWaits.count)")
        print("beside \(floodWaits.count) messages of a flood (\(usual) each): \(slowest) at most")
        #expect(await hub.stop() == .exited(0))
    }
}
