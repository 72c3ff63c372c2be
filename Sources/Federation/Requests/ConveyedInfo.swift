package import ContextModel

/// What is conveyed to a source beside the request (clauses 4.3.6.5 and 4.3.6.6).
package struct ConveyedInfo: Sendable, Equatable {
    /// The pairs that are sent as they are.
    package private(set) var pairs: [KeyValuePair] = []
    /// The media type that answers are to have; nil for any.
    package private(set) var accept: String?
    /// The version of the specification that answers are to conform to; nil for any.
    package private(set) var version: String?

    /// Stands for the value that the triggering request conveyed.
    package static let fromRequest = "urn:ngsi-ld:request"

    /// Whether a request says by this key who its sender is, or where it comes from.
    ///
    /// Such a value is never passed on: whoever gets a credential could act in the sender's name,
    /// and what proxies say of the sender is nobody else's business. A key that sounds like one of
    /// these counts as one.
    package static func tellsOfSender(_ key: String) -> Bool {
        let key = key.lowercased()
        return senderKeys.contains(key) || senderPrefixes.contains(where: key.hasPrefix)
            || senderWords.contains { key.contains($0) }
    }

    private static let senderKeys: Set<String> = [
        "dpop", "signature", "signature-input", "forwarded", "x-real-ip", "from", "referer",
        "origin", "true-client-ip",
    ]
    private static let senderPrefixes = ["x-forwarded", "x-ssl-", "ssl-", "x-original-", "cf-"]
    private static let senderWords = [
        "auth", "cookie", "token", "secret", "password", "passwd", "session", "api-key", "apikey",
        "api_key", "access-key", "subscription-key", "credential", "client-cert", "clientcert",
        "client-ip", "signature", "csrf", "xsrf", "jwt", "assertion",
    ]

    /// What a request has of its own, which no pair replaces.
    private static let own: Set<String> = [
        "via", "link", "accept", "prefer", "content-type", "content-length", "host", "connection",
        "transfer-encoding", "upgrade", "te", "trailer", "keep-alive", "expect", "user-agent",
        "ngsild-tenant", "ngsild-snapshot", "ngsild-entitymap", "content-digest", "data-requester",
        "signature", "signature-input",
    ]

    /// Reads the `contextSourceInfo` of a registration, with the values of the triggering request.
    package init(_ info: [KeyValuePair], from conveyed: (_ key: String) -> String?) {
        for pair in info {
            let key = pair.key.lowercased()
            switch pair.key {
            case "accept": accept = pair.value
            case "contentType", "jsonldContext": break
            case "ngsildConformance": version = pair.value
            default:
                guard !Self.own.contains(key) else { continue }
                guard pair.value == Self.fromRequest else {
                    pairs.append(pair)
                    continue
                }
                guard !Self.tellsOfSender(key), let value = conveyed(pair.key) else {
                    continue
                }
                pairs.append(KeyValuePair(key: pair.key, value: value))
            }
        }
    }

    /// The `@context` that the source is to be addressed in (clause 4.3.6.6); nil for the caller's.
    package static func contextURL(in info: [KeyValuePair]) -> String? {
        info.first { $0.key == "jsonldContext" }?.value
    }
}
