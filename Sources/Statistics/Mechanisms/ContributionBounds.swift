/// How much one person weighs in a release, at most.
///
/// Noise hides a person only up to a weight that is known before anybody looks at the data. So a person's
/// total in each bin is clamped, and a person counts in so many bins only.
package struct ContributionBounds: Sendable, Hashable {
    /// What a person's total in one bin is clamped to, in units of the last decimal place.
    package let total: ClosedRange<Int>
    /// In so many bins a person counts, the first ones in which there is anything.
    package let bins: Int

    /// The largest bound of a total, on either side of 0: 2³².
    package static let largestTotal = 4_294_967_296

    /// Bounds of a person's total in each bin, and of the bins.
    ///
    /// Throws when a bound is above `largestTotal`, both are 0, or the bins are not 1 to
    /// `PeopleStatistic.maximumBins`.
    package init(total: ClosedRange<Int>, bins: Int) throws(StatisticsError) {
        let allowed = -Self.largestTotal...Self.largestTotal
        guard allowed ~= total.lowerBound, allowed ~= total.upperBound, total != 0...0 else {
            throw StatisticsError(
                "total",
                "is \(total.lowerBound) to \(total.upperBound), and must lie within "
                    + "\(allowed.lowerBound) to \(allowed.upperBound) and not be 0 only"
            )
        }
        try PeopleStatistic.checkBins(bins, "binsPerPerson")
        self.total = total
        self.bins = bins
    }

    /// The largest change of one bin by one person.
    private var largest: UInt128 {
        UInt128(max(total.lowerBound.magnitude, total.upperBound.magnitude))
    }

    /// The most that one person changes all bins together: the sum of the changes.
    var sumOfChanges: UInt128 { UInt128(bins) * largest }

    /// The same for the sum of the changes' squares.
    var sumOfSquares: UInt128 { UInt128(bins) * largest * largest }
}
