package import ContextModel

/// How much all releases of a period may tell of any one person, together.
package struct PrivacyBudget: Sendable, Hashable {
    /// What the releases of one period may take.
    package let limit: PrivacyCharge
    /// The length of a period; periods follow each other from 1 January 1970, UTC.
    package let days: Int

    /// The longest period, in days.
    package static let longestPeriodDays = 3_660
    static let microsecondsPerDay: Int64 = 86_400_000_000

    /// A budget of ρ for each period.
    ///
    /// Throws when ρ is 0 or above `PrivacyLoss.largestRho`, or the period has no day or too many.
    package init(rho: Rational, days: Int) throws(StatisticsError) {
        try PrivacyLoss.check(rho, "rho", PrivacyLoss.largestRho)
        guard 1...Self.longestPeriodDays ~= days else {
            throw StatisticsError(
                "days",
                "is \(days), and a period has 1 to \(Self.longestPeriodDays) days"
            )
        }
        limit = PrivacyCharge(roundingDown: rho)
        self.days = days
    }

    private init(limit: PrivacyCharge, days: Int) {
        self.limit = limit
        self.days = days
    }

    /// Half a ρ for each 30 days: ε is below 6 then, for a δ of 10⁻⁶.
    package static let standard = PrivacyBudget(
        limit: PrivacyCharge(trillionths: 500_000_000_000),
        days: 30
    )

    private var length: Int64 { Int64(days) * Self.microsecondsPerDay }

    /// When the period of a moment began.
    func start(of moment: Timestamp) -> Timestamp {
        let remainder = moment.microseconds % length
        let elapsed = remainder < 0 ? remainder + length : remainder
        let (start, isBefore) = moment.microseconds.subtractingReportingOverflow(elapsed)
        return Timestamp(microseconds: isBefore ? .min : start)
    }

    /// When the period after that of a moment begins.
    package func renewal(after moment: Timestamp) -> Timestamp {
        let (next, isBeyond) = start(of: moment).microseconds.addingReportingOverflow(length)
        return Timestamp(microseconds: isBeyond ? .max : next)
    }
}

/// What the releases about a group of people have taken from the budget of each of them.
///
/// It counts for the person who is in every release, so it knows nobody: whether a release is granted
/// depends on what was asked before, and never on who is in the data. It is a function of the charges that
/// were granted, which are also in the record.
///
/// A clock that goes back fills nothing: the ledger goes on from the latest moment at which something was
/// spent.
package struct PrivacyLedger: Sendable, Hashable {
    /// What was spent in the period of `latest`.
    package private(set) var spent: PrivacyCharge
    /// When something was spent last.
    package private(set) var latest: Timestamp

    /// A ledger of a group about which nothing was released yet.
    package init() { self.init(spent: .zero, latest: Timestamp(microseconds: .min)) }

    /// A ledger as it was kept.
    package init(spent: PrivacyCharge, latest: Timestamp) {
        self.spent = spent
        self.latest = latest
    }

    /// Takes the charge from the budget if enough is left, and says so with the grant.
    ///
    /// The ledger as it then is must be on disk before the release is made. A release that fails afterwards
    /// stays charged.
    package mutating func spend(
        _ charge: PrivacyCharge,
        from budget: PrivacyBudget,
        at now: Timestamp
    ) -> PrivacyVerdict {
        let left = remaining(of: budget, at: now)
        guard charge <= budget.limit else { return .refused(.aboveBudget(limit: budget.limit)) }
        guard charge <= left else {
            let renewal = budget.renewal(after: max(now, latest))
            return .refused(.exhausted(remaining: left, renews: renewal))
        }
        add(charge, at: now, budget)
        return .granted(
            ReleaseGrant(charge: charge, moment: latest),
            remaining: left.less(charge)
        )
    }

    /// What is left of the budget for the rest of the period.
    package func remaining(of budget: PrivacyBudget, at now: Timestamp) -> PrivacyCharge {
        isOver(budget, now) ? budget.limit : budget.limit.less(spent)
    }

    /// Whether the period in which something was spent last has ended.
    private func isOver(_ budget: PrivacyBudget, _ now: Timestamp) -> Bool {
        latest < budget.start(of: max(now, latest))
    }

    /// Notes what was spent at a moment, whether that left anything or not.
    mutating func add(_ charge: PrivacyCharge, at now: Timestamp, _ budget: PrivacyBudget) {
        spent = isOver(budget, now) ? charge : spent + charge
        latest = max(now, latest)
    }
}

/// The right to one release with the given charge, which only a ledger gives.
package struct ReleaseGrant: Sendable, Hashable {
    package let charge: PrivacyCharge
    /// When it was spent: the clock's moment, or the ledger's latest when the clock has gone back.
    package let moment: Timestamp

    init(charge: PrivacyCharge, moment: Timestamp) {
        self.charge = charge
        self.moment = moment
    }
}

/// What a ledger says to a charge.
package enum PrivacyVerdict: Sendable, Hashable {
    case granted(ReleaseGrant, remaining: PrivacyCharge)
    case refused(PrivacyRefusal)
}

/// Why a release is not granted.
package enum PrivacyRefusal: Sendable, Hashable {
    /// Less is left than the release would take, until the moment at which the budget renews.
    case exhausted(remaining: PrivacyCharge, renews: Timestamp)
    /// The release would take more than there is in any period.
    case aboveBudget(limit: PrivacyCharge)

    /// The reason as a sentence.
    package var text: String {
        switch self {
        case .exhausted(let remaining, let renews):
            "The privacy budget has \(remaining.text) left, which is less than this answer takes; it "
                + "renews at \(renews.text)."
        case .aboveBudget(let limit):
            "This answer takes more than the whole privacy budget of a period, which is "
                + "\(limit.text)."
        }
    }
}
