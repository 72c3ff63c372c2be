package import ContextModel
package import Governance

/// Update Context Source Registration Subscription (clause 5.11.3).
///
/// A notification of all registrations that match now follows.
extension Subscribing {
    package func updateContextSourceRegistrationSubscription(
        _ id: String,
        _ fragment: JSONValue,
        ld: LDContext,
        caller: Caller
    ) async throws {
        try await updateSubscription(id, fragment, to: .registrations, ld: ld, caller: caller)
        try await notifyOfMatchingRegistrations(id, caller)
    }
}
