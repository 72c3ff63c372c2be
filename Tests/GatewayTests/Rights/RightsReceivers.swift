import Broker
import ContextModel
import Synchronization

/// Keeps all notifications that leave, by HTTP and MQTT, and when they did.
final class RightsReceivers: NotificationSender {
    struct Sent: Sendable {
        var at: ContinuousClock.Instant
        var url: String
        var isMQTT: Bool
        var text: String
    }
    private let kept = Mutex<[Sent]>([])

    var sent: [Sent] { kept.withLock { $0 } }

    func send(_ sealed: Disclosed<NotificationRequest>) async -> DeliveryResult {
        let request = sealed.answer
        let info = request.receiverInfo.map { "\($0.key): \($0.value)" }.joined(separator: "\n")
        let sent = Sent(
            at: .now,
            url: request.url,
            isMQTT: request.mqtt != nil,
            text: info + "\n" + String(decoding: request.body, as: UTF8.self)
        )
        kept.withLock { $0.append(sent) }
        return .delivered
    }
}
