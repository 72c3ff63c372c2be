/// A key and its value (clause 5.2.22).
package struct KeyValuePair: Sendable, Hashable {
    package var key: String
    package var value: String

    package init(key: String, value: String) {
        self.key = key
        self.value = value
    }
}

/// Checks of endpoints that the hub calls by HTTP (clauses 5.2.15, 5.2.22 and 6.3.9).
///
/// A problem is a sentence for the author of the member at the path.
package enum WebEndpoint {
    /// The reason why the hub cannot call the URI; nil when it can.
    package static func problem(ofAddress uri: String, at path: String) -> String? {
        let scheme = uri.prefix { $0 != ":" }.lowercased()
        let rest = uri.dropFirst(scheme.count)
        guard scheme == "http" || scheme == "https", rest.hasPrefix("://"),
            let first = rest.dropFirst(3).first, !"/?#:".contains(first)
        else { return "'\(path)' is an http or https address, not '\(uri)'." }
        guard !rest.dropFirst(3).prefix(while: { !"/?#".contains($0) }).contains("@") else {
            return "'\(path)' must not have a password; send it in a header."
        }
        return nil
    }

    /// The reason why the pairs cannot be headers of a request; nil when they can.
    ///
    /// Headers of the connection, and line breaks, are not allowed.
    package static func problem(ofPairs pairs: [KeyValuePair], at path: String) -> String? {
        for pair in pairs {
            let isToken = pair.key.utf8.allSatisfy { byte in
                byte > 0x20 && byte < 0x7F && !"\"(),/:;<=>?@[\\]{}".utf8.contains(byte)
            }
            guard isToken, !ownHeaders.contains(pair.key.lowercased()) else {
                return "'\(path)' cannot set the header '\(pair.key)'."
            }
            guard pair.value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else {
                return "The value of '\(pair.key)' in '\(path)' has a control character."
            }
        }
        return nil
    }

    private static let ownHeaders: Set<String> = [
        "host", "connection", "content-length", "content-type", "transfer-encoding", "upgrade",
        "te", "trailer", "keep-alive", "expect",
    ]

    /// Whether the receiver wants the `@context` of GeoJSON in a header and not in the body
    /// (clause 6.3.6).
    package static func prefersContextOutside(_ pairs: [KeyValuePair]) -> Bool {
        pairs.contains {
            $0.key.lowercased() == "prefer"
                && PreferHeader.preference("body", in: $0.value) == "json"
        }
    }
}
