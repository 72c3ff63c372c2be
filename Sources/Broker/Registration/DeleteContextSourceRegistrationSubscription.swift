package import Governance

/// Delete Context Source Registration Subscription (clause 5.11.6).
extension Subscribing {
    package func deleteContextSourceRegistrationSubscription(
        _ id: String,
        caller: Caller
    ) async throws {
        try await deleteSubscription(id, to: .registrations, caller: caller)
    }
}
