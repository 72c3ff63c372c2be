import Broker
import ContextModel
import HTTPTypes
import Outbound
import Synchronization

@testable import Gateway

/// Subscriptions of the reader, for every trigger; some watch hidden attributes.
enum PairedWorldSubscriptions {
    /// A subscription's own members, and those of its `notification`.
    typealias Members = (own: String, notification: String)

    private static let tree = #""entities": [{"type": "Tree"}]"#
    private static let ends = """
        "notificationTrigger": ["entityCreated", "entityUpdated", "entityDeleted",
         "attributeCreated", "attributeUpdated", "attributeDeleted"]
        """

    static let all: [Members] = [
        (tree, ""),
        (#""entities": [{"type": "Tree"}, {"type": "Bench"}]"#, #""sysAttrs": true, "#),
        (#""entities": [{"idPattern": ".", "type": "Bench"}]"#, #""format": "keyValues", "#),
        (#"\#(tree), "watchedAttributes": ["height"]"#, ""),
        (#"\#(tree), "watchedAttributes": ["secret", "hiddenPlace"], \#(ends)"#, ""),
        (#"\#(tree), "watchedAttributes": ["secret", "height"], \#(ends)"#, ""),
        (#"\#(tree), \#(ends)"#, #""showChanges": true, "sysAttrs": true, "#),
        (#"\#(tree), "q": "height>5", "scopeQ": "/#""#, #""attributes": ["height", "secret"], "#),
        (#"\#(tree), "scopeQ": "/private/#", \#(ends)"#, ""),
        (#""entities": [{"type": "Safe"}], \#(ends)"#, ""),
        (#"\#(tree), "watchedAttributes": ["name"], \#(ends)"#, #""showChanges": true, "#),
        (#"\#(tree), "q": "name~=n[0-2]""#, #""sysAttrs": true, "#),
        (#""entities": [{"type": "Bench"}], "q": "!name|height<9", \#(ends)"#, ""),
        (
            #"""
            "entities": [{"type": "Bench"}], "geoQ": {"georel": "near;maxDistance==400000",
             "geometry": "Point", "coordinates": [5, 5]}
            """#, ""
        ),
    ]

    static func request(_ number: Int, _ members: Members) -> WorldRequest {
        let body = """
            {"id": "urn:x:Subscription:\(number)", "type": "Subscription", \(members.own),
             "notification": {\(members.notification)
              "endpoint": {"uri": "http://receiver.example/\(number)"}}}
            """
        return WorldRequest(method: .post, uri: "/ngsi-ld/v1/subscriptions", body: body)
    }
}

/// Records notifications by receiver, without their identifiers.
final class WorldReceivers: NotificationSender {
    private let kept = Mutex<[String: [String]]>([:])

    var texts: [String: [String]] { kept.withLock { $0 } }

    func send(_ sealed: Disclosed<NotificationRequest>) async -> DeliveryResult {
        let request = sealed.answer
        let head = request.headers.map { "\($0.key): \($0.value)" }.joined(separator: "\n")
        let body = String(decoding: request.body, as: UTF8.self)
            .replacing(/urn:ngsi-ld:Notification:[0-9a-f]{32}/, with: "SOME")
        kept.withLock { $0[request.url, default: []].append(head + "\n" + body) }
        return .delivered
    }
}
