import Chance
import Testing

@testable import Statistics

/// An invalid parameter is refused with an explanation.
@Suite struct ParameterTests {
    private func expectRefusal(
        of member: String,
        _ make: () throws -> some Any,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        do {
            let made = try make()
            Issue.record("\(made) was taken", sourceLocation: sourceLocation)
        } catch let error as StatisticsError {
            #expect(error.member == member, sourceLocation: sourceLocation)
            #expect(error.reason.count > 10, sourceLocation: sourceLocation)
        } catch {
            Issue.record(error, sourceLocation: sourceLocation)
        }
    }

    @Test func `zero, negative and huge parameters are refused by name`() throws {
        let one = try Rational(1)
        let loss = try PrivacyLoss.pure(epsilon: one)
        expectRefusal(of: "-1/1") { try Rational(-1) }
        expectRefusal(of: "1/0") { try Rational(1, over: 0) }
        expectRefusal(of: "1/-2") { try Rational(1, over: -2) }
        expectRefusal(of: "epsilon") { try PrivacyLoss.pure(epsilon: Rational(0)) }
        expectRefusal(of: "epsilon") { try PrivacyLoss.pure(epsilon: Rational(101, over: 10)) }
        expectRefusal(of: "rho") { try PrivacyLoss.concentrated(rho: Rational(0)) }
        expectRefusal(of: "rho") { try PrivacyLoss.concentrated(rho: Rational(51)) }
        expectRefusal(of: "scale") { try Noise.laplace(scale: Rational(0)) }
        expectRefusal(of: "variance") { try Noise.gaussian(variance: Rational(0)) }
        expectRefusal(of: "upTo") { try PeopleStatistic.count(upTo: 0, loss: loss) }
        expectRefusal(of: "upTo") { try PeopleStatistic.count(upTo: -3, loss: loss) }
        expectRefusal(of: "total") { try PeopleStatistic.sum(within: 0...0, loss: loss) }
        expectRefusal(of: "total") { try PeopleStatistic.sum(within: .min...0, loss: loss) }
        expectRefusal(of: "total") { try PeopleStatistic.count(upTo: .max, loss: loss) }
        expectRefusal(of: "bins") {
            try PeopleStatistic.sum(within: 0...1, bins: 0, binsPerPerson: 1, loss: loss)
        }
        expectRefusal(of: "binsPerPerson") {
            try PeopleStatistic.count(upTo: 1, bins: 2, binsPerPerson: 3, loss: loss)
        }
        expectRefusal(of: "decimals") {
            try PeopleStatistic.sum(within: 0...1, decimals: 10, loss: loss)
        }
        expectRefusal(of: "decimals") {
            try PeopleStatistic.sum(within: 0...1, decimals: -1, loss: loss)
        }
        expectRefusal(of: "rho") { try PrivacyBudget(rho: Rational(0), days: 1) }
        expectRefusal(of: "days") { try PrivacyBudget(rho: one, days: 0) }
        expectRefusal(of: "days") { try PrivacyBudget(rho: one, days: .max) }
        expectRefusal(of: "delta") { try ApproximateLoss(loss.charge, delta: 0) }
        expectRefusal(of: "delta") { try ApproximateLoss(loss.charge, delta: .nan) }
    }

    @Test func `noise that is too large to be sampled is refused`() throws {
        let least = try PrivacyLoss.concentrated(rho: Rational(1, over: 1_000_000))
        expectRefusal(of: "variance") {
            try PeopleStatistic.count(upTo: 1_000_000, bins: 31, loss: least)
        }
    }

    @Test func `any parameters are refused or give answers`() throws {
        var chance = SeededGenerator(seed: Soak.seed)
        let extremes = [0, 1, -1, 2, 7, 1_000, 10_000, 10_001, 1 << 32, 1 << 48, .max, .min]
        var (taken, refused) = (0, 0)
        func any() -> Int { extremes.randomElement(using: &chance) ?? 0 }
        for _ in 0..<4_000 * Soak.factor {
            do {
                let amount = try Rational(any(), over: any())
                let loss: PrivacyLoss =
                    try Bool.random(using: &chance)
                    ? .pure(epsilon: amount) : .concentrated(rho: amount)
                let (a, b) = (any(), any())
                let statistic = try PeopleStatistic.sum(
                    within: min(a, b)...max(a, b),
                    decimals: Int.random(in: -1...10, using: &chance),
                    bins: any(),
                    binsPerPerson: any(),
                    loss: loss
                )
                var bits = RandomBits(SeededGenerator(seed: chance.next()))
                _ = statistic.noise.sample(using: &bits)
                #expect(statistic.noise.errorBar >= 0)
                #expect(statistic.charge > .zero)
                taken += 1
            } catch {
                #expect(!error.member.isEmpty && !error.reason.isEmpty)
                refused += 1
            }
        }
        #expect(taken > 0 && refused > 0, "BALAI_TEST_SEED=\(Soak.seed): \(taken) taken")
    }
}
