package import ContextModel
package import Governance

/// Create Context Source Registration Subscription (clause 5.11.2).
///
/// A notification of the registrations that match already follows at once.
extension Subscribing {
    /// Returns the identifier: the given one or a new one.
    package func createContextSourceRegistrationSubscription(
        _ body: JSONValue,
        ld: LDContext,
        caller: Caller
    ) async throws -> String {
        try access.requireAdministration(caller)
        let id = try await createSubscription(body, to: .registrations, ld: ld, caller: caller)
        try await notifyOfMatchingRegistrations(id, caller)
        return id
    }
}
