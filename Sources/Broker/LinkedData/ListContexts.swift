package import ContextModel
package import Governance

/// List `@context`s (clause 5.13.3).
extension LDContextHosting {
    /// Lists URLs, or objects with details.
    ///
    /// `kind` is `Cached`, `Hosted` or `ImplicitlyCreated`. The list of copies and created ones
    /// tells what other callers do, so only those who run the hub see more than the hosted ones.
    package func listContexts(
        kind: String?,
        details: Bool,
        caller: Caller
    ) async throws -> [JSONValue] {
        _ = try await access.existingStore(caller.tenant)
        var wanted: StoredLDContext.Kind?
        if let kind {
            wanted = StoredLDContext.Kind(rawValue: kind)
            guard wanted != nil else {
                throw BrokerError(
                    .badRequestData,
                    "'kind' is Cached, Hosted or ImplicitlyCreated, not '\(kind)'."
                )
            }
        }
        let seesAll = access.policy.permitsAdministration(caller)
        return contextStore.entries(wanted)
            .filter { $0.isKnown(to: caller.tenant) && (seesAll || $0.kind == .hosted) }
            .map { details ? $0.details : .string($0.url) }
    }
}
