package import Broker
import ContextModel
import Synchronization

/// Sends notifications to MQTT brokers (clause 7.2).
package final class MQTTNotificationSender: NotificationSender {
    /// Connections kept at once, one for each broker and user.
    private static let maximumSessions = 256

    private let guardian: AddressGuard
    private let sessions = Mutex<[MQTTEndpoint.Broker: MQTTSession]>([:])

    package init(_ web: OutboundWeb) { guardian = web.guardian }

    package func send(_ notification: NotificationRequest) async -> DeliveryResult {
        guard let endpoint = notification.mqtt else {
            return .failed("'\(notification.url)' is no MQTT topic.")
        }
        let timeout = Duration.milliseconds(max(1, Int64(notification.timeoutMilliseconds)))
        let deadline = ContinuousClock.now + timeout
        do {
            let host = try await guardian.host(endpoint.broker)
            let payload = Self.payload(notification)
            // A session may end just now; a new one does not.
            for _ in 0..<2 {
                let result = try await session(endpoint.broker, host).publish(
                    payload,
                    to: endpoint.topic,
                    qualityOfService: endpoint.qualityOfService,
                    deadline: deadline
                )
                if let result { return result }
                forget(endpoint.broker)
            }
            return .failed("The MQTT broker closes each connection at once.")
        } catch let error as AddressError {
            return .failed(error.detail)
        } catch {
            return .failed("The MQTT broker is not reached.")
        }
    }

    /// Ends all connections.
    package func shutdown() {
        let all = sessions.withLock { sessions in
            defer { sessions = [:] }
            return sessions.values
        }
        for session in all { session.stop() }
    }

    private func session(
        _ broker: MQTTEndpoint.Broker,
        _ host: String
    ) throws -> MQTTSession {
        try sessions.withLock { sessions in
            if let session = sessions[broker] { return session }
            if sessions.count >= Self.maximumSessions {
                sessions = sessions.filter { !$0.value.isOver }
            }
            guard sessions.count < Self.maximumSessions,
                let session = MQTTSession(broker, host: host)
            else { throw AddressError("The hub has too many MQTT brokers connected already.") }
            sessions[broker] = session
            return session
        }
    }

    private func forget(_ broker: MQTTEndpoint.Broker) {
        sessions.withLock { $0[broker] = nil }
    }

    /// What HTTP has in headers is metadata here.
    static func payload(_ notification: NotificationRequest) -> [UInt8] {
        var metadata = JSONObject()
        for header in notification.headers { metadata[header.key] = .string(header.value) }
        let head = JSONValue.object(metadata).serialized
        return Array("{\"metadata\":".utf8) + head + Array(",\"body\":".utf8) + notification.body
            + Array("}".utf8)
    }
}

/// Sends each notification the way its endpoint asks for.
package struct OutboundNotificationSender: NotificationSender {
    let http: HTTPNotificationSender
    let mqtt: MQTTNotificationSender

    package func send(_ notification: NotificationRequest) async -> DeliveryResult {
        notification.mqtt == nil
            ? await http.send(notification) : await mqtt.send(notification)
    }
}
