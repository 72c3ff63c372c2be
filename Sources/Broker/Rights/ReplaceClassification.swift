package import ContextModel
package import Governance
import Record
import Storage

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
        guard case .object(let object) = body else {
            throw BrokerError(
                .badRequestData,
                "A classification is a JSON object, not \(body.excerpt)."
            )
        }
        let new = try ClassificationReader(context: ld).classification(object)
        let document = new.document
        let details: JSONObject = ["classification": .object(new.json(.core))]
        try await change(
            caller.tenant,
            .classification,
            details: details.of(caller.tenant),
            reading: []
        ) { changes, _ in changes.put(document) }
    }

    /// What the data of the tenant is, which anybody may know.
    package func classification(ld: LDContext, caller: Caller) async throws -> JSONObject {
        _ = try await access.existingStore(caller.tenant)
        try await tenants.require(caller.tenant)
        return (rules.rules(of: caller.tenant)?.classification ?? Classification()).json(ld)
    }
}
