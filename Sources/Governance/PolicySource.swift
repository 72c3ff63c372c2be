package import ContextModel
import Synchronization

/// Where whoever decides asks for the policy, each time anew: another may take its place while the hub
/// runs.
///
/// Nobody keeps a policy. What is made of one, and costs too much to be made at each decision, is kept
/// with the `number` of the policies, and made anew once that is another.
package final class PolicySource: Sendable {
    /// A policy and the number that the policies have in this process.
    package struct Numbered: Sendable {
        package let policy: Policy
        package let number: Int
    }

    /// A policy where it is used without being copied: that would take as long as a decision.
    fileprivate final class InForce: Sendable {
        let policy: Policy

        init(_ policy: Policy) { self.policy = policy }
    }

    fileprivate struct State {
        /// What holds in all tenants besides the rules that the hub keeps.
        var base: Policy
        /// The rules for all tenants that the hub keeps; nil before any are known.
        var kept: CommonRules?
        /// What holds in all tenants.
        var common: Policy
        /// What each tenant says, whether it is in force by now or not.
        var tenants: [TenantName?: TenantRules] = [:]
        /// What is in force in each tenant.
        var current: [TenantName?: InForce] = [:]
        /// The latest moment that is known of: rules that have ended stay so, whatever a clock says.
        var now = Timestamp(microseconds: .min)
        var number = 0
        /// Told that there is another policy.
        var signal: AsyncStream<Void>.Continuation?
    }

    private let state: Mutex<State>
    private let newest = Atomic(0)
    /// When the next rule begins or ends, in microseconds since 1970.
    private let next = Atomic(Int64.max)
    private let clock: @Sendable () -> Timestamp

    /// `common` holds in all tenants, of which these are known.
    ///
    /// The clock says which rules are in force; without one, `advance` alone does.
    package init(
        _ common: Policy,
        tenants: [TenantName?: TenantRules] = [:],
        clock: @escaping @Sendable () -> Timestamp = { Timestamp(microseconds: .min) }
    ) {
        self.clock = clock
        state = Mutex(State(base: common, common: common))
        for (tenant, rules) in tenants { put(rules, of: tenant) }
    }

    /// What holds in all tenants, without what each says of its own data.
    package var common: Policy { state.withLock(\.common) }

    /// The policy in force in a tenant, or for a snapshot of it.
    ///
    /// Its classification is nil as long as nobody has said what the tenant's rules are.
    package func policy(of tenant: TenantName?) -> Policy {
        followClock()
        return state.withLock { $0.inForce(in: tenant) }.policy
    }

    /// Decides a read by the policy in force in the caller's tenant; see `Policy.decideRead`.
    package func decideRead(
        _ caller: Caller,
        action: Action = .read,
        condition: Condition = .everything,
        sortedBy: [IRI] = []
    ) -> ReadDecision {
        followClock()
        let current = state.withLock { $0.inForce(in: caller.tenant) }
        return current.policy.decideRead(
            caller,
            action: action,
            condition: condition,
            sortedBy: sortedBy
        )
    }

    /// The policy in force in a tenant, with the number.
    package func numbered(of tenant: TenantName?) -> Numbered {
        followClock()
        return state.withLock { Numbered(policy: $0.inForce(in: tenant).policy, number: $0.number) }
    }

    /// The number of the policies in force: another one after each change of any.
    ///
    /// Asking for it costs next to nothing.
    package var number: Int {
        followClock()
        return newest.load(ordering: .acquiring)
    }

    /// Puts another common policy into force: whoever asks from now on gets this one.
    ///
    /// The rules that the hub keeps hold besides.
    package func replace(with new: Policy) { change { $0.base = new } }

    /// Puts another common policy into force, unless the one of the number is not in force any more;
    /// returns whether it did.
    package func replace(_ number: Int, with new: Policy) -> Bool {
        state.withLock { state in
            guard state.number == number else { return false }
            state.base = new
            advance(&state)
            return true
        }
    }

    /// The rules for all tenants that the hub keeps; nil before any are known.
    package var kept: CommonRules? { state.withLock(\.kept) }

    /// What holds in all tenants besides the rules that the hub keeps.
    package var base: Policy { state.withLock(\.base) }

    /// Puts other kept rules into force in all tenants.
    package func put(_ kept: CommonRules?) { change { $0.kept = kept } }

    // MARK: Tenants

    /// Whether it is known what the tenant says.
    package func knows(_ tenant: TenantName?) -> Bool {
        state.withLock { $0.current[tenant.origin] != nil }
    }

    /// What the tenant says, also what is not in force yet; nil when that is not known.
    package func rules(of tenant: TenantName?) -> TenantRules? {
        state.withLock { $0.tenants[tenant.origin] }
    }

    /// Puts what a tenant says into force.
    package func put(_ rules: TenantRules, of tenant: TenantName?) {
        change { $0.tenants[tenant] = rules }
    }

    /// Forgets a tenant that is no more.
    package func remove(_ tenant: TenantName?) { change { $0.tenants[tenant] = nil } }

    // MARK: Time

    /// Puts into force what begins, and out of force what ends, up to the moment; returns when the next
    /// rule begins or ends.
    ///
    /// Whoever asks for a policy does so by the clock, too: no rule is used past its end.
    @discardableResult
    package func advance(to moment: Timestamp) -> Timestamp? {
        state.withLock { state in
            let last = state.now
            state.now = max(last, moment)
            let moments = state.tenants.values.flatMap(\.moments)
            if moments.contains(where: { last < $0 && $0 <= state.now }) { advance(&state) }
            return moments.filter { $0 > state.now }.min()
        }
    }

    /// The latest moment that is known of.
    package var latestMoment: Timestamp { state.withLock(\.now) }

    /// Emits after each change of the policies; for one who listens.
    package func makeSignals() -> AsyncStream<Void> {
        let (signals, signal) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        state.withLock { $0.signal = signal }
        return signals
    }

    /// Costs nothing but a look at the clock, and not even this where no rule has a date to come.
    private func followClock() {
        let next = next.load(ordering: .acquiring)
        guard next != .max else { return }
        let now = clock()
        if now.microseconds >= next { advance(to: now) }
    }

    private func change(_ body: (inout State) -> Void) {
        state.withLock { state in
            body(&state)
            advance(&state)
        }
    }

    private func advance(_ state: inout State) {
        state.now = max(state.now, clock())
        state.common = state.base.with(state.kept)
        state.current = state.tenants.mapValues {
            InForce($0.policy(under: state.common, at: state.now))
        }
        let coming = state.tenants.values.flatMap(\.moments).filter { $0 > state.now }.min()
        next.store(coming?.microseconds ?? .max, ordering: .releasing)
        state.number += 1
        newest.store(state.number, ordering: .releasing)
        state.signal?.yield()
    }
}

extension Policy {
    /// The policy with the rules that the hub keeps for all tenants.
    fileprivate func with(_ kept: CommonRules?) -> Policy {
        guard let kept else { return self }
        var all = self
        all.permissions += kept.permissions
        all.prohibitions += kept.prohibitions
        return all
    }
}

extension PolicySource.State {
    fileprivate func inForce(in tenant: TenantName?) -> PolicySource.InForce {
        if let known = current[tenant.origin] { return known }
        var unknown = common
        unknown.classification = nil
        return PolicySource.InForce(unknown)
    }
}

/// What a tenant itself says of its data: the classification, its policies, and what people have chosen.
package struct TenantRules: Sendable {
    package var classification: Classification
    package var permissions: [Permission]
    package var prohibitions: [Prohibition]
    package var choices: ChoiceBook
    /// What the parties of the tenant's sources may write, whatever its policies say.
    package var sources: [Permission] = []

    package init(
        classification: Classification = Classification(),
        permissions: [Permission] = [],
        prohibitions: [Prohibition] = [],
        choices: ChoiceBook = ChoiceBook()
    ) {
        self.classification = classification
        self.permissions = permissions
        self.prohibitions = prohibitions
        self.choices = choices
    }

    /// With what holds in all tenants: what is in force at the moment.
    func policy(under common: Policy, at now: Timestamp) -> Policy {
        Policy(
            permissions: common.permissions + sources
                + permissions.filter { $0.validity.contains(now) }
                .map { $0.classified(by: classification) },
            prohibitions: common.prohibitions
                + prohibitions.filter { $0.validity.contains(now) }
                .map { $0.classified(by: classification) },
            classification: classification,
            choices: choices,
            isOpen: common.isOpen
        ).indexed
    }

    /// The tenant's rules with those for all tenants, as a preview compares them.
    package func with(_ common: CommonRules) -> TenantRules {
        var all = self
        all.permissions += common.permissions
        all.prohibitions += common.prohibitions
        return all
    }

    /// When rules begin or end.
    var moments: [Timestamp] {
        (permissions.map(\.validity) + prohibitions.map(\.validity)).flatMap {
            [$0.from, $0.until].compactMap { $0 }
        }
    }
}

extension TenantName? {
    /// The tenant that a snapshot is of; any other tenant itself.
    package var origin: TenantName? {
        guard let snapshot = self?.snapshot else { return self }
        return snapshot.tenant.flatMap { TenantName($0) }
    }
}
