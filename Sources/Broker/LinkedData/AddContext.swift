package import ContextModel
package import Governance

/// Add `@context` (clause 5.13.2).
extension LDContextHosting {
    /// Returns the local identifier.
    ///
    /// What lies beside `@context` in the body is dropped.
    package func addContext(_ body: JSONValue, caller: Caller) async throws -> String {
        try await access.require(.write, caller)
        // Only where entities, subscriptions and sources are made is a tenant made too.
        _ = try await access.existingStore(caller.tenant)
        guard let context = body.objectValue?["@context"] else {
            throw BrokerError(
                .invalidRequest,
                "The body is a JSON object with the member '@context', not "
                    + "\(body.excerpt)."
            )
        }
        guard !context.isNull else { throw BrokerError(.badRequestData, "'@context' is null.") }
        // Whatever cannot be used is refused now, not when somebody refers to it.
        _ = try await resolver.resolved(context, for: caller.sharer)
        return try await contextStore.host(context, for: caller.party, of: caller.tenant).localID
    }
}
