import ContextModel
import Testing

@testable import Statistics

@Suite struct PeriodBinsTests {
    private static func moment(_ text: String) throws -> Timestamp { try #require(Timestamp(text)) }

    private static func bins(_ from: String, _ to: String, _ duration: String) throws -> PeriodBins
    {
        try PeriodBins(
            from: moment(from),
            to: moment(to),
            every: #require(ISODuration(duration))
        )
    }

    @Test func `periods begin with the span, and the last is cut where it ends`() throws {
        let bins = try Self.bins("2026-01-31T00:00:00Z", "2026-04-15T00:00:00Z", "P1M")
        #expect(
            bins.starts.map(\.text) == [
                "2026-01-31T00:00:00Z", "2026-02-28T00:00:00Z", "2026-03-31T00:00:00Z",
            ]
        )
        let places: [(String, Int?)] = [
            ("2026-01-30T23:59:59.999999Z", nil), ("2026-01-31T00:00:00Z", 0),
            ("2026-02-27T23:59:59Z", 0), ("2026-02-28T00:00:00Z", 1), ("2026-04-14T23:59:59Z", 2),
            ("2026-04-15T00:00:00Z", nil),
        ]
        for (text, bin) in places { #expect(try bins.bin(of: Self.moment(text)) == bin, "\(text)") }
    }

    @Test(arguments: [
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z", "PT1H", "to"),
        ("2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z", "PT1H", "to"),
        ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "PT0S", "every"),
        ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "PT1S", "every"),
    ]) func `a span without periods, or with too many, is refused`(
        from: String,
        to: String,
        duration: String,
        member: String
    ) throws {
        do {
            _ = try Self.bins(from, to, duration)
            Issue.record("taken")
        } catch let error as StatisticsError {
            #expect(error.member == member)
        }
    }

    @Test func `a statistic by period has one answer for each, even for empty ones`() throws {
        let bins = try Self.bins("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "PT6H")
        let statistic = try PeopleStatistic.count(
            upTo: 1,
            bins: bins.count,
            loss: .pure(epsilon: Rational(1))
        )
        let moments = ["2026-01-01T05:00:00Z", "2026-01-01T06:00:00Z", "2026-01-01T07:00:00Z"]
        let visits = try moments.map {
            Contribution(of: "a", bin: try #require(bins.bin(of: Self.moment($0))))
        }
        #expect(statistic.bounded(visits) == [1, 1, 0, 0])
    }
}
