package import ContextModel
package import Governance

/// Serve `@context` (clause 5.13.4).
extension LDContextHosting {
    /// The document, or with `details` what is known of it.
    ///
    /// The core `@context` is served as well. Who names another tenant does not find what one
    /// hosts; who names none gets the document, for answers name its URL without a tenant.
    package func serveContext(
        _ name: String,
        details: Bool,
        caller: Caller
    ) throws -> JSONValue {
        if CoreContext.isCore(name) {
            return details ? contextStore.core(name).details : CoreContext.document
        }
        // Whose copy is kept tells who uses it; those of the hub's own have names nobody can guess.
        guard let entry = contextStore.entry(name),
            entry.isKnown(to: caller.tenant) || caller.tenant == nil && !details,
            entry.kind != .cached || access.policy.permitsAdministration(caller)
        else { throw BrokerError.unknownContext(name) }
        if details { return entry.details }
        guard entry.kind != .cached else {
            throw BrokerError(
                .operationNotSupported,
                "The hub serves no copies of others' @contexts: see "
                    + "'\(entry.url)', or ask with details=true."
            )
        }
        return entry.body
    }
}

extension BrokerError {
    static func unknownContext(_ name: String) -> BrokerError {
        BrokerError(.resourceNotFound, "There is no @context '\(name)' on this hub.")
    }
}
