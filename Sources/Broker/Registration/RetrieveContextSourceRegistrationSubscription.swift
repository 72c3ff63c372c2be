package import ContextModel
package import Governance

/// Retrieve Context Source Registration Subscription (clause 5.11.4).
extension Subscribing {
    package func retrieveContextSourceRegistrationSubscription(
        _ id: String,
        ld: LDContext,
        sysAttrs: Bool = false,
        caller: Caller
    ) async throws -> JSONValue {
        try await retrieveSubscription(
            id,
            to: .registrations,
            ld: ld,
            sysAttrs: sysAttrs,
            caller: caller
        )
    }
}
