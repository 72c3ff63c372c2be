package import Broker
import ContextModel
import Governance
import Synchronization

/// Sends notifications to MQTT brokers (clause 7.2).
package final class MQTTNotificationSender: NotificationSender {
    /// The most connections at once, shared out among the parties.
    private static let maximumSessions = 256

    /// Identifies a connection.
    ///
    /// Each party has its own, so that no party waits for another.
    private struct SessionName: Hashable {
        var party: Party
        var broker: MQTTEndpoint.Broker
    }

    private let guardian: AddressGuard
    private let sessions = Mutex<[SessionName: MQTTSession]>([:])

    package init(_ web: OutboundWeb) { guardian = web.guardian }

    package func send(_ sealed: Disclosed<NotificationRequest>) async -> DeliveryResult {
        let notification = sealed.answer
        guard let endpoint = notification.mqtt else {
            return .failed("'\(notification.url)' is not an MQTT topic.")
        }
        let timeout = Duration.milliseconds(max(1, Int64(notification.timeoutMilliseconds)))
        let deadline = ContinuousClock.now + timeout
        do {
            let host = try await guardian.host(endpoint.broker, for: Sharer(notification.party))
            let name = SessionName(party: notification.party, broker: endpoint.broker)
            let payload = Self.payload(notification)
            // A session may be ending at this moment; a new one is not.
            for _ in 0..<2 {
                let result = try await session(name, host).publish(
                    payload,
                    to: endpoint.topic,
                    qualityOfService: endpoint.qualityOfService,
                    deadline: deadline,
                    mayLeave: notification.mayStillLeave
                )
                if let result { return result }
                forget(name)
            }
            return .failed("The MQTT broker closes each connection at once.")
        } catch let error as AddressError {
            return .failed(error.detail)
        } catch {
            return .failed("The MQTT broker cannot be reached.")
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

    private func session(_ name: SessionName, _ host: String) throws -> MQTTSession {
        try sessions.withLock { sessions in
            if let session = sessions[name] { return session }
            sessions = sessions.filter { !$0.value.isOver }
            var shares = FairShares<Party>(capacity: Self.maximumSessions)
            for name in sessions.keys { shares.take(name.party) }
            guard shares.mayTake(name.party), let session = MQTTSession(name.broker, host: host)
            else { throw AddressError("Too many MQTT brokers of its owner are connected already.") }
            sessions[name] = session
            return session
        }
    }

    private func forget(_ name: SessionName) {
        sessions.withLock { $0[name] = nil }
    }

    /// The payload, which has in its metadata what HTTP has in headers.
    static func payload(_ notification: NotificationRequest) -> [UInt8] {
        var metadata = JSONObject()
        for header in notification.headers { metadata[header.key] = .string(header.value) }
        let head = JSONValue.object(metadata).serialized
        return Array("{\"metadata\":".utf8) + head + Array(",\"body\":".utf8) + notification.body
            + Array("}".utf8)
    }
}

/// Sends each notification with the protocol of its endpoint.
package struct OutboundNotificationSender: NotificationSender {
    let http: HTTPNotificationSender
    let mqtt: MQTTNotificationSender
    let services: ServiceReceivers

    package func send(_ notification: Disclosed<NotificationRequest>) async -> DeliveryResult {
        if notification.answer.service != nil { return await services.send(notification) }
        return notification.answer.mqtt == nil
            ? await http.send(notification) : await mqtt.send(notification)
    }
}
