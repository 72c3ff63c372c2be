package import ContextModel
package import Governance

/// List `@context`s (clause 5.13.3).
extension Hub {
    /// URLs, or objects with details.
    ///
    /// `kind` is `Cached`, `Hosted` or `ImplicitlyCreated`.
    package func listContexts(
        kind: String?,
        details: Bool,
        caller: Caller
    ) throws -> [JSONValue] {
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
        return shelf.entries(wanted).filter { $0.isKnown(to: caller.tenant) }
            .map { details ? $0.details : .string($0.url) }
    }
}
