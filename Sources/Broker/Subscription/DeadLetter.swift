package import ContextModel
import Governance
package import Storage

/// A notification that was given up: the operator can see it and send it again.
package struct DeadLetter: Sendable, Equatable {
    package var id: String
    package var subscription: String
    package var message: [UInt8]
    package var enqueuedAt: Timestamp
    package var abandonedAt: Timestamp
    package var reason: String

    package init(
        _ message: OutboxMessage,
        to recipient: String,
        abandonedAt: Timestamp,
        reason: String
    ) {
        // Each recipient of a message may become a dead letter, and again after a replay.
        id = "\(abandonedAt.microseconds)-\(message.sequence)-\(recipient)"
        subscription = recipient
        self.message = message.body
        enqueuedAt = message.enqueuedAt
        self.abandonedAt = abandonedAt
        self.reason = reason
    }

    /// The identifier of the subscription: the recipient without its owner.
    var subscriptionID: String {
        SubscriptionRecord.id(
            ofKey: SubscriptionKey(tenant: nil, outbox: subscription).id
        )
    }

    /// The owner of the subscription in the identifier of a dead letter.
    static func owner(ofID id: String) -> Party {
        let parts = id.split(separator: "-", maxSplits: 2)
        guard let recipient = parts.last, parts.count == 3 else { return .operator }
        let key = SubscriptionKey(tenant: nil, outbox: String(recipient))
        return Party(ofSubscriptionKey: key.id)
    }

    /// The description for an operator.
    package var summary: JSONObject {
        [
            "id": .string(id),
            "subscriptionId": .string(subscriptionID),
            "enqueuedAt": .string(enqueuedAt.text), "abandonedAt": .string(abandonedAt.text),
            "reason": .string(reason),
        ]
    }

    package var document: Document {
        var json = summary
        json["recipient"] = .string(subscription)
        json["message"] = .string(Hexadecimal.text(of: message))
        return Document(kind: .deadLetter, id: id, body: JSONValue.object(json).serialized)
    }

    /// Reads the result of `document`; nil when the bytes are damaged.
    package init?(_ document: Document) {
        guard let json = try? JSONReader.read(document.body).objectValue,
            let subscription = (json["recipient"] ?? json["subscriptionId"])?.stringValue,
            let enqueuedAt = json["enqueuedAt"]?.stringValue.flatMap({ Timestamp($0) }),
            let abandonedAt = json["abandonedAt"]?.stringValue.flatMap({ Timestamp($0) }),
            let message = json["message"]?.stringValue.flatMap({ Hexadecimal.bytes(of: $0) })
        else { return nil }
        id = document.id
        self.subscription = subscription
        self.message = message
        self.enqueuedAt = enqueuedAt
        self.abandonedAt = abandonedAt
        reason = json["reason"]?.stringValue ?? ""
    }
}
