package import ContextModel
package import Governance
import Storage

/// What a caller may do at all, and the store of its tenant. To read and to write, see `ReadSession`
/// and `WriteSession`.
extension Hub {
    /// What a request with a body means to do.
    package enum Intent: Sendable { case read, write, subscribe, administer }

    /// Refuses whoever may do nothing of the kind, whatever the body says: so it need not be read.
    package func require(_ intent: Intent, _ caller: Caller) throws {
        switch intent {
        case .read:
            if case .deny(let reason) = policy.decideRead(caller) { throw BrokerError(reason) }
        case .write: try requireWriting(caller)
        case .subscribe: try requireSubscribing(caller)
        case .administer: try requireAdministration(caller)
        }
    }

    /// Refuses whoever may write nothing at all.
    package func requireWriting(_ caller: Caller) throws {
        _ = try writeGrant(caller)
    }

    /// Refuses whoever does not run the hub.
    package func requireAdministration(_ caller: Caller) throws {
        if case .deny(let reason) = policy.decideAdministration(caller) {
            throw BrokerError(reason)
        }
    }

    func existingStore(_ tenant: TenantName?) async throws -> any TenantStore {
        guard let found = try await store.tenant(tenant) else {
            if let origin = tenant?.snapshot { throw BrokerError.unknownSnapshot(origin.id) }
            throw BrokerError(
                .nonexistentTenant,
                "There is no tenant '\(tenant?.text ?? "")' on this hub."
            )
        }
        return found
    }
}

extension Condition {
    /// Refuses patterns that are too much together.
    package func requirePatternsWithinLimit() throws(BrokerError) {
        do throws(PatternError) { try checkPatterns() } catch { throw BrokerError(error) }
    }
}

extension BrokerError {
    package init(_ reason: DenyReason) {
        switch reason {
        case .unauthenticated:
            self.init(
                .unauthenticated,
                "This needs a token: send it as 'Authorization: Bearer …'."
            )
        case .forbidden:
            self.init(.forbidden, "Your token does not allow this.")
        case .hiddenAttribute(let name):
            // The same whatever the data is: only the policy speaks, and it is no secret.
            self.init(.badRequestData, "The attribute '\(name)' cannot be used to filter or sort.")
        }
    }

    package init(_ error: EntityError) { self.init(.badRequestData, error.detail) }

    package init(_ error: ConditionError) {
        self.init(.badRequestData, "\(error.parameter): \(error.message) \(error.hint)")
    }

    /// Patterns that are too much together.
    package init(_ error: PatternError) { self.init(.tooComplexQuery, error.description) }

    package init(_ error: LDContextError) {
        self.init(
            error.code == .invalid ? .badRequestData : .ldContextNotAvailable,
            error.detail
        )
    }
}
