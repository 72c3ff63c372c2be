import ContextModel

/// Addresses the hub is to call, and what it is to say there (clauses 5.2.15 and 5.2.22).
extension MemberReading {
    func address(_ value: JSONValue, at path: String) throws(BrokerError) -> String {
        let uri = try Self.uri(value, at: path)
        let scheme = uri.prefix { $0 != ":" }.lowercased()
        let rest = uri.dropFirst(scheme.count)
        guard scheme == "http" || scheme == "https", rest.hasPrefix("://"),
            let first = rest.dropFirst(3).first, !"/?#:".contains(first)
        else {
            throw Self.error(
                "'\(path)' is an http or https address, not '\(uri)'."
            )
        }
        guard !rest.dropFirst(3).prefix(while: { !"/?#".contains($0) }).contains("@") else {
            throw Self.error(
                "'\(path)' may not hold a password; send it in a header."
            )
        }
        return uri
    }

    func pairs(_ value: JSONValue?, at path: String) throws(BrokerError) -> [KeyValuePair] {
        guard let value else { return [] }
        guard let array = value.arrayValue, array.count <= Self.maximumElements else {
            throw Self.error("'\(path)' is an array of key and value, not \(value.excerpt).")
        }
        return try array.map { element throws(BrokerError) in
            guard let key = element.objectValue?["key"]?.stringValue, !key.isEmpty,
                let text = element.objectValue?["value"]?.stringValue
            else {
                throw Self.error(
                    "'\(path)' holds objects with 'key' and 'value', not \(element.excerpt)."
                )
            }
            return KeyValuePair(key: key, value: text)
        }
    }

    /// Headers that belong to the connection are not the subscriber's, nor are line breaks.
    func checkHeaders(_ pairs: [KeyValuePair], at path: String) throws(BrokerError) {
        for pair in pairs {
            let isToken = pair.key.utf8.allSatisfy { byte in
                byte > 0x20 && byte < 0x7F && !"\"(),/:;<=>?@[\\]{}".utf8.contains(byte)
            }
            guard isToken, !ownHeaders.contains(pair.key.lowercased()) else {
                throw Self.error(
                    "'\(path)' cannot set the header '\(pair.key)'."
                )
            }
            guard pair.value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else {
                throw Self.error(
                    "The value of '\(pair.key)' in '\(path)' has a "
                        + "control character."
                )
            }
        }
    }
}

private let ownHeaders: Set<String> = [
    "host", "connection", "content-length", "content-type", "transfer-encoding", "upgrade", "te",
    "trailer", "keep-alive", "expect",
]
