import Chance
import ContextModel
import Foundation
import Testing

@testable import Statistics

/// Answers about data with a person and without this person are almost indistinguishable.
@Suite struct NeighbouringDataTests {
    private typealias Data = [Contribution<Int>]

    /// Twenty people in three bins; person 0 contributes the maximum.
    private static let with: Data = (0..<20).flatMap { person in
        (0..<3).map { Contribution(of: person, bin: $0, value: JSONNumber(person == 0 ? 9 : 1)) }
    }
    private static let without = with.filter { $0.person != 0 }

    private static func answers(
        _ statistic: PeopleStatistic,
        _ data: Data,
        _ count: Int = 1,
        seed: UInt64
    ) -> [[Int]] {
        var bits = RandomBits(SeededGenerator(seed: seed))
        let grant = ReleaseGrant(charge: statistic.charge, moment: Timestamp(microseconds: 0))
        return (0..<count).map { _ in
            statistic.release(data, grant, using: &bits).compactMap(\.value.intValue)
        }
    }

    // MARK: The set of possible answers

    /// The noise is drawn before the data is read, and integers are added without rounding.
    @Test func `the same random bits give answers that differ only by the data`()
        throws
    {
        let losses: [PrivacyLoss] = try [
            .pure(epsilon: Rational(1, over: 3)), .concentrated(rho: Rational(1, over: 7)),
        ]
        for loss in losses {
            let statistic = try PeopleStatistic.sum(within: -4...5, bins: 3, loss: loss)
            for seed in 0..<200 as Range<UInt64> {
                let one = Self.answers(statistic, Self.with, seed: seed)[0]
                let other = Self.answers(statistic, Self.without, seed: seed)[0]
                #expect(zip(one, other).map { $0 - $1 } == [5, 5, 5])
            }
        }
    }

    @Test func `every integer around the total is an answer, with the person and without`() throws {
        let losses: [PrivacyLoss] = try [
            .pure(epsilon: Rational(3, over: 7)), .concentrated(rho: Rational(1, over: 22)),
        ]
        for loss in losses {
            let statistic = try PeopleStatistic.count(upTo: 1, loss: loss)
            let data = [Self.with, Self.without].map { $0.filter { $0.bin == 0 } }
            let possible = data.map { data in
                Set(Self.answers(statistic, data, 12_000, seed: 5).map { $0[0] })
            }
            #expect(possible.allSatisfy { $0.isSuperset(of: 12...27) })
        }
    }

    /// Mironov's attack shows that the test above can fail.
    @Test func `with floating point the possible answers would reveal the person`() {
        let possible = [19.0, 20.0].map { total in
            Set((1...4_096).map { total + 7.0 / 3 * log(Double($0) / 4_096) })
        }
        #expect(possible[0].intersection(possible[1]).count < 1_000)
    }

    @Test func `an invalid value fails for nobody`() throws {
        let statistic = try PeopleStatistic.sum(within: 0...10, loss: .pure(epsilon: Rational(1)))
        let extremes = ["1e400", "-1e400", "9223372036854775807", "-9223372036854775808"]
        for literal in extremes {
            let value = try #require(JSONNumber(literal))
            let data = (0..<3).map { _ in Contribution(of: 1, value: value) }
            #expect(statistic.bounded(data) == [literal.hasPrefix("-") ? 0 : 10])
        }
    }

    // MARK: The loss

    /// The lower bound of the loss to one side, estimated from answers.
    ///
    /// It is the lower end of an interval of four standard deviations.
    private static func leastLoss(
        _ statistic: PeopleStatistic,
        delta: Double = 0,
        count: Int = 20_000
    ) -> Double {
        let one = answers(statistic, with, count, seed: 11).map { $0.min() ?? 0 }
        let other = answers(statistic, without, count, seed: 12).map { $0.min() ?? 0 }
        let thresholds = Set(one).filter { threshold in
            other.count { $0 >= threshold } >= 100
        }
        return thresholds.map { threshold in
            let likely = interval(one.count { $0 >= threshold }, count).low
            let unlikely = interval(other.count { $0 >= threshold }, count).high
            return log(max(likely - delta, 1e-9) / unlikely)
        }.max() ?? 0
    }

    /// Wilson's interval of a probability, of four standard deviations.
    private static func interval(_ hits: Int, _ count: Int) -> (low: Double, high: Double) {
        let (share, number, z) = (Double(hits) / Double(count), Double(count), 4.0)
        let centre = share + z * z / (2 * number)
        let spread = z * (share * (1 - share) / number + z * z / (4 * number * number)).squareRoot()
        let all = 1 + z * z / number
        return ((centre - spread) / all, (centre + spread) / all)
    }

    @Test func `a measured pure loss is within the stated one`() throws {
        let loss = try PrivacyLoss.pure(epsilon: Rational(1))
        let count = try PeopleStatistic.count(upTo: 1, loss: loss)
        let seen = Self.leastLoss(count)
        #expect(seen < 1 && seen > 0.6, "\(seen)")
        let histogram = try PeopleStatistic.sum(within: 0...9, bins: 3, loss: loss)
        #expect(Self.leastLoss(histogram, count: 10_000) < 1)
    }

    @Test func `half the noise would be noticed`() throws {
        let twice = try PeopleStatistic.count(upTo: 1, loss: .pure(epsilon: Rational(2)))
        #expect(Self.leastLoss(twice) > 1)
    }

    @Test func `a measured concentrated loss is within epsilon up to delta`() throws {
        let loss = try PrivacyLoss.concentrated(rho: Rational(1, over: 2))
        let statistic = try PeopleStatistic.count(upTo: 1, loss: loss)
        for delta in [1e-2, 1e-3] {
            let stated = try ApproximateLoss(statistic.charge, delta: delta).epsilon
            #expect(Self.leastLoss(statistic, delta: delta, count: 10_000) < stated)
        }
    }
}
