package import Governance
package import Hummingbird

/// What a handler knows about a request besides the request itself.
package struct GatewayContext: RequestContext {
    package var coreContext: CoreRequestContextStorage
    /// Who asks, why, and of which tenant: set before any handler runs.
    package var caller: Caller
    /// Is told of what the answer of a handler denies; set before any handler runs.
    var denials: DenialLog?

    package init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        caller = Caller(party: .anonymous)
    }
}
