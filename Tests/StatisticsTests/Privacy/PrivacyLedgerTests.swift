import Chance
import ContextModel
import Testing

@testable import Statistics

@Suite struct PrivacyLedgerTests {
    private static let day = PrivacyBudget.microsecondsPerDay

    /// Noon of a day after 1 January 1970.
    private static func day(_ number: Int64) -> Timestamp {
        Timestamp(microseconds: number * day + day / 2)
    }

    private static func budget(_ rho: Int = 1, days: Int = 30) throws -> PrivacyBudget {
        try PrivacyBudget(rho: Rational(rho, over: 10), days: days)
    }

    private static func charge(_ hundredths: Int) throws -> PrivacyCharge {
        try PrivacyLoss.concentrated(rho: Rational(hundredths, over: 100)).charge
    }

    @Test func `releases are granted until the budget is spent, then refused with the date`() throws
    {
        let (budget, charge) = (try Self.budget(), try Self.charge(4))
        var ledger = PrivacyLedger()
        guard
            case .granted(let grant, let left) = ledger.spend(
                charge,
                from: budget,
                at: Self.day(31)
            )
        else { throw StatisticsError("verdict", "is a refusal") }
        #expect(grant.charge == charge)
        #expect(left == (try Self.charge(6)))
        _ = ledger.spend(charge, from: budget, at: Self.day(40))
        let renews = Timestamp(microseconds: 60 * Self.day)
        let verdict = ledger.spend(charge, from: budget, at: Self.day(59))
        let refusal = PrivacyRefusal.exhausted(remaining: try Self.charge(2), renews: renews)
        #expect(verdict == .refused(refusal))
        #expect(
            refusal.text == "The privacy budget has 0.02 rho left, which is less than this answer "
                + "takes; it renews at 1970-03-02T00:00:00Z."
        )
        guard case .granted = ledger.spend(charge, from: budget, at: renews) else {
            throw StatisticsError("verdict", "is a refusal")
        }
        #expect(ledger.remaining(of: budget, at: renews) == (try Self.charge(6)))
    }

    @Test func `a release that no period can afford is refused without a date`() throws {
        var ledger = PrivacyLedger()
        let verdict = ledger.spend(try Self.charge(11), from: try Self.budget(), at: Self.day(1))
        #expect(verdict == .refused(.aboveBudget(limit: try Self.charge(10))))
        #expect(ledger == PrivacyLedger())
    }

    @Test func `a clock that was set back adds no budget`() throws {
        let (budget, charge) = (try Self.budget(), try Self.charge(10))
        var ledger = PrivacyLedger()
        _ = ledger.spend(charge, from: budget, at: Self.day(31))
        for earlier in [29, 0, -400] as [Int64] {
            let renews = Timestamp(microseconds: 60 * Self.day)
            #expect(
                ledger.spend(charge, from: budget, at: Self.day(earlier))
                    == .refused(.exhausted(remaining: .zero, renews: renews))
            )
        }
        #expect(ledger.remaining(of: budget, at: Self.day(-1)) == .zero)
    }

    @Test func `a ledger that is stored and read, or rebuilt from a record, is the same`() throws {
        var chance = SeededGenerator(seed: Soak.seed)
        for _ in 0..<200 * Soak.factor {
            let budget = try Self.budget(days: Int.random(in: 1...40, using: &chance))
            var ledger = PrivacyLedger()
            var record: [(charge: PrivacyCharge, moment: Timestamp)] = []
            var (now, latest) = (Self.day(0), Timestamp(microseconds: .min))
            var spent: [Timestamp: Int] = [:]
            for _ in 0..<60 {
                // Mostly forward, sometimes far back.
                let step = Int64.random(in: -2...4, using: &chance) * Self.day
                now = Timestamp(microseconds: now.microseconds + step)
                let charge = try Self.charge(Int.random(in: 1...6, using: &chance))
                let before = ledger.remaining(of: budget, at: now)
                let verdict = ledger.spend(charge, from: budget, at: now)
                switch verdict {
                case .granted(let grant, let remaining):
                    latest = max(latest, now)
                    #expect(grant.moment == latest)
                    #expect(remaining + charge == before)
                    spent[budget.start(of: latest), default: 0] += charge.trillionths
                    record.append((grant.charge, grant.moment))
                case .refused(.exhausted(_, let renews)):
                    #expect(before < charge)
                    #expect(renews > max(now, latest))
                    #expect(budget.limit <= ledger.remaining(of: budget, at: renews))
                case .refused: Issue.record("no charge is above the budget")
                }
                ledger = PrivacyLedger(spent: ledger.spent, latest: ledger.latest)
            }
            #expect(spent.values.allSatisfy { $0 <= budget.limit.trillionths })
            // What the record tells makes the same ledger.
            var again = SharedPrivacyLedger()
            for (charge, moment) in record {
                again.note(charge, of: "urn:party", from: budget, at: moment)
            }
            #expect(again.whole == ledger && again.parties == ["urn:party": ledger])
        }
    }

    /// A set and the same set without one person are each charged.
    @Test func `differencing, averaging and time windows spend the same budget`() throws {
        let budget = try Self.budget(5)
        let loss = try PrivacyLoss.pure(epsilon: Rational(1, over: 2))
        let questions: [PeopleStatistic] = try [
            .count(upTo: 1, loss: loss), .count(upTo: 1, bins: 24, loss: loss),
            .sum(within: 0...100, loss: loss),
        ]
        var ledger = PrivacyLedger()
        var answers = 0
        for round in 0..<100 {
            let verdict = ledger.spend(
                questions[round % questions.count].charge,
                from: budget,
                at: Self.day(3)
            )
            if case .granted = verdict { answers += 1 }
        }
        // ε = 1/2 is ρ = 1/8.
        #expect(answers == 4)
        let all = try ApproximateLoss(ledger.spent, delta: 1e-6)
        let stated = try ApproximateLoss(budget.limit, delta: 1e-6)
        #expect(all.epsilon <= stated.epsilon)
    }

    @Test func `charges are rounded up, and a budget down`() throws {
        let third = try Rational(1, over: 3)
        #expect(try PrivacyLoss.concentrated(rho: third).charge.trillionths == 333_333_333_334)
        #expect(try PrivacyBudget(rho: third, days: 1).limit.trillionths == 333_333_333_333)
    }

    @Test func `moments at the ends of time have a period`() throws {
        let budget = try Self.budget()
        let ends = [Timestamp(microseconds: .min), Timestamp(microseconds: .max)]
        for moment in ends {
            var ledger = PrivacyLedger()
            _ = ledger.spend(try Self.charge(10), from: budget, at: moment)
            #expect(budget.start(of: moment) <= moment)
            #expect(budget.renewal(after: moment) >= moment)
        }
    }

    @Test func `epsilon for delta shrinks with the loss, and is never below the pure bound`()
        throws
    {
        var last = Double.infinity
        for hundredths in [500, 100, 10, 1] {
            let charge = try Self.charge(hundredths)
            let epsilon = try ApproximateLoss(charge, delta: 1e-6).epsilon
            // Bun and Steinke: ρ + 2√(ρ ln 1/δ).
            #expect(epsilon <= charge.rho + 2 * (charge.rho * 13.8156).squareRoot())
            #expect(epsilon > charge.rho)
            #expect(epsilon < last)
            last = epsilon
        }
        #expect(try ApproximateLoss(.zero, delta: 0.5).epsilon == 0)
    }
}
