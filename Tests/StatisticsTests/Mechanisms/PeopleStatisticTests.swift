import Chance
import ContextModel
import Testing

@testable import Statistics

extension PeopleStatistic {
    /// The bounded sums of the bins, without noise.
    func bounded<Person: Hashable>(_ contributions: some Sequence<Contribution<Person>>) -> [Int] {
        var totals = PeopleTotals<Person>(of: self)
        for contribution in contributions { totals.add(contribution) }
        return totals.bounded
    }
}

@Suite struct PeopleStatisticTests {
    private static func loss() throws -> PrivacyLoss { try .pure(epsilon: Rational(1)) }

    private static func number(_ literal: String) throws -> JSONNumber {
        try #require(JSONNumber(literal))
    }

    // MARK: Bounds

    @Test func `a count of people counts each once`() throws {
        let statistic = try PeopleStatistic.count(upTo: 1, loss: Self.loss())
        let visits = ["a", "b", "a", "a", "c"].map { Contribution(of: $0) }
        #expect(statistic.bounded(visits) == [3])
    }

    @Test func `a count of visits has a limit for each person`() throws {
        let statistic = try PeopleStatistic.count(upTo: 2, loss: Self.loss())
        let visits = ["a", "b", "a", "a", "c"].map { Contribution(of: $0) }
        #expect(statistic.bounded(visits) == [4])
    }

    @Test func `a person counts in the first bins alone, when the bins are bounded`() throws {
        let statistic = try PeopleStatistic.count(
            upTo: 1,
            bins: 4,
            binsPerPerson: 2,
            loss: Self.loss()
        )
        let visits = [3, 1, 2, 1].map { Contribution(of: "a", bin: $0) }
        #expect(statistic.bounded(visits) == [0, 1, 1, 0])
    }

    @Test func `a sum clamps the total of a person in a bin, after scaling`() throws {
        let statistic = try PeopleStatistic.sum(
            within: -50...400,
            decimals: 1,
            bins: 2,
            loss: Self.loss()
        )
        let readings = try [
            Contribution(of: 1, bin: 0, value: Self.number("21.5")),
            Contribution(of: 1, bin: 0, value: Self.number("30")),
            Contribution(of: 2, bin: 0, value: Self.number("1.25")),
            Contribution(of: 2, bin: 1, value: Self.number("-99")),
            Contribution(of: 2, bin: 9, value: Self.number("7")),
        ]
        #expect(statistic.bounded(readings) == [413, -50])
    }

    @Test func `one person changes the answer within the bounds, for any data`() throws {
        var chance = SeededGenerator(seed: Soak.seed)
        for _ in 0..<200 * Soak.factor {
            let bins = Int.random(in: 1...5, using: &chance)
            let statistic = try PeopleStatistic.sum(
                within: Int.random(
                    in: -9...0,
                    using: &chance
                )...Int.random(in: 1...9, using: &chance),
                bins: bins,
                binsPerPerson: Int.random(in: 1...bins, using: &chance),
                loss: Self.loss()
            )
            let data = (0..<40).map { _ in
                Contribution(
                    of: Int.random(in: 0...5, using: &chance),
                    bin: Int.random(in: -1...bins, using: &chance),
                    value: JSONNumber(Int.random(in: -30...30, using: &chance))
                )
            }.shuffled(using: &chance)
            let all = statistic.bounded(data)
            let rest = statistic.bounded(data.filter { $0.person != 0 })
            let changes = zip(all, rest).map { UInt128(($0 - $1).magnitude) }
            #expect(changes.reduce(0, +) <= statistic.bounds.sumOfChanges)
            #expect(changes.map { $0 * $0 }.reduce(0, +) <= statistic.bounds.sumOfSquares)
        }
    }

    // MARK: Answers

    @Test func `every bin has an answer with noise and an error bar, in the unit of the values`()
        throws
    {
        let statistic = try PeopleStatistic.sum(
            within: 0...400,
            decimals: 1,
            bins: 3,
            binsPerPerson: 1,
            loss: Self.loss()
        )
        var bits = RandomBits(SeededGenerator(seed: 1))
        let grant = ReleaseGrant(charge: statistic.charge, moment: Timestamp(microseconds: 0))
        let data = [Contribution(of: "a", bin: 1, value: try Self.number("21.5"))]
        let answers = statistic.release(data, grant, using: &bits)
        #expect(answers.count == 3)
        // Noise of scale 400: 400 · ln 20 − ½ = 1197.8.
        #expect(answers.allSatisfy { $0.errorBar.literal == "119.8" })
        #expect(answers.allSatisfy { $0.value.literal.contains(".") })
        #expect(answers.contains { $0.value.literal.hasPrefix("-") })
        #expect(Set(answers.map(\.value)).count == 3)
    }

    @Test func `noise follows from bounds and loss`() throws {
        let laplace = try PeopleStatistic.count(
            upTo: 3,
            bins: 7,
            loss: .pure(epsilon: Rational(1, over: 2))
        )
        #expect(laplace.noise == (try .laplace(scale: Rational(42))))
        #expect(laplace.charge.text == "0.125 rho")
        let gaussian = try PeopleStatistic.count(
            upTo: 3,
            bins: 7,
            loss: .concentrated(rho: Rational(1, over: 8))
        )
        #expect(gaussian.noise == (try .gaussian(variance: Rational(252))))
        #expect(gaussian.charge == laplace.charge)
    }
}

@Suite struct ScaledNumberTests {
    @Test(arguments: [
        ("21.5", 1, 215), ("21.5", 0, 22), ("-21.5", 0, -22), ("21.49", 0, 21), ("0.05", 1, 1),
        ("0.049", 1, 0), ("0", 3, 0), ("-0.0", 3, 0), ("0e99999999999999999999", 3, 0),
        ("1e3", 2, 100_000),
        ("1.5E-1", 2, 15), ("7e-400", 9, 0), ("9.6", 0, 10), ("99.95", 1, 1_000),
        ("9223372036854775807", 0, .max), ("9223372036854775808", 0, .max),
        ("-9223372036854775809", 0, .min), ("1e400", 0, .max), ("-1e99999999999999999999", 0, .min),
        ("1e-99999999999999999999", 0, 0), ("0.00000000000000000000000000015e28", 1, 15),
    ]) func `a number is scaled exactly`(literal: String, decimals: Int, expected: Int) throws {
        #expect(try #require(JSONNumber(literal)).scaled(decimals: decimals) == expected)
    }

    @Test(arguments: [
        (215, 1, "21.5"), (-215, 1, "-21.5"), (5, 3, "0.005"), (-5, 3, "-0.005"), (0, 2, "0.00"),
        (7, 0, "7"), (.min, 9, "-9223372036.854775808"),
    ]) func `a scaled integer is written as the number`(scaled: Int, decimals: Int, literal: String)
    {
        #expect(JSONNumber(scaled, decimals: decimals).literal == literal)
    }

    @Test func `scaling there and back gives the same`() {
        var chance = SeededGenerator(seed: Soak.seed)
        for _ in 0..<1_000 {
            let value =
                Int.random(in: .min ... .max, using: &chance)
                >> Int.random(in: 0...62, using: &chance)
            let decimals = Int.random(in: 0...9, using: &chance)
            #expect(JSONNumber(value, decimals: decimals).scaled(decimals: decimals) == value)
        }
    }

    @Test func `a decimal number is an exact fraction, or refused`() throws {
        #expect(try Rational(#require(JSONNumber("0.125"))) == Rational(1, over: 8))
        #expect(try Rational(#require(JSONNumber("1e-9"))) == Rational(1, over: 1_000_000_000))
        for literal in ["-1", "1e-10", "0.1234567891", "1000000001", "1e400"] {
            #expect(throws: StatisticsError.self) {
                try Rational(#require(JSONNumber(literal)))
            }
        }
    }
}
