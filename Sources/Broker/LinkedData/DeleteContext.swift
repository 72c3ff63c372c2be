import ContextModel
package import Governance

/// Delete and Reload `@context` (clause 5.13.5).
extension LDContextHosting {
    package func deleteContext(
        _ name: String,
        reload: Bool = false,
        caller: Caller
    ) async throws {
        try access.requireAdministration(caller)
        _ = try await access.existingStore(caller.tenant)
        if CoreContext.isCore(name) {
            // The core `@context` is built in: there is nothing to fetch.
            if reload { return }
            throw BrokerError(.badRequestData, "The core @context '\(name)' cannot be deleted.")
        }
        guard let entry = contextStore.entry(name), entry.isKnown(to: caller.tenant) else {
            throw BrokerError.unknownContext(name)
        }
        guard reload else {
            return try await contextStore.remove(entry)
        }
        guard entry.kind == .cached else {
            throw BrokerError(
                .badRequestData,
                "Only cached @contexts can be reloaded; '\(name)' is "
                    + "\(entry.kind.rawValue)."
            )
        }
        do {
            try await resolver.fetcher.reload(entry.url, for: caller.sharer)
        } catch {
            throw BrokerError(.ldContextNotAvailable, error.detail)
        }
    }
}
