package import ContextModel
package import Governance

/// Add `@context` (clause 5.13.2).
extension LDContextHosting {
    /// Stores an `@context` and returns its local identifier.
    ///
    /// Other members of the body than `@context` are dropped.
    package func addContext(_ body: JSONValue, caller: Caller) async throws -> String {
        try await access.require(.write, caller)
        // Tenants are created only with entities, subscriptions and sources.
        _ = try await access.existingStore(caller.tenant)
        guard let context = body.objectValue?["@context"] else {
            throw BrokerError(
                .invalidRequest,
                "The body is a JSON object with the member '@context', not "
                    + "\(body.excerpt)."
            )
        }
        guard !context.isNull else { throw BrokerError(.badRequestData, "'@context' is null.") }
        // An `@context` that cannot be used is refused now, and not when somebody refers to it.
        _ = try await resolver.resolved(context, for: caller.sharer)
        return try await contextStore.host(context, for: caller.party, of: caller.tenant).localID
    }
}
