package import ContextModel
package import Governance
import Storage

/// What a caller may do at all, and the store of its tenant.
///
/// Every operation asks here: directly, or through `Reading` and `Writing`, which make sessions of what
/// the policy says.
package final class Access: Sendable {
    private let store: any Store
    private let rules: PolicySource
    private let tenants: TenantRulesFollower

    /// The public record of what was decided about people.
    let recorder: Recorder

    init(
        _ store: any Store,
        _ rules: PolicySource,
        _ tenants: TenantRulesFollower,
        _ recorder: Recorder
    ) {
        self.recorder = recorder
        self.store = store
        self.rules = rules
        self.tenants = tenants
    }

    /// What a request with a body means to do.
    package enum Intent: Sendable { case read, write, subscribe, administer, choose }

    /// What holds in all tenants: it says who runs the hub, and nothing of a tenant's data.
    package var policy: Policy { rules.common }

    /// Decides a read by the policy in force in the caller's tenant.
    ///
    /// Throws what the store throws when it cannot tell what the tenant's rules are.
    package func decideRead(
        _ caller: Caller,
        action: Action = .read,
        condition: Condition = .everything,
        sortedBy: [IRI] = []
    ) async throws -> ReadDecision {
        try await policy(of: caller.tenant).decideRead(
            caller,
            action: action,
            condition: condition,
            sortedBy: sortedBy
        )
    }

    /// Decides a change by the policy in force in the caller's tenant.
    ///
    /// Throws what the store throws when it cannot tell what the tenant's rules are.
    func decideWrite(_ caller: Caller) async throws -> WriteDecision {
        try await policy(of: caller.tenant).decideWrite(caller)
    }

    /// The policy in force in a tenant.
    func policy(of tenant: TenantName?) async throws -> Policy {
        try await tenants.require(tenant)
        return rules.policy(of: tenant)
    }

    /// Refuses whoever may do nothing of the kind, whatever the body says: so it need not be read.
    package func require(_ intent: Intent, _ caller: Caller) async throws {
        switch intent {
        case .read:
            if case .deny(let reason) = try await decideRead(caller) { throw BrokerError(reason) }
        case .write: _ = try await writeGrant(caller)
        case .subscribe: try await requireSubscribing(caller)
        case .administer: try requireAdministration(caller)
        case .choose:
            guard caller.subject == nil else { return }
            try requireAdministration(caller)
        }
    }

    /// Refuses whoever does not run the hub.
    func requireAdministration(_ caller: Caller) throws {
        if case .deny(let reason) = policy.decideAdministration(caller) {
            throw BrokerError(reason)
        }
    }

    /// Refuses whoever would never be told of anything, or filters by what it may not see.
    func requireSubscribing(
        _ caller: Caller,
        where condition: Condition = .everything
    ) async throws {
        switch try await decideRead(caller, action: .subscribe, condition: condition) {
        case .deny(let reason): throw BrokerError(reason)
        case .grant(let grant) where grant.condition == .nothing:
            throw BrokerError(caller.party == .anonymous ? DenyReason.unauthenticated : .forbidden)
        case .grant: break
        }
    }

    /// The right to write, or the error that tells the caller why it has none.
    func writeGrant(_ caller: Caller) async throws -> WriteGrant {
        switch try await decideWrite(caller) {
        case .grant(let grant): return grant
        case .deny(let reason): throw BrokerError(reason)
        }
    }

    /// The store of the tenant, or of the snapshot, or the error that there is none.
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

    /// The store of the tenant, which comes into being if there is none (clause 4.14); a snapshot's
    /// must be there.
    func madeStore(_ tenant: TenantName?) async throws -> any TenantStore {
        guard tenant?.snapshot == nil else { return try await existingStore(tenant) }
        return try await store.makeTenant(tenant)
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
        case .notReady:
            self.init(
                .overloaded,
                "The hub does not know yet what may be done with the data. Try again in a moment."
            )
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
