package import ContextModel
package import Governance

/// Retrieve Context Source Registration (clause 5.10.1).
extension Registering {
    package func retrieveContextSourceRegistration(
        _ id: String,
        ld: LDContext,
        sysAttrs: Bool = false,
        caller: Caller
    ) async throws -> JSONValue {
        let record = try await registrationRecord(id, caller)
        return .object(record.shown(ld, .init(sysAttrs: sysAttrs)))
    }
}
