package import ContextModel
package import Governance

/// Sends notifications to their receivers: over the network, or to a service in the process.
package protocol NotificationSender: Sendable {
    /// Sends once and returns the result; the caller repeats failed attempts.
    ///
    /// Only what a session has sealed can be sent. A sender that waits, as for a connection, asks
    /// `mayStillLeave` after it has waited, right before it gives the body away.
    func send(_ request: Disclosed<NotificationRequest>) async -> DeliveryResult
}

/// A notification ready to be sent.
///
/// Its sender adds what its protocol sends beside the body.
package struct NotificationRequest: Disclosable {
    package var url: String
    package var body: [UInt8]
    package var mediaType: NotificationEndpoint.MediaType
    /// The URL of the `@context`, when the body does not have it.
    package var contextURL: String?
    /// The tenant, or the snapshot, of its content.
    package var tenant: TenantName?
    /// The pairs that are sent to its receiver beside the body.
    package var receiverInfo: [KeyValuePair]
    package var timeoutMilliseconds: Double
    /// The party for which it is sent, whose shares it uses.
    package var party: Party
    /// Set when the receiver is an MQTT broker.
    package var mqtt: MQTTEndpoint?
    /// Set when the receiver is a service of the city in the hub's process.
    package var service: ServiceReceiver?
    /// The city data in the body; nil for none.
    package var content: NotificationContent?
    /// Whether what was decided when it was made still holds.
    ///
    /// Reads the newest rules and choices first, if other processes share the store; false also where
    /// these cannot be read.
    package var mayStillLeave: @Sendable () async -> Bool = { true }

    package init(
        url: String,
        body: [UInt8],
        mediaType: NotificationEndpoint.MediaType = .json,
        contextURL: String? = nil,
        tenant: TenantName? = nil,
        receiverInfo: [KeyValuePair] = [],
        timeoutMilliseconds: Double,
        party: Party,
        mqtt: MQTTEndpoint? = nil,
        service: ServiceReceiver? = nil,
        content: NotificationContent? = nil
    ) {
        self.url = url
        self.body = body
        self.mediaType = mediaType
        self.contextURL = contextURL
        self.tenant = tenant
        self.receiverInfo = receiverInfo
        self.timeoutMilliseconds = timeoutMilliseconds
        self.party = party
        self.mqtt = mqtt
        self.service = service
        self.content = content
    }

    package func forEachDisclosure(_ note: (EntityID, [IRI]) -> Void) {
        content?.forEachDisclosure(note)
    }
}

/// The result of sending a notification.
package enum DeliveryResult: Sendable, Equatable {
    /// Any answer with a status in the 200s, or acceptance by a service.
    case delivered
    /// Another answer, or none, with a reason for the operator.
    case failed(String)
    /// It was not sent, because what may be told has changed since it was made: it has to be made anew.
    case withheld
}
