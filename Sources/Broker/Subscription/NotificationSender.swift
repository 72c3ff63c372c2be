package import ContextModel
package import Governance

/// Carries notifications to their receivers: over the network, or to a service in the process.
package protocol NotificationSender: Sendable {
    /// Sends once and says how it went; trying again is up to the caller.
    ///
    /// Nothing but what a session has sealed is sent.
    func send(_ request: Disclosed<NotificationRequest>) async -> DeliveryResult
}

/// One notification, ready to be sent: its sender says what stands beside the body in the words of its
/// protocol.
package struct NotificationRequest: Disclosable {
    package var url: String
    package var body: [UInt8]
    package var mediaType: NotificationEndpoint.MediaType
    /// Where the `@context` of the body's names is, when the body does not carry it.
    package var contextURL: String?
    /// The tenant, or the snapshot, that it tells of.
    package var tenant: TenantName?
    /// Pairs that are sent to its receiver beside the body.
    package var receiverInfo: [KeyValuePair]
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

/// How sending a notification went.
package enum DeliveryResult: Sendable, Equatable {
    /// Any answer in the 200s, or a service that took it.
    case delivered
    /// Another answer, or none: why, for the operator.
    case failed(String)
}
