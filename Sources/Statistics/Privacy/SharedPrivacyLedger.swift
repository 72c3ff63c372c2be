package import ContextModel

/// The ledger of a group of people, with what each party has taken: one party alone has half of what the
/// others have left.
///
/// So another party finds something left, however much was asked before. Who asked for what says nothing
/// of who is in the data, and so neither does a refusal.
package struct SharedPrivacyLedger: Sendable, Hashable {
    /// What all parties took together.
    package private(set) var whole: PrivacyLedger
    /// What each party took, by its name.
    package private(set) var parties: [String: PrivacyLedger]

    /// A ledger as it was kept; without arguments one of which nothing was taken yet.
    package init(
        whole: PrivacyLedger = PrivacyLedger(),
        parties: [String: PrivacyLedger] = [:]
    ) {
        self.whole = whole
        self.parties = parties
    }

    /// Takes the charge from the budget and from the party's share if enough is left of both; see
    /// `PrivacyLedger.spend`.
    package mutating func spend(
        _ charge: PrivacyCharge,
        of party: String,
        from budget: PrivacyBudget,
        at now: Timestamp
    ) -> PrivacyVerdict {
        // A clock that went back fills no share, either.
        let moment = max(now, whole.latest)
        parties = parties.filter { $0.value.remaining(of: budget, at: moment) < budget.limit }
        let largest = PrivacyCharge(trillionths: budget.limit.trillionths / 2)
        guard charge <= largest else { return .refused(.aboveBudget(limit: largest)) }
        let left = remaining(of: party, in: budget, at: moment)
        guard charge <= left else {
            return .refused(.exhausted(remaining: left, renews: budget.renewal(after: moment)))
        }
        var own = parties[party] ?? PrivacyLedger()
        guard case .granted(let grant, _) = whole.spend(charge, from: budget, at: moment),
            case .granted = own.spend(charge, from: budget, at: moment)
        else { return .refused(.exhausted(remaining: left, renews: budget.renewal(after: moment))) }
        parties[party] = own
        return .granted(grant, remaining: left.less(charge))
    }

    /// Notes what a party spent at a moment, as the record tells, whether that left anything or not.
    ///
    /// Spendings are noted in the order in which they were made.
    package mutating func note(
        _ charge: PrivacyCharge,
        of party: String,
        from budget: PrivacyBudget,
        at moment: Timestamp
    ) {
        whole.add(charge, at: moment, budget)
        parties[party, default: PrivacyLedger()].add(charge, at: moment, budget)
    }

    /// What is left of the party's share for the rest of the period.
    package func remaining(
        of party: String,
        in budget: PrivacyBudget,
        at now: Timestamp
    ) -> PrivacyCharge {
        let moment = max(now, whole.latest)
        let limit = budget.limit
        let spent = limit.less(whole.remaining(of: budget, at: moment))
        let own = parties[party].map { limit.less($0.remaining(of: budget, at: moment)) } ?? .zero
        let share = limit.less(spent.less(own)).trillionths / 2
        return PrivacyCharge(trillionths: share).less(own)
    }
}
