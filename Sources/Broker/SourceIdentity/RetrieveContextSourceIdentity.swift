package import ContextModel
package import Governance

/// The identity of this hub for other context sources (clause 5.2.40).
package struct ContextSourceIdentity: Sendable, Equatable {
    package var id: String
    /// The name of the hub and tenant in requests that it forwards, by which it detects loops.
    package var alias: String
    package var uptimeSeconds: Int64
    package var timeAt: Timestamp

    package var json: JSONObject {
        [
            "id": .string(id), "type": "ContextSourceIdentity",
            "contextSourceAlias": .string(alias),
            "contextSourceUptime": .string("PT\(uptimeSeconds)S"),
            "contextSourceTimeAt": .string(timeAt.text),
        ]
    }
}

extension Hub {
    /// Retrieve Context Source Identity Information (clause 5.15.1), of the caller's tenant.
    package func contextSourceIdentity(caller: Caller) async throws -> ContextSourceIdentity {
        _ = try await access.existingStore(caller.tenant)
        let now = clock()
        let alias = federating.alias(of: caller.tenant)
        return ContextSourceIdentity(
            id: "urn:ngsi-ld:ContextSourceIdentity:\(alias)",
            alias: alias,
            uptimeSeconds: max(0, now.microseconds - startedAt.microseconds) / 1_000_000,
            timeAt: now
        )
    }

    /// A pseudonym of RFC 7230, which may have the characters of a token alone.
    static func pseudonym(of identity: HubIdentity, _ tenant: TenantName?) -> String {
        let name = "balai-\(identity.name)" + (tenant.map { "-\($0.text)" } ?? "")
        return String(
            decoding: name.utf8.map { byte in
                let lower = byte | 0x20
                let isToken =
                    (0x61...0x7A).contains(lower) || (0x30...0x39).contains(byte)
                    || "-._".utf8.contains(byte)
                return isToken ? byte : UInt8(ascii: "_")
            },
            as: UTF8.self
        )
    }
}
