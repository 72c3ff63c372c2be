/// Keeps readings of one series apart that a file gives the same moment.
///
/// A second reading is one of its own, not a correction: it goes to the second coming of an hour
/// that clocks showed twice, if there was one, and else a millisecond later for each before it. So
/// none is lost, sums stay what they are, and a second import finds the very same moments.
struct RepeatedMoments {
    static let stepMicroseconds: Int64 = 1_000

    /// What a moment takes of memory, and what it takes to remember where it leads.
    private static let bytesOfMoment = 24
    private static let bytesOfLead = 40

    /// Of one series.
    private struct Moments {
        var taken: Set<Int64> = []
        /// Where a later reading is to be looked for that wants the same moment; a step later where
        /// there is none.
        ///
        /// Up to there all moments are taken.
        var leads: [Int64: Int64] = [:]
    }

    /// A large file has few series and many moments: these are kept under the number of their series.
    private var numbers: [String: Int] = [:]
    private var series: [Moments] = []

    /// The moment for a reading; none that this answered before for the series.
    mutating func place(
        _ reading: LocalClock.Reading,
        in name: String,
        _ room: ImportRoom
    ) throws(RowRefusal) -> Int64 {
        let number = try number(of: name, room)
        try room.take(bytes: Self.bytesOfMoment)
        for moment in [reading.microseconds, reading.repetition].compactMap(\.self)
        where series[number].taken.insert(moment).inserted { return moment }
        // What is passed leads to where it ended from then on, so that nothing is passed often.
        var passed: [Int64] = []
        var next = reading.microseconds
        while series[number].taken.contains(next) {
            passed.append(next)
            next = series[number].leads[next] ?? next + Self.stepMicroseconds
        }
        let new = passed.count { series[number].leads[$0] == nil }
        try room.take(bytes: new * Self.bytesOfLead)
        series[number].taken.insert(next)
        for moment in passed { series[number].leads[moment] = next + Self.stepMicroseconds }
        return next
    }

    private mutating func number(of name: String, _ room: ImportRoom) throws(RowRefusal) -> Int {
        if let number = numbers[name] { return number }
        try room.take(name)
        numbers[name] = series.count
        series.append(Moments())
        return series.count - 1
    }
}
