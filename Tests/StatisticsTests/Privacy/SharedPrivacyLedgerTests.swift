import ContextModel
import Testing

@testable import Statistics

@Suite struct SharedPrivacyLedgerTests {
    private static let moment = Timestamp(microseconds: 40 * PrivacyBudget.microsecondsPerDay)
    private static let renewal = Timestamp(microseconds: 60 * PrivacyBudget.microsecondsPerDay)

    private static func budget() throws -> PrivacyBudget {
        try PrivacyBudget(rho: Rational(1), days: 30)
    }

    private static func charge(_ hundredths: Int) -> PrivacyCharge {
        PrivacyCharge(trillionths: hundredths * 10_000_000_000)
    }

    /// How often the party is granted a hundredth.
    private static func grants(
        _ ledger: inout SharedPrivacyLedger,
        _ party: String,
        at moment: Timestamp = moment
    ) throws -> Int {
        var count = 0
        while case .granted = ledger.spend(charge(1), of: party, from: try budget(), at: moment) {
            count += 1
        }
        return count
    }

    @Test func `one alone has half of what others have left`() throws {
        var ledger = SharedPrivacyLedger()
        #expect(try Self.grants(&ledger, "a") == 50)
        #expect(try Self.grants(&ledger, "b") == 25)
        #expect(try Self.grants(&ledger, "c") == 12)
        #expect(try Self.grants(&ledger, "a") == 0)
        #expect(ledger.whole.spent == Self.charge(87))
        let verdict = ledger.spend(
            Self.charge(1),
            of: "a",
            from: try Self.budget(),
            at: Self.moment
        )
        #expect(verdict == .refused(.exhausted(remaining: .zero, renews: Self.renewal)))
    }

    @Test func `what no share can bear is refused without a date`() throws {
        var ledger = SharedPrivacyLedger()
        let verdict = ledger.spend(
            Self.charge(51),
            of: "a",
            from: try Self.budget(),
            at: Self.moment
        )
        #expect(verdict == .refused(.aboveBudget(limit: Self.charge(50))))
        #expect(ledger == SharedPrivacyLedger())
    }

    @Test func `a clock that went back fills no share, and the renewal fills all`() throws {
        var ledger = SharedPrivacyLedger()
        #expect(try Self.grants(&ledger, "a") == 50)
        let earlier = Timestamp(microseconds: 0)
        #expect(try Self.grants(&ledger, "a", at: earlier) == 0)
        #expect(try Self.grants(&ledger, "b", at: earlier) == 25)
        #expect(ledger.whole.latest == Self.moment)
        #expect(try Self.grants(&ledger, "b", at: Self.renewal) == 50)
        #expect(ledger.parties.keys.sorted() == ["b"])
    }
}
