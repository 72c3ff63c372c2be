package import ContextModel

/// Periods that follow each other in a span of time, as the bins of a statistic.
///
/// They follow from the question alone. Periods that began with the first reading would tell when it was.
package struct PeriodBins: Sendable, Hashable {
    /// When each period begins.
    package let starts: [Timestamp]
    /// When the last one ends, whether it is whole or not.
    package let end: Timestamp

    /// Periods of a duration from a moment to before another.
    ///
    /// Throws if the span or the duration is not positive, or if the span has more periods than
    /// `PeopleStatistic.maximumBins`.
    package init(
        from start: Timestamp,
        to end: Timestamp,
        every duration: ISODuration
    ) throws(StatisticsError) {
        guard start < end else {
            throw StatisticsError("to", "is \(end.text), which is not after \(start.text)")
        }
        var starts = [start]
        while true {
            let next = start.adding(duration, times: starts.count)
            guard next > starts[starts.count - 1] else {
                throw StatisticsError("every", "is no duration above 0")
            }
            guard next < end else { break }
            starts.append(next)
            try PeopleStatistic.checkBins(starts.count, "every")
        }
        self.starts = starts
        self.end = end
    }

    package var count: Int { starts.count }

    /// The period that a moment is in; nil when it is in none.
    package func bin(of moment: Timestamp) -> Int? {
        guard moment < end else { return nil }
        var (low, high) = (0, starts.count)
        while low < high {
            let middle = (low + high) / 2
            if starts[middle] <= moment { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? nil : low - 1
    }
}
