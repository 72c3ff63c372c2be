import Synchronization

/// What a policy lets callers of each kind read, decided once.
///
/// It belongs to one policy and goes with it: another rule, classification or date makes another policy,
/// which knows nothing of what was decided before. What people choose is no part of it, for the terms of
/// what is kept ask for that at each entity.
final class KeptRights: Sendable {
    /// Kinds of callers; with more, all are decided anew.
    static let most = 1_024

    private let kept = Mutex<[CallerKind: Policy.ReadRights]>([:])

    /// The rights of callers of the kind, made if there are none.
    func of(_ kind: CallerKind, _ make: () -> Policy.ReadRights) -> Policy.ReadRights {
        if let known = kept.withLock({ $0[kind] }) { return known }
        // Without the lock, for it takes long with many rules; two may make the same.
        let made = make()
        kept.withLock { kept in
            if kept.count >= Self.most { kept.removeAll(keepingCapacity: true) }
            kept[kind] = made
        }
        return made
    }
}

/// All that a decision to read depends on beside the policy: callers of one kind have the same rights.
struct CallerKind: Hashable {
    private enum Why: Hashable {
        case nothing
        /// A purpose that the vocabulary does not have: they are all alike.
        case unknown
        case term(PurposeTaxonomy.Term)
    }

    private let action: Action
    private let party: Party
    private let principals: [Party]
    private let barred: Set<BarredData>
    private let roles: Roles
    private let otherRoles: Set<String>
    private let why: Why

    init(_ caller: Caller, _ action: Action) {
        self.action = action
        party = caller.party
        principals = caller.principals
        barred = caller.barred
        roles = caller.roles
        otherRoles = caller.otherRoles
        why = caller.purpose.map { $0.term.map(Why.term) ?? .unknown } ?? .nothing
    }
}
