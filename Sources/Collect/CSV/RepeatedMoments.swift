/// Keeps readings of one series apart that a file gives the same moment.
///
/// A second reading is one of its own, not a correction: it goes to the second coming of an hour
/// that clocks showed twice, if there was one, and else a millisecond later for each before it. So
/// none is lost, sums stay what they are, and a second import finds the very same moments.
struct RepeatedMoments {
    /// More moments than this are not remembered; they take memory.
    static let maximumMoments = 20_000_000
    static let stepMicroseconds: Int64 = 1_000

    private struct Key: Hashable {
        var series: String
        var microseconds: Int64
    }

    private var taken: Set<Key> = []

    /// The moment for a reading; none that this answered before for the series.
    mutating func place(
        _ reading: LocalClock.Reading,
        in series: String
    ) throws(RowRefusal) -> Int64 {
        guard taken.count < Self.maximumMoments else {
            throw RowRefusal(
                reason: "With `repeats: keep`, a file may have \(Self.maximumMoments) moments."
            )
        }
        if take(reading.microseconds, series) { return reading.microseconds }
        if let repetition = reading.repetition, take(repetition, series) { return repetition }
        var next = reading.microseconds + Self.stepMicroseconds
        while !take(next, series) { next += Self.stepMicroseconds }
        return next
    }

    private mutating func take(_ microseconds: Int64, _ series: String) -> Bool {
        taken.insert(Key(series: series, microseconds: microseconds)).inserted
    }
}
