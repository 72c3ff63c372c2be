/// Separates readings of one series for which a file has the same moment.
///
/// The second reading is not a correction of the first. It is moved to the second occurrence of an
/// hour that clocks showed twice, if there was one, and otherwise a millisecond later for each
/// reading before it. So none is lost, sums stay right, and a second import computes the same
/// moments.
struct RepeatedMoments {
    static let stepMicroseconds: Int64 = 1_000

    /// The approximate bytes for a moment and for the place it leads to.
    private static let bytesOfMoment = 24
    private static let bytesOfLead = 40

    /// The moments of one series.
    private struct Moments {
        var taken: Set<Int64> = []
        /// Where to look for a place for a later reading of the same moment; one step later when
        /// there is no entry.
        ///
        /// All moments up to that place are taken.
        var leads: [Int64: Int64] = [:]
    }

    /// The numbers of series: a large file has few series and many moments.
    private var numbers: [String: Int] = [:]
    private var series: [Moments] = []

    /// The moment for a reading, which is different from all earlier ones of the series.
    mutating func place(
        _ reading: LocalClock.Reading,
        in name: String,
        _ memory: ImportMemory
    ) throws(RowRefusal) -> Int64 {
        let number = try number(of: name, memory)
        try memory.take(bytes: Self.bytesOfMoment)
        for moment in [reading.microseconds, reading.repetition].compactMap(\.self)
        where series[number].taken.insert(moment).inserted { return moment }
        // Passed moments lead to the final place from then on, so that none is passed often.
        var passed: [Int64] = []
        var next = reading.microseconds
        while series[number].taken.contains(next) {
            passed.append(next)
            next = series[number].leads[next] ?? next + Self.stepMicroseconds
        }
        let new = passed.count { series[number].leads[$0] == nil }
        try memory.take(bytes: new * Self.bytesOfLead)
        series[number].taken.insert(next)
        for moment in passed { series[number].leads[moment] = next + Self.stepMicroseconds }
        return next
    }

    private mutating func number(of name: String, _ memory: ImportMemory) throws(RowRefusal) -> Int
    {
        if let number = numbers[name] { return number }
        try memory.take(name)
        numbers[name] = series.count
        series.append(Moments())
        return series.count - 1
    }
}
