package import ContextModel
package import Governance
import Record
package import Storage

extension Governing {
    /// Says what the data of the tenant is; what was said before is no more.
    ///
    /// `body` is as in `ClassificationReader`. One that is not wholly understood is refused and changes
    /// nothing. Not part of the standard.
    package func replaceClassification(
        _ body: JSONValue,
        ld: LDContext,
        caller: Caller
    ) async throws {
        try access.requireAdministration(caller)
        let new = try classification(body, ld)
        let document = new.document
        let details: JSONObject = ["classification": .object(new.json(.core))]
        try await change(
            caller.tenant,
            .classification,
            details: details.of(caller.tenant),
            reading: []
        ) { changes, _ in changes.put(document) }
    }

    func classification(
        _ body: JSONValue,
        _ ld: LDContext
    ) throws(BrokerError) -> Classification {
        guard case .object(let object) = body else {
            throw BrokerError(
                .badRequestData,
                "A classification is a JSON object, not \(body.excerpt)."
            )
        }
        return try ClassificationReader(context: ld).classification(object)
    }

    /// How long histories of the tenant are kept by its classification: of several types of an entity the
    /// shortest time counts.
    package func retention(of tenant: TenantName?) async throws -> [RetentionRule] {
        try await tenants.require(tenant)
        let types = rules.rules(of: tenant)?.classification.types ?? [:]
        return types.compactMap { type, rule in
            rule.retention.map {
                RetentionRule(
                    type: type,
                    ageMicroseconds: Int64($0.meanMicroseconds),
                    effect: .remove
                )
            }
        }.sorted {
            ($0.ageMicroseconds, $0.type?.text ?? "") < ($1.ageMicroseconds, $1.type?.text ?? "")
        }
    }

    /// What the data of the tenant is, which anybody may know.
    package func classification(ld: LDContext, caller: Caller) async throws -> JSONObject {
        _ = try await access.existingStore(caller.tenant)
        try await tenants.require(caller.tenant)
        return (rules.rules(of: caller.tenant)?.classification ?? Classification()).json(ld)
    }
}
