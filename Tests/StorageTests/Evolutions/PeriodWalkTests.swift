import ContextModel
import Storage
import Testing

/// The values of a series are aggregated by period.
@Suite struct PeriodWalkTests {
    private static let hour: Int64 = 3_600_000_000

    /// The number of distinct values, and the time to count them.
    private func count(of values: Int, inTurns: Bool) -> (distinct: Int, time: Duration) {
        let aggregation = Aggregation(
            methods: [.distinctCount],
            period: .fixed(microseconds: Self.hour)
        )
        let query = TemporalQuery(
            condition: .everything,
            instanceLimit: values,
            aggregation: aggregation,
            limit: 1
        )
        var walk = PeriodWalk(query, aggregation, now: Timestamp(microseconds: 0))
        let start = ContinuousClock.now
        for value in 0..<values {
            let period = inTurns ? value % 2 : value * 2 / values
            walk.add(Scalar.number(Double(value)), at: Int64(period) * Self.hour)
        }
        let time = start.duration(to: .now)
        let periods = walk.finish().flatMap(\.periods)
        return (periods.reduce(0) { $0 + Int($1.value.numberValue?.doubleValue ?? 0) }, time)
    }

    /// Instances in the order of `modifiedAt`, aggregated by `observedAt`.
    @Test func `values whose moments are out of order take no longer than others`() {
        let inOrder = count(of: 20_000, inTurns: false)
        let inTurns = count(of: 20_000, inTurns: true)
        #expect(inOrder.distinct == 20_000)
        #expect(inTurns.distinct == 20_000)
        #expect(inTurns.time < inOrder.time * 10, "\(inOrder.time) in order")
    }
}
