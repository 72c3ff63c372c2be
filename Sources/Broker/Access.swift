package import ContextModel
package import Governance
import Storage

/// What a caller may do, and the store of its tenant.
///
/// Every operation asks here: directly, or through `Reading` and `Writing`, which create sessions
/// from the decisions of the policy.
package final class Access: Sendable {
    let store: any Store
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

    /// The purpose of a request that has a body.
    package enum Intent: Sendable { case read, write, subscribe, aggregate, administer, choose }

    /// The part of the policy that holds in all tenants: it says who runs the hub, and nothing
    /// about a tenant's data.
    package var policy: Policy { rules.common }

    /// Decides a read by the policy in force in the caller's tenant.
    ///
    /// Throws the store's error when it cannot read the tenant's rules.
    package func decideRead(
        _ caller: Caller,
        action: Action = .read,
        condition: Condition = .everything,
        sortedBy: [IRI] = []
    ) async throws -> ReadDecision {
        try await tenants.require(caller.tenant)
        return rules.decideRead(
            caller,
            action: action,
            condition: condition,
            sortedBy: sortedBy
        )
    }

    /// Decides a change by the policy in force in the caller's tenant.
    ///
    /// Throws the store's error when it cannot read the tenant's rules.
    func decideWrite(_ caller: Caller) async throws -> WriteDecision {
        try await policy(of: caller.tenant).decideWrite(caller)
    }

    /// The policy in force in a tenant.
    func policy(of tenant: TenantName?) async throws -> Policy {
        try await tenants.require(tenant)
        return rules.policy(of: tenant)
    }

    /// The number of the rules in force, another one after each change of any; choices are no part of
    /// them.
    func rulesNumber(in tenant: TenantName?) async throws -> Int {
        try await tenants.require(tenant)
        return rules.number
    }

    /// Throws for a caller that may do nothing of this kind, whatever the body of its request
    /// says, so that the body need not be read.
    package func require(_ intent: Intent, _ caller: Caller) async throws {
        switch intent {
        case .read:
            if case .deny(let reason) = try await decideRead(caller) { throw BrokerError(reason) }
        case .write: _ = try await writeGrant(caller)
        case .subscribe: try await requireSubscribing(caller)
        case .aggregate:
            let policy = try await policy(of: caller.tenant)
            if let reason = policy.refusalOfStatistics(to: caller) { throw BrokerError(reason) }
        case .administer: try requireAdministration(caller)
        case .choose:
            guard caller.subject == nil else { return }
            try requireAdministration(caller)
        }
    }

    /// Throws for a caller that does not run the hub.
    func requireAdministration(_ caller: Caller) throws {
        if case .deny(let reason) = policy.decideAdministration(caller) {
            throw BrokerError(reason)
        }
    }

    /// Throws for a caller that would never be notified, or filters by attributes that it may not
    /// see.
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

    /// The grant to write; throws with the reason when the caller has none.
    func writeGrant(_ caller: Caller) async throws -> WriteGrant {
        switch try await decideWrite(caller) {
        case .grant(let grant): return grant
        case .deny(let reason): throw BrokerError(reason)
        }
    }

    /// The store of the tenant or snapshot; throws when there is none.
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

    /// The store of the tenant, which is created if there is none (clause 4.14).
    ///
    /// The store of a snapshot must be there.
    func madeStore(_ tenant: TenantName?) async throws -> any TenantStore {
        guard tenant?.snapshot == nil else { return try await existingStore(tenant) }
        return try await store.makeTenant(tenant)
    }
}

extension Condition {
    /// Throws for patterns that are too large together.
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
            // The message depends on the policy alone, which is no secret, and not on the data.
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

    /// The error for patterns that are too large together.
    package init(_ error: PatternError) { self.init(.tooComplexQuery, error.description) }

    package init(_ error: LDContextError) {
        self.init(
            error.code == .invalid ? .badRequestData : .ldContextNotAvailable,
            error.detail
        )
    }
}
