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

    /// The keys by which a request says who its sender is.
    ///
    /// They are never passed on: whoever gets them could act in the sender's name.
    package static let credentials: Set<String> = [
        "authorization", "proxy-authorization", "cookie", "cookie2", "dpop", "signature",
        "signature-input", "x-auth-token", "client-cert", "client-cert-chain",
    ]

    /// What a request has of its own, which no pair replaces.
    private static let own: Set<String> = [
        "via", "link", "accept", "prefer", "content-type", "content-length", "host", "connection",
        "transfer-encoding", "upgrade", "te", "trailer", "keep-alive", "expect", "user-agent",
        "ngsild-tenant", "ngsild-snapshot", "ngsild-entitymap",
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
                guard !Self.credentials.contains(key), let value = conveyed(pair.key) else {
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
