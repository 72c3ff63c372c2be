extension Bench {
    /// Seven years of a sensor, appended 1,000 instances a request, and their weekly totals.
    func history() throws {
        try withHub("history") { hub in
            let appended = try append(hub, "counter", hours: Counter.hours)
            report.add(
                Row(
                    "Append to a temporal evolution, 1,000 instances a request",
                    figure: "\(short(Double(Counter.hours) / appended)) instances/s"
                )
            )
            let totals = try totals(hub, "counter", hours: Counter.hours, connections: 1)
            let milliseconds = Double(totals.latencyMicroseconds(share: 0.5)) / 1000
            report.add(
                Row(
                    "Weekly totals over \(short(Double(Counter.hours))) hourly counts",
                    figure: totals.summary,
                    ratio: report.ratioText(totals),
                    targets: [.atMost(50, "ms", milliseconds)]
                )
            )
        }
    }

    /// How the cost of aggregation grows with the instances.
    func aggregation() throws {
        try withHub("aggregation") { hub in
            let targets = [(1_000, 1_000.0), (10_000, 500), (100_000, 200)]
            for (hours, perSecond) in targets where hours <= scale.entities {
                _ = try append(hub, "counter\(hours)", hours: hours)
                let measured = try totals(hub, "counter\(hours)", hours: hours, connections: 10)
                growth.aggregations.add(hours, measured)
                report.add(
                    "Temporal aggregation by weeks over \(short(Double(hours))) instances",
                    measured,
                    atLeast: perSecond
                )
            }
        }
    }

    /// Fills the evolution; the seconds it took.
    @discardableResult
    func append(_ hub: ServerProcess, _ name: String, hours: Int) throws -> Double {
        let size = 1_000
        let requests = stride(from: 0, to: hours, by: size).map { first in
            let part = first..<min(first + size, hours)
            return first == 0
                ? Counter.creation(name, part) : Counter.append(name, part)
        }
        let measured = try loop(hub, connections: 1).run(
            Bound(requests: requests.count, seconds: 60),
            make: { number, _ in requests[number] },
            check: { number, answer in answer.isNot(number == 0 ? 201 : 204) }
        ).checked()
        guard measured.requests == requests.count else {
            throw BenchmarkError("appending \(hours) instances takes more than a minute")
        }
        return measured.seconds
    }

    private func totals(
        _ hub: ServerProcess,
        _ name: String,
        hours: Int,
        connections: Int
    ) throws
        -> Measurement
    {
        // From another hour each time: a hub is to add up, not to remember its answers.
        let starts = 97
        let requests = (0..<starts).map { Counter.weeklyTotals(name, $0..<hours) }
        return try loop(hub, connections: connections).run(
            Bound(requests: .max, seconds: scale.seconds * 0.6),
            make: { number, _ in requests[number % starts] },
            check: { number, answer in
                number % 16 == 0
                    ? Counter.check(answer, (number % starts)..<hours) : answer.isNot(200)
            }
        ).checked()
    }
}
