import Broker
package import ContextModel
import Governance

/// A subscription of a service's own, whose notifications end in the hub's process.
///
/// It is a subscription like everybody's: what the service is told of is decided by its rights at the
/// moment of sending, in order for each subscription, and nothing is lost when the hub stops. A
/// notification can come more than once, with the same `id`. One whose handler throws, or takes longer
/// than the timeout, is sent again, ever later, and becomes a dead letter in the end:
///
///     let subscriptions = [
///         ServiceSubscription("broken", to: ["entities": [["type": "Streetlight"]]]) {
///             notification, context in
///             for lamp in notification.entities { try await report(lamp, context) }
///         }
///     ]
///
/// The service needs the right to subscribe to what it names. One that changes, in its handler, what it
/// is told of is told of that, too.
package struct ServiceSubscription: Sendable {
    /// Takes a notification.
    ///
    /// Its task is cancelled when the time is over, and when the hub stops.
    package typealias Handler =
        @Sendable (ServiceNotification, ServiceContext) async throws -> Void

    /// Tells it from the service's other subscriptions: lower-case letters, digits and hyphens.
    package var name: String
    /// What it is told of: members of the standard's Subscription (clause 5.2.12), names being terms of
    /// the core `@context` or IRIs.
    ///
    /// The hub adds `id`, `type` and the receiver.
    package var members: JSONObject
    /// How long the handler may take, at most 60 s; nil for the 10 s that each receiver has.
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

    /// As the hub keeps it.
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

/// What a service is told (clause 5.3.1).
package struct ServiceNotification: Sendable, Equatable {
    /// The same when a notification comes again.
    package let id: String
    package let notifiedAt: String
    /// The entities as the service's rights show them, in the form that the subscription asks for.
    package let entities: [JSONValue]

    /// Throws `JSONError` when the body is no JSON.
    init(_ request: Disclosed<NotificationRequest>) throws {
        let json = try JSONReader.read(request.answer.body).objectValue
        id = json?["id"]?.stringValue ?? ""
        notifiedAt = json?["notifiedAt"]?.stringValue ?? ""
        entities = json?["data"]?.arrayValue ?? []
    }
}
