package import ContextModel
package import Governance

extension LDContextHosting {
    /// The URL under which the hub serves an `@context` that has no single URL of its own; nil
    /// when it has one.
    ///
    /// Answers whose bodies do not have the `@context` need it (clause 5.13.1, ImplicitlyCreated).
    package func hostedURL(of context: LDContext, for party: Party) async throws -> String? {
        guard context.url == nil else { return nil }
        return try await contextStore.createImplicitly(
            context.reference,
            for: party,
            inUse: { try await urlsInUse() }
        ).url
    }
}
