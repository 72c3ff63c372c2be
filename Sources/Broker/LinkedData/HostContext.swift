package import ContextModel
package import Governance

extension LDContextHosting {
    /// The URL of the hub's own for an `@context` that has none, or takes more than one, so that it
    /// can be named where bodies do not carry it (clause 5.13.1, ImplicitlyCreated); nil when it has
    /// one.
    package func hostedURL(of context: LDContext, for party: Party) async throws -> String? {
        guard context.url == nil else { return nil }
        return try await contextStore.createImplicitly(
            context.reference,
            for: party,
            inUse: { try await urlsInUse() }
        ).url
    }
}
