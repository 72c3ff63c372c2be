/// Keeps readings of one series apart that a file gives the same moment.
///
/// A second reading is one of its own, not a correction: it goes to the second coming of an hour
/// that clocks showed twice, if there was one, and else a millisecond later for each before it. So
/// none is lost, sums stay what they are, and a second import finds the very same moments.
struct RepeatedMoments {
    static let stepMicroseconds: Int64 = 1_000

    private struct Key: Hashable {
        var series: String
        var microseconds: Int64
    }

    /// The moments taken, and for each where a later one is to be looked for that wants the same:
    /// up to there all are taken.
    private var taken: [Key: Int64] = [:]

    /// The moment for a reading; none that this answered before for the series.
    mutating func place(
        _ reading: LocalClock.Reading,
        in series: String,
        _ room: ImportRoom
    ) throws(RowRefusal) -> Int64 {
        try room.take(series)
        if take(reading.microseconds, series) { return reading.microseconds }
        if let repetition = reading.repetition, take(repetition, series) { return repetition }
        // What is passed leads to where it ended from then on, so that nothing is passed often.
        var passed: [Int64] = []
        var next = reading.microseconds
        while let further = taken[Key(series: series, microseconds: next)] {
            passed.append(next)
            next = further
        }
        _ = take(next, series)
        for moment in passed {
            taken[Key(series: series, microseconds: moment)] = next + Self.stepMicroseconds
        }
        return next
    }

    private mutating func take(_ microseconds: Int64, _ series: String) -> Bool {
        let key = Key(series: series, microseconds: microseconds)
        guard taken[key] == nil else { return false }
        taken[key] = microseconds + Self.stepMicroseconds
        return true
    }
}
