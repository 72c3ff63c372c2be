package import ContextModel
package import Governance

/// Carries notifications to their receivers: over the network, or to a service in the process.
package protocol NotificationSender: Sendable {
    /// Sends once and says how it went; trying again is up to the caller.
    ///
    /// Nothing but what a session has sealed is sent.
    func send(_ request: Disclosed<NotificationRequest>) async -> DeliveryResult
}

/// One notification, ready to be sent.
package struct NotificationRequest: Disclosable {
    package var url: String
    package var headers: [KeyValuePair]
    package var body: [UInt8]
    package var timeoutMilliseconds: Double
    /// On whose behalf it is sent: the shares of what sending takes are by party.
    package var party: Party
    /// Set when the notification goes to an MQTT broker.
    package var mqtt: MQTTEndpoint?
    /// Set when the notification stays in the hub's process, and goes to a service of the city.
    package var service: ServiceReceiver?
    /// What of the city the body tells; nil for nothing.
    package var content: NotificationContent?

    package init(
        url: String,
        headers: [KeyValuePair],
        body: [UInt8],
        timeoutMilliseconds: Double,
        party: Party,
        mqtt: MQTTEndpoint? = nil,
        service: ServiceReceiver? = nil,
        content: NotificationContent? = nil
    ) {
        self.content = content
        self.mqtt = mqtt
        self.service = service
        self.party = party
        self.url = url
        self.headers = headers
        self.body = body
        self.timeoutMilliseconds = timeoutMilliseconds
    }

    package func forEachDisclosure(_ note: (EntityID, [IRI]) -> Void) {
        content?.forEachDisclosure(note)
    }
}

/// How sending a notification went.
package enum DeliveryResult: Sendable, Equatable {
    /// Any answer in the 200s, or a service that took it.
    case delivered
    /// Another answer, or none: why, for the operator.
    case failed(String)
}
