package import ContextModel
package import Governance
import Record
import Storage

/// Policies are no secret: whoever is concerned by one may read it. Not part of the standard.
extension Governing {
    /// All policies of the tenant as they were written, by their identifiers.
    package func policies(caller: Caller) async throws -> [JSONValue] {
        try await dataPolicies(caller: caller).map { .object($0.source) }
    }

    /// All policies of the tenant with the rules that they make, by their identifiers.
    package func dataPolicies(caller: Caller) async throws -> [DataPolicy] {
        let store = try await access.existingStore(caller.tenant)
        return try await store.documents(.dataPolicy).compactMap { DataPolicy($0) }
            .sorted { $0.id < $1.id }
    }

    /// The policy as it was written.
    package func policy(_ id: String, caller: Caller) async throws -> JSONObject {
        let store = try await access.existingStore(caller.tenant)
        let document = try await store.document(.dataPolicy, id: id)
        guard let policy = document.flatMap({ DataPolicy($0) }) else {
            throw BrokerError.unknownPolicy(id)
        }
        return policy.source
    }

    /// Puts the policy out of force.
    package func deletePolicy(_ id: String, caller: Caller) async throws {
        try access.requireAdministration(caller)
        let store = try await access.existingStore(caller.tenant)
        guard try await store.document(.dataPolicy, id: id) != nil else {
            throw BrokerError.unknownPolicy(id)
        }
        let key = DocumentKey.document(.dataPolicy, id: id)
        let details: JSONObject = ["removed": .string(id)]
        try await change(
            caller.tenant,
            .policy,
            details: details.of(caller.tenant),
            reading: [key]
        ) { changes, _ in
            guard try changes.document(.dataPolicy, id: id) != nil else {
                throw BrokerError.unknownPolicy(id)
            }
            changes.remove(.dataPolicy, id: id)
        }
    }
}

extension BrokerError {
    static func unknownPolicy(_ id: String) -> BrokerError {
        BrokerError(.resourceNotFound, "There is no policy '\(id)'.")
    }
}
