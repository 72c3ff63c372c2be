import ContextModel

/// Reads the body of a snapshot, and refuses what clause 5.2.41 does not allow, quoting the
/// member.
///
/// The Gateway reads the queries themselves.
struct SnapshotReader: MemberReading {
    let context: LDContext

    /// The members that only the hub writes; a caller's are ignored (table 5.2.41-2).
    private static let membersOfTheHub: Set<String> = [
        "@context", "snapshotStatus", "snapshotQueriesDetails", "snapshotTemporalQueriesDetails",
        "createdAt", "modifiedAt", "expiresAt", "lastUsedAt",
    ]
    private static let queries: Set<String> = ["snapshotQueries", "snapshotTemporalQueries"]

    /// Reads the identifier, if there is one, and the members to store.
    func read(
        _ value: JSONValue,
        allowsQueries: Bool,
        allowsNull: Bool = false
    ) throws(BrokerError) -> (id: String?, body: JSONObject) {
        guard let object = value.objectValue else {
            throw Self.error("A snapshot is a JSON object, not \(value.excerpt).")
        }
        if let type = object["type"] ?? object["@type"], type.stringValue != "Snapshot" {
            throw Self.error("'type' is \"Snapshot\", not \(type.excerpt).")
        }
        var body = JSONObject()
        for (name, value) in object.members where !Self.membersOfTheHub.contains(name) {
            switch name {
            case "id", "@id", "type", "@type": continue
            case _ where Self.queries.contains(name) && !allowsQueries:
                throw Self.error("'\(name)' cannot be changed: a snapshot is of its queries.")
            case _ where allowsNull && value.isNull: break
            default: try check(value, name)
            }
            body.members.append((name, value))
        }
        let id = try (object["id"] ?? object["@id"]).map { value throws(BrokerError) in
            try Self.uri(value, at: "id")
        }
        return (id, body)
    }

    private func check(_ value: JSONValue, _ name: String) throws(BrokerError) {
        switch name {
        case "snapshotQueries", "snapshotTemporalQueries":
            _ = try elements(value, at: name)
        case "snapshotLifetime":
            _ = try Self.lifetime(value)
        case "snapshotPriority":
            guard let number = value.numberValue?.intValue, (1...10).contains(number) else {
                throw Self.error(
                    "'snapshotPriority' is a whole number from 1 to 10, not \(value.excerpt)."
                )
            }
        case "endpoint":
            _ = try address(value, at: name)
        case "receiverInfo":
            try requireSendable(try pairs(value, at: name), at: name)
        default:
            throw Self.error("A snapshot has no member '\(name)'.")
        }
    }

    static func lifetime(_ value: JSONValue) throws(BrokerError) -> ISODuration {
        guard let duration = value.stringValue.flatMap({ ISODuration($0) }), !duration.isZero
        else {
            throw error(
                "'snapshotLifetime' is an ISO 8601 duration such as P1D, not \(value.excerpt)."
            )
        }
        return duration
    }
}

extension Snapshotting {
    /// Throws for an endpoint that the hub will not call.
    func requireCallable(endpointOf body: JSONObject) throws(BrokerError) {
        guard let uri = body["endpoint"]?.stringValue else { return }
        try addresses.requireCallable(uri, at: "endpoint")
    }

    /// The expiry of a snapshot that its body asks for, within the hub's limit.
    func snapshotExpiry(_ body: JSONObject, from now: Timestamp) throws(BrokerError) -> Timestamp {
        func later(_ seconds: Int) -> Timestamp {
            Timestamp(microseconds: now.microseconds + Int64(seconds) * 1_000_000)
        }
        let latest = later(limits.maximumSnapshotSeconds)
        guard let value = body["snapshotLifetime"] else {
            return min(later(limits.defaultSnapshotSeconds), latest)
        }
        return min(now.adding(try SnapshotReader.lifetime(value)), latest)
    }
}
