import Broker
package import ContextModel
import Governance

/// A subscription of a service, whose notifications are handled in the hub's process.
///
/// It works like every other subscription. The rights of the service at the moment of sending
/// decide what a notification has. Notifications are in order for each subscription, and none is
/// lost when the hub stops. A notification can arrive more than once, with the same `id`. When its
/// handler throws, or takes longer than the timeout, it is sent again after growing pauses, and
/// becomes a dead letter in the end:
///
///     let subscriptions = [
///         ServiceSubscription("broken", to: ["entities": [["type": "Streetlight"]]]) {
///             notification, context in
///             for lamp in notification.entities { try await report(lamp, context) }
///         }
///     ]
///
/// The service needs the right to subscribe to these entities. A handler that changes such
/// an entity is notified of its own change, too.
package struct ServiceSubscription: Sendable {
    /// Handles a notification.
    ///
    /// Its task is cancelled when the time is over, and when the hub stops.
    package typealias Handler =
        @Sendable (ServiceNotification, ServiceContext) async throws -> Void

    /// A name that is unique among the service's subscriptions: lower-case letters, digits and
    /// hyphens.
    package var name: String
    /// The members of the standard's Subscription (clause 5.2.12), with terms of the core
    /// `@context` or IRIs as names.
    ///
    /// The hub adds `id`, `type` and the receiver.
    package var members: JSONObject
    /// The time for the handler, at most 60 s; nil for the usual 10 s.
    package var timeoutSeconds: Int?
    package var handler: Handler

    package init(
        _ name: String,
        to members: JSONObject,
        timeoutSeconds: Int? = nil,
        handler: @escaping Handler
    ) {
        self.name = name
        self.members = members
        self.timeoutSeconds = timeoutSeconds
        self.handler = handler
    }

    /// The body of the subscription that the hub stores.
    func body(for receiver: ServiceReceiver) -> JSONObject {
        var body = members
        body["id"] = .string("urn:ngsi-ld:Subscription:\(receiver.service.text):\(name)")
        body["type"] = "Subscription"
        var endpoint: JSONObject = ["uri": .string(receiver.uri)]
        endpoint["timeout"] = timeoutSeconds.map { .number(JSONNumber($0 * 1_000)) }
        var notification = body["notification"]?.objectValue ?? [:]
        notification["endpoint"] = .object(endpoint)
        body["notification"] = .object(notification)
        return body
    }
}

/// A notification for a service (clause 5.3.1).
package struct ServiceNotification: Sendable, Equatable {
    /// The identifier, the same when a notification is repeated.
    package let id: String
    package let notifiedAt: String
    /// The entities as far as the service's rights allow, in the representation that the
    /// subscription asks for.
    package let entities: [JSONValue]

    /// Throws `JSONError` when the body is not JSON.
    init(_ request: Disclosed<NotificationRequest>) throws {
        let json = try JSONReader.read(request.answer.body).objectValue
        id = json?["id"]?.stringValue ?? ""
        notifiedAt = json?["notifiedAt"]?.stringValue ?? ""
        entities = json?["data"]?.arrayValue ?? []
    }
}
