package import ContextModel
import Governance
import Storage

/// A subscription ready for matching and notifying (clause 5.2.12): names expanded, queries
/// parsed, times in microseconds.
package struct Subscription: Sendable {
    /// The kinds of changes that notify (`notificationTrigger`).
    package enum Trigger: String, Sendable, CaseIterable {
        case entityCreated, entityUpdated, entityDeleted
        case attributeCreated, attributeUpdated, attributeDeleted

        /// The triggers of a subscription that names none (table 5.2.12-1).
        static let standard: [Trigger] = [.attributeCreated, .attributeUpdated]
    }

    package let id: String
    /// Each element is an EntitySelector (clause 5.2.33); nil when only attributes are watched.
    package let selectors: [Condition]?
    package var watchedAttributes: Set<IRI>?
    /// Never `entityUpdated`: it is stored as the three triggers that it stands for.
    package var triggers: Set<Trigger>
    /// The condition that entities must meet: the selectors, `q`, `geoQ` and `scopeQ`.
    package let target: Condition
    /// The interval of periodic notifications; nil for others.
    package var intervalMicroseconds: Int64?
    package var throttlingMicroseconds: Int64?
    package var expiresAt: Timestamp?
    package var isActive: Bool
    package var notification: NotificationParameters
    /// The registrations that notify; nil when entities do.
    package var registrations: RegistrationQuery?
    /// `target`, prepared.
    let preparedTarget: PreparedCondition
    /// Whether deciding it may take long.
    let isCostly: Bool

    init(
        id: String,
        selectors: [Condition]?,
        watchedAttributes: Set<IRI>?,
        triggers: Set<Trigger>,
        condition: Condition,
        intervalMicroseconds: Int64?,
        throttlingMicroseconds: Int64?,
        expiresAt: Timestamp?,
        isActive: Bool,
        notification: NotificationParameters
    ) {
        self.id = id
        self.selectors = selectors
        self.watchedAttributes = watchedAttributes
        self.triggers = triggers
        self.intervalMicroseconds = intervalMicroseconds
        self.throttlingMicroseconds = throttlingMicroseconds
        self.expiresAt = expiresAt
        self.isActive = isActive
        self.notification = notification
        target =
            selectors.map { Condition.any(of: $0).and(condition) } ?? condition
        preparedTarget = PreparedCondition(target)
        isCostly = target.isCostly
    }

    /// Whether notifications may be sent at the moment (clause 5.8.6).
    package func isInForce(at now: Timestamp) -> Bool {
        isActive && (expiresAt.map { now < $0 } ?? true)
    }

    /// `status` of table 5.2.12-2.
    package func status(at now: Timestamp) -> String {
        if let expiresAt, expiresAt <= now { return "expired" }
        return isActive ? "active" : "paused"
    }
}

/// How and where notifications are sent (clause 5.2.14).
package struct NotificationParameters: Sendable {
    package var representation: Representation
    package var showsChanges: Bool
    package var endpoint: NotificationEndpoint
    /// The `@context` with which names are compacted.
    package var context: LDContext
}

/// The receiver of notifications (clause 5.2.15).
package struct NotificationEndpoint: Sendable, Hashable {
    /// The media types of notifications.
    package enum MediaType: String, Sendable, CaseIterable {
        case json = "application/json"
        case jsonLD = "application/ld+json"
        case geoJSON = "application/geo+json"
    }
    package var uri: String
    package var accept: MediaType
    /// `receiverInfo`: the pairs that are sent beside the notification.
    package var receiverInfo: [KeyValuePair]
    /// Set when the receiver is an MQTT broker.
    package var mqtt: MQTTEndpoint?
    /// Set when the receiver is the service of the city that owns the subscription.
    package var service: ServiceReceiver?
    package var timeoutMilliseconds: Double?
    package var cooldownMilliseconds: Double?

    /// Scheme, host and port, or the service: endpoints with equal ones are one receiver.
    ///
    /// It has no password.
    package var authority: String {
        if let service { return Party.service(service.service).text }
        let parts = uri.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
        let place = parts.count > 2 ? parts[2].prefix { $0 != "?" && $0 != "#" } : ""
        let host = place.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
        return "\(parts.first ?? "")//\(host)".lowercased()
    }
}
