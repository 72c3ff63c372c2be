import ContextModel

/// Reading the addresses that the hub calls, and the pairs it sends there (clauses 5.2.15 and
/// 5.2.22).
extension MemberReading {
    func address(_ value: JSONValue, at path: String) throws(BrokerError) -> String {
        let uri = try Self.uri(value, at: path)
        if let problem = WebEndpoint.problem(ofAddress: uri, at: path) { throw Self.error(problem) }
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
                    "'\(path)' has objects with 'key' and 'value', not \(element.excerpt)."
                )
            }
            return KeyValuePair(key: key, value: text)
        }
    }

    /// Throws for pairs that cannot be sent with a request.
    func requireSendable(_ pairs: [KeyValuePair], at path: String) throws(BrokerError) {
        if let problem = WebEndpoint.problem(ofPairs: pairs, at: path) {
            throw Self.error(problem)
        }
    }
}
