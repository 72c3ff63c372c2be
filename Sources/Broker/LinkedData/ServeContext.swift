package import ContextModel
package import Governance

/// Serve `@context` (clause 5.13.4).
extension LDContextHosting {
    /// Returns the document, or its metadata with `details`.
    ///
    /// The core `@context` is served as well. A request that names another tenant does not find a
    /// hosted document. A request that names none does, because answers have its URL without a
    /// tenant.
    package func serveContext(
        _ name: String,
        details: Bool,
        caller: Caller
    ) throws -> JSONValue {
        if CoreContext.isCore(name) {
            return details ? contextStore.core(name).details : CoreContext.document
        }
        // A list of copies would tell who uses them; names of the hub's own cannot be guessed.
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
