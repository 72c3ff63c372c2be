import Broker
import ContextModel
import Foundation
import Governance
import Synchronization
import Testing

@testable import Outbound

/// The results of messages, added by many tasks.
private final class Results: Sendable {
    let all = Mutex<[DeliveryResult]>([])
}

@Suite(.timeLimit(.minutes(1))) struct MQTTNotificationSenderTests {
    private let topic = "city/\(UUID().uuidString)"

    private func request(
        _ authority: String,
        version: MQTTEndpoint.Version = .v5,
        qualityOfService: Int = 0,
        timeoutMilliseconds: Double = 30_000,
        party: Party = .operator,
        mayStillLeave: @escaping @Sendable () async -> Bool = { true }
    ) async throws -> Disclosed<NotificationRequest> {
        let uri = "mqtt://\(authority)/\(topic)"
        let endpoint = MQTTEndpoint(
            uri: uri,
            version: version,
            qualityOfService: qualityOfService
        )
        var request = NotificationRequest(
            url: uri,
            body: Array("{\"id\":1}".utf8),
            receiverInfo: [KeyValuePair(key: "X-Area", value: "north")],
            timeoutMilliseconds: timeoutMilliseconds,
            party: party,
            mqtt: endpoint
        )
        request.mayStillLeave = mayStillLeave
        return try await request.sealed()
    }

    private func withSender(
        allowsPrivate: Bool = true,
        _ body: (MQTTNotificationSender) async throws -> Void
    ) async throws {
        let web = OutboundWeb(allowsPrivateAddresses: allowsPrivate)
        let sender = MQTTNotificationSender(web)
        do {
            try await body(sender)
        } catch {
            try await web.shutdown()
            throw error
        }
        sender.shutdown()
        try await web.shutdown()
    }

    private let told =
        #"{"metadata":{"Content-Type":"application/json","X-Area":"north"},"body":{"id":1}}"#

    @Test(arguments: MQTTEndpoint.Version.allCases, 0...2)
    func `a message has metadata, body and the requested quality of service`(
        version: MQTTEndpoint.Version,
        qualityOfService: Int
    ) async throws {
        let broker = try MosquittoBroker()
        let listener = try await TopicListener(topic, at: broker)
        defer { listener.stop() }
        try await withSender { sender in
            let request = try await request(
                "127.0.0.1:\(broker.port)",
                version: version,
                qualityOfService: qualityOfService
            )
            #expect(await sender.send(request) == .delivered)
            #expect(await listener.next() == "\(qualityOfService) \(told)")
        }
    }

    @Test(arguments: MQTTEndpoint.Version.allCases)
    func `the broker checks the user and password of the URI`(
        version: MQTTEndpoint.Version
    ) async throws {
        let broker = try MosquittoBroker(user: ("bus", "p@ss"))
        let listener = try await TopicListener(topic, at: broker, user: ("bus", "p@ss"))
        defer { listener.stop() }
        try await withSender { sender in
            let right = try await request("bus:p%40ss@127.0.0.1:\(broker.port)", version: version)
            #expect(await sender.send(right) == .delivered)
            #expect(await listener.next() == "0 \(told)")
            let wrong = try await request("bus:guess@127.0.0.1:\(broker.port)", version: version)
            guard case .failed(let reason) = await sender.send(wrong) else {
                Issue.record("A wrong password was taken.")
                return
            }
            #expect(reason.contains("refuses the connection"))
        }
    }

    @Test func `a broker that is down fails, and is used again when it is back`() async throws {
        let broker = try MosquittoBroker()
        let port = broker.port
        try await withSender { sender in
            let request = try await request("127.0.0.1:\(port)", qualityOfService: 1)
            #expect(await sender.send(request) == .delivered)
            broker.stop()
            #expect(await sender.send(request) != .delivered)
            let back = try MosquittoBroker(port: port)
            let listener = try await TopicListener(topic, at: back)
            defer { listener.stop() }
            #expect(await sender.send(request) == .delivered)
            #expect(await listener.next() == "1 \(told)")
        }
    }

    @Test func `a broker that sends nothing fails in time`() async throws {
        let silent = try Listener()
        try await withSender { sender in
            let request = try await request("127.0.0.1:\(silent.port)", timeoutMilliseconds: 100)
            #expect(
                await sender.send(request)
                    == .failed("The MQTT broker did not answer in time.")
            )
        }
    }

    @Test(arguments: MQTTEndpoint.Version.allCases)
    func `a broker that answers byte by byte is waited for`(
        version: MQTTEndpoint.Version
    ) async throws {
        let broker = try await StubbornBroker(.answersByteByByte)
        try await withSender { sender in
            let request = try await request(
                "127.0.0.1:\(broker.port)",
                version: version,
                qualityOfService: 1
            )
            for _ in 0..<3 { #expect(await sender.send(request) == .delivered) }
        }
        #expect(broker.connections == 1)
        try await broker.close()
    }

    /// The library would store unacknowledged messages and send them again at any time.
    @Test func `a broker that answers no message is left, with its messages`() async throws {
        let broker = try await StubbornBroker(.answersNoMessage)
        try await withSender { sender in
            let request = try await request(
                "127.0.0.1:\(broker.port)",
                qualityOfService: 1,
                timeoutMilliseconds: 200
            )
            for _ in 0..<3 {
                #expect(
                    await sender.send(request)
                        == .failed("The MQTT broker did not answer in time.")
                )
            }
        }
        #expect(broker.connections == 3)
        try await broker.close()
    }

    @Test func `a message that waits for a connection is decided about when there is one`()
        async throws
    {
        let broker = try await StubbornBroker(.withholdsConnections)
        let gate = Gate()
        try await withSender { sender in
            let free = try await request("127.0.0.1:\(broker.port)", version: .v311)
            let objected = try await request(
                "127.0.0.1:\(broker.port)",
                version: .v311,
                mayStillLeave: { gate.isOpen }
            )
            async let first = sender.send(free)
            async let second = sender.send(objected)
            await broker.withholding(1)
            gate.close()
            broker.release()
            #expect(await first == .delivered)
            #expect(await second == .withheld)
            #expect(await sender.send(free) == .delivered)
        }
        #expect(broker.published == 2 && broker.connections == 1)
        try await broker.close()
    }

    /// The library would keep what the broker does not take yet, and send it later.
    @Test(arguments: [(MQTTEndpoint.Version.v311, 20), (.v5, 3)])
    func `a message that waits for answers to others is decided about when it leaves`(
        version: MQTTEndpoint.Version,
        most: Int
    ) async throws {
        let broker = try await StubbornBroker(.withholdsAnswers(most: 3))
        let gate = Gate()
        try await withSender { sender in
            let request = try await request(
                "127.0.0.1:\(broker.port)",
                version: version,
                qualityOfService: 1,
                mayStillLeave: { gate.isOpen }
            )
            let results = await withTaskGroup(of: DeliveryResult.self) { group in
                for _ in 0..<most + 7 { group.addTask { await sender.send(request) } }
                await broker.withholding(most)
                gate.close()
                broker.release()
                var results: [DeliveryResult] = []
                for await result in group { results.append(result) }
                return results
            }
            #expect(results.count { $0 == .delivered } == most)
            #expect(results.count { $0 == .withheld } == 7)
        }
        #expect(broker.published == most)
        try await broker.close()
    }

    @Test func `a broker that sends more than answers is disconnected`() async throws {
        let bytes = 200 << 20
        let broker = try await StubbornBroker(.sendsMessage(bytes: bytes))
        try await withSender { sender in
            let request = try await request("127.0.0.1:\(broker.port)", qualityOfService: 1)
            #expect(
                await sender.send(request)
                    == .failed("The MQTT broker sends more than answers.")
            )
        }
        #expect(broker.sent < 32 << 20)
        try await broker.close()
    }

    @Test func `brokers that never answer delay nobody else's messages`() async throws {
        let broker = try MosquittoBroker()
        let listener = try await TopicListener(topic, at: broker)
        defer { listener.stop() }
        let silent = try Listener()
        let slow = try await StubbornBroker(.answersNoMessage)
        let hostile = Party.named(PartyID("hostile"))
        let ended = Results()
        try await withSender { sender in
            try await withThrowingTaskGroup(of: Void.self) { group in
                // Each user name makes a session of its own.
                for number in 0..<300 {
                    let port = number.isMultiple(of: 2) ? silent.port : slow.port
                    group.addTask {
                        let attempt = try await self.request(
                            "user\(number):secret@127.0.0.1:\(port)",
                            qualityOfService: 1,
                            timeoutMilliseconds: 120_000,
                            party: hostile
                        )
                        let result = await sender.send(attempt)
                        ended.all.withLock { $0.append(result) }
                    }
                }
                let request = try await request("127.0.0.1:\(broker.port)", qualityOfService: 1)
                for _ in 0..<20 {
                    #expect(await sender.send(request) == .delivered)
                    #expect(await listener.next() == "1 \(told)")
                }
                // Notifications that wait for their brokers still wait, however busy the machine
                // is.
                let tooMany = "Too many MQTT brokers of its owner are connected already."
                ended.all.withLock { ended in
                    #expect(ended.allSatisfy { $0 == .failed(tooMany) })
                    #expect(ended.count < 200)
                }
                sender.shutdown()
                try await group.waitForAll()
            }
        }
        let results = ended.all.withLock { $0 }
        #expect(results.count == 300)
        #expect(!results.contains(DeliveryResult.delivered))
        try await slow.close()
    }

    @Test func `a broker inside the private network is not called`() async throws {
        try await withSender(allowsPrivate: false) { sender in
            guard case .failed(let reason) = try await sender.send(request("127.0.0.1:1")) else {
                Issue.record("It was called.")
                return
            }
            #expect(reason.contains("not one of the public internet"))
        }
    }
}
