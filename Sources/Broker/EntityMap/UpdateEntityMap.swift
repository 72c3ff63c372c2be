package import ContextModel
package import Governance
import Storage

extension Reading {
    /// Update EntityMap (clause 5.14.2): changes its expiry, within the hub's limit.
    ///
    /// Other members, which only the hub writes, are ignored.
    package func updateEntityMap(
        _ id: String,
        _ fragment: JSONValue,
        caller: Caller
    ) async throws {
        let store = try await session(caller).documents
        guard var (map, _) = try await entityMap(id, store, caller) else {
            throw BrokerError.unknownEntityMap(id)
        }
        guard let expiry = try Self.expiry(fragment, of: id) else { return }
        map.expiresAt = latestEntityMapExpiry(expiry, now: clock())
        let key = DocumentKey.document(.entityMap, id: id)
        try await store.changeDocuments(reading: [key]) { [map] changes in
            guard try changes.document(.entityMap, id: id) != nil else {
                throw BrokerError.unknownEntityMap(id)
            }
            changes.put(map.document)
        }
    }

    private static let membersOfTheHub: Set<String> = [
        "@context", "type", "@type", "entityMap", "linkedMaps",
    ]

    /// The expiry in the fragment; nil when it has none.
    private static func expiry(_ fragment: JSONValue, of id: String) throws -> Timestamp? {
        guard let object = fragment.objectValue else {
            throw BrokerError(
                .badRequestData,
                "A fragment for an update is a JSON object, not \(fragment.excerpt)."
            )
        }
        for (name, value) in object.members where !membersOfTheHub.contains(name) {
            switch name {
            case "expiresAt": break
            case "id" where value.stringValue == id, "@id" where value.stringValue == id: break
            case "id", "@id":
                throw BrokerError(.badRequestData, "'id' cannot be changed: it is '\(id)'.")
            default: throw BrokerError(.badRequestData, "An EntityMap has no member '\(name)'.")
            }
        }
        guard let value = object["expiresAt"] else { return nil }
        guard let expiry = value.stringValue.flatMap({ Timestamp(dateTime: $0) }) else {
            throw BrokerError(
                .badRequestData,
                "'expiresAt' is not \(Timestamp.dateTimeFormat): \(value.excerpt)."
            )
        }
        return expiry
    }
}
