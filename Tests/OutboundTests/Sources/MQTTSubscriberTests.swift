import Broker
import Collect
import ContextModel
import Foundation
import Governance
import Logging
import StorageSQLite
import StoreDoubles
import Testing

@testable import Outbound

/// Sources by MQTT, with a real broker.
@Suite(.serialized) struct MQTTSubscriberTests {
    private static let boss = Caller(party: .operator)
    private static let name = [SourceName("lamps")].compactMap(\.self)[0]

    /// A hub on a folder that listens to its sources.
    private struct ListeningHub {
        let hub: Hub
        let store: SQLiteStore
        private let parts: HubParts
        private let listening: Task<Void, any Error>

        init(folder: String, environment: [String: String] = [:]) async throws {
            store = try SQLiteStore(folder: folder) { Timestamp(Date()) }
            parts = try await HubParts.make(
                store: store,
                policy: Policy(permissions: []),
                record: RecordDouble(),
                settings: OutboundSettings(publicURL: "http://hub.example"),
                clock: HubClock { Timestamp(Date()) },
                makeIdentifier: { UUID().uuidString },
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            )
            hub = parts.hub
            let secrets = SourceSecrets(folder: nil, environment: environment)
            let service = SourceService(parts.hub, parts.web, secrets) { _ in true }
            listening = Task { try await service.run() }
        }

        func stop(closingStore: Bool = true) async throws {
            listening.cancel()
            try await listening.value
            let service = Task { try await parts.notifications.run() }
            service.cancel()
            try await service.value
            if closingStore { await store.close() }
        }

        /// The value of the lamp; nil while there is none.
        func value(_ lamp: String) async throws -> JSONValue? {
            do {
                let entity = try await hub.reading.retrieveEntity(
                    EntityID("urn:ngsi-ld:Streetlight:\(lamp)"),
                    caller: MQTTSubscriberTests.boss
                ).entity.decoded()
                let name = LDContext.core.expand("power")
                return entity.attributes.first { $0.name == name }?.instances.first?.value
            } catch let error as BrokerError where error.code == .resourceNotFound {
                return nil
            }
        }

        /// Waits for the condition, for half a minute at most.
        func waits(_ condition: () async throws -> Bool) async throws -> Bool {
            for _ in 0..<300 {
                if try await condition() { return true }
                try await Task.sleep(for: .milliseconds(100))
            }
            return false
        }

        func isConnected() async throws -> Bool {
            guard let source = hub.sourcing.source(SourceKey(nil, MQTTSubscriberTests.name)) else {
                return false
            }
            return hub.sourcing.figures(of: source).figures.isConnected == true
        }
    }

    private func definition(_ broker: MosquittoBroker, version: String, more: String = "") -> String
    {
        """
        mqtt:
          broker: mqtt://127.0.0.1:\(broker.port)
          topics: ["city/+/lamps/#"]
          version: "\(version)"
        \(more)
        map:
          type: Streetlight
          id: "urn:ngsi-ld:Streetlight:{topic.2}:{topic.4}"
          time: {column: at}
          attributes:
            power: {column: power}
        """
    }

    private func publish(
        _ text: String,
        to topic: String,
        at broker: MosquittoBroker,
        user: (name: String, password: String)? = nil
    ) async throws {
        let login = user.map { "\($0.name):\($0.password)@" } ?? ""
        let endpoint = try #require(
            MQTTEndpoint(uri: "mqtt://\(login)127.0.0.1:\(broker.port)/x")
        )
        let session = try #require(MQTTSession(endpoint.broker, host: "127.0.0.1"))
        let result = await session.publish(
            Array(text.utf8),
            to: topic,
            qualityOfService: 1,
            deadline: .now + .seconds(20),
            mayLeave: { true }
        )
        #expect(result == .delivered)
        session.stop()
    }

    private func withFolder(_ body: (String) async throws -> Void) async throws {
        let folder = NSTemporaryDirectory() + "balai-mqtt-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await body(folder)
    }

    @Test(arguments: ["3.1.1", "5.0"])
    func `messages of a topic become entities, also those sent while the hub was away`(
        version: String
    ) async throws {
        let broker = try MosquittoBroker()
        try await withFolder { folder in
            var hub = try await ListeningHub(folder: folder)
            _ = try await hub.hub.sourcing.put(
                Self.name,
                definition(broker, version: version),
                caller: Self.boss
            )
            #expect(try await hub.waits { try await hub.isConnected() })
            try await publish(
                #"{"at": "2026-05-01T08:00:00Z", "power": 40}"#,
                to: "city/n/lamps/1",
                at: broker
            )
            try await publish("nonsense", to: "city/n/lamps/1", at: broker)
            try await publish(
                #"{"at": "2026-05-01T08:00:00Z", "power": 9}"#,
                to: "city/other/1",
                at: broker
            )
            #expect(try await hub.waits { try await hub.value("n:1") == 40 })
            // It comes after the other one, perhaps in a packet of its own.
            #expect(
                try await hub.waits {
                    guard let source = hub.hub.sourcing.source(SourceKey(nil, Self.name)) else {
                        return false
                    }
                    return hub.hub.sourcing.figures(of: source).figures.refused == 1
                }
            )
            let kept = try await hub.hub.sourcing.refusedMessages(
                of: Self.name,
                limit: 9,
                caller: Self.boss
            )
            #expect(kept.messages.map(\.message.topic) == ["city/n/lamps/1"])
            try await hub.stop()
            for power in [41, 42] {
                try await publish(
                    #"{"at": "2026-05-01T09:\#(power):00Z", "power": \#(power)}"#,
                    to: "city/n/lamps/2",
                    at: broker
                )
            }
            hub = try await ListeningHub(folder: folder)
            #expect(try await hub.waits { try await hub.value("n:2") == 42 })
            try await hub.stop()
        }
    }

    @Test func `a topic with too many combining marks is refused, and told`() async throws {
        let broker = try MosquittoBroker()
        try await withFolder { folder in
            let hub = try await ListeningHub(folder: folder)
            _ = try await hub.hub.sourcing.put(
                Self.name,
                definition(broker, version: "5.0"),
                caller: Self.boss
            )
            #expect(try await hub.waits { try await hub.isConnected() })
            let marks = String(repeating: "\u{301}", count: 500)
            let message = #"{"at": "2026-05-01T08:00:00Z", "power": 40}"#
            try await publish(message, to: "city/e\(marks)/lamps/1", at: broker)
            // It was acknowledged, and the next one is taken.
            try await publish(message, to: "city/n/lamps/1", at: broker)
            #expect(try await hub.waits { try await hub.value("n:1") == 40 })
            let kept = try await hub.hub.sourcing.refusedMessages(
                of: Self.name,
                limit: 9,
                caller: Self.boss
            ).messages
            #expect(kept.count == 1)
            #expect(kept.first?.reasons.first?.hasPrefix("In the topic") == true)
            #expect(kept.first?.message.topic.map { !CombiningMarks.areTooMany(in: $0) } == true)
            // Nothing else comes of it when it is tried again.
            let again = try await hub.hub.sourcing.retryRefused(of: Self.name, caller: Self.boss)
            #expect(again.stored == 0 && again.refused == 1)
            try await hub.stop()
        }
    }

    @Test func `a gateway of ThingsBoard gets an answer about limits, and nobody else`()
        async throws
    {
        let broker = try MosquittoBroker()
        try await withFolder { folder in
            let hub = try await ListeningHub(folder: folder)
            let file = URL(filePath: #filePath).deletingLastPathComponent()
                .appending(path: "../../../examples/sources/thingsboard-gateway.source.yaml")
            let shipped = try String(contentsOf: file.standardized, encoding: .utf8)
            _ = try await hub.hub.sourcing.put(
                Self.name,
                shipped.replacing("mqtt://localhost:1883", with: "mqtt://127.0.0.1:\(broker.port)"),
                caller: Self.boss
            )
            let answers = try #require(SourceName("answers"))
            let listening = """
                mqtt: {broker: "mqtt://127.0.0.1:\(broker.port)", topics: ["v1/devices/me/rpc/response/+"]}
                map:
                  type: Answer
                  id: "urn:x:answer:{topic.6}"
                  attributes: {size: {column: maxPayloadSize}}
                """
            _ = try await hub.hub.sourcing.put(answers, listening, caller: Self.boss)
            func figures(_ name: SourceName) -> SourceFigures? {
                hub.hub.sourcing.source(SourceKey(nil, name)).map {
                    hub.hub.sourcing.figures(of: $0).figures
                }
            }
            for name in [Self.name, answers] {
                #expect(try await hub.waits { figures(name)?.isConnected == true })
            }
            let question = #"{"method": "getSessionLimits", "params": {"timeout": 5000}}"#
            try await publish(question, to: "v1/devices/me/rpc/request/12", at: broker)
            #expect(try await hub.waits { figures(answers)?.entities == 1 })
            try await publish(#"{"method": "x"}"#, to: "v1/devices/me/rpc/request/13", at: broker)
            #expect(try await hub.waits { figures(Self.name)?.refused == 1 })
            // The question that was answered is no message.
            #expect(figures(Self.name)?.messages == 1 && figures(answers)?.messages == 1)
            try await hub.stop()
        }
    }

    @Test func `what could not be stored was not acknowledged, and comes again`() async throws {
        let broker = try MosquittoBroker()
        try await withFolder { folder in
            var hub = try await ListeningHub(folder: folder)
            _ = try await hub.hub.sourcing.put(
                Self.name,
                definition(broker, version: "5.0"),
                caller: Self.boss
            )
            #expect(try await hub.waits { try await hub.isConnected() })
            await hub.store.close()
            try await publish(
                #"{"at": "2026-05-01T08:00:00Z", "power": 7}"#,
                to: "city/n/lamps/3",
                at: broker
            )
            let source = try #require(hub.hub.sourcing.source(SourceKey(nil, Self.name)))
            #expect(
                try await hub.waits {
                    hub.hub.sourcing.figures(of: source).figures.isConnected == false
                }
            )
            try await hub.stop(closingStore: false)
            hub = try await ListeningHub(folder: folder)
            #expect(try await hub.waits { try await hub.value("n:3") == 7 })
            try await hub.stop()
        }
    }

    @Test func `the hub comes back to a broker that was away, with its user`() async throws {
        let user = (name: "balai", password: "a secret of the test")
        let port = try MosquittoBroker.freePort()
        var broker: MosquittoBroker? = try MosquittoBroker(port: port, user: user)
        try await withFolder { folder in
            let hub = try await ListeningHub(
                folder: folder,
                environment: ["BALAI_SOURCE_LAMPS": user.password]
            )
            let login = "  user: balai\n  password: {variable: BALAI_SOURCE_LAMPS}"
            _ = try await hub.hub.sourcing.put(
                Self.name,
                definition(try #require(broker), version: "5.0", more: login),
                caller: Self.boss
            )
            #expect(try await hub.waits { try await hub.isConnected() })
            broker?.stop()
            broker = nil
            #expect(try await hub.waits { try await !hub.isConnected() })
            broker = try MosquittoBroker(port: port, user: user)
            #expect(try await hub.waits { try await hub.isConnected() })
            try await publish(
                #"{"at": "2026-05-01T08:00:00Z", "power": 5}"#,
                to: "city/n/lamps/4",
                at: try #require(broker),
                user: user
            )
            #expect(try await hub.waits { try await hub.value("n:4") == 5 })
            // A paused source is not connected, and a wrong password is told without being shown.
            try await hub.hub.sourcing.setPaused(Self.name, true, caller: Self.boss)
            _ = try await hub.hub.sourcing.put(
                Self.name,
                definition(
                    try #require(broker),
                    version: "5.0",
                    more: "  user: other\n  password: {variable: BALAI_SOURCE_LAMPS}"
                ),
                caller: Self.boss
            )
            try await hub.hub.sourcing.setPaused(Self.name, false, caller: Self.boss)
            let source = try #require(hub.hub.sourcing.source(SourceKey(nil, Self.name)))
            #expect(
                try await hub.waits {
                    hub.hub.sourcing.figures(of: source).figures.connection?
                        .contains("not allowed") == true
                }
            )
            try await hub.stop()
        }
    }
}

extension Timestamp {
    fileprivate init(_ date: Date) {
        self.init(microseconds: Int64(date.timeIntervalSince1970 * 1_000_000))
    }
}
