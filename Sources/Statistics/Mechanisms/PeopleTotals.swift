internal import ContextModel

/// What persons contribute to the bins of a statistic, added up as it is read.
///
/// It takes room for each person and each bin in which this person counts, however many contributions
/// there are.
package struct PeopleTotals<Person: Hashable & Sendable>: Sendable {
    private let statistic: PeopleStatistic
    /// Of each person the totals of the first bins in which there is anything, so many as are allowed.
    private var totals: [Person: [Int: Int128]] = [:]
    /// How many totals are kept.
    package private(set) var count = 0

    /// Nothing yet.
    package init(of statistic: PeopleStatistic) { self.statistic = statistic }

    /// Adds a contribution; one to a bin that is not there is left out.
    package mutating func add(_ contribution: Contribution<Person>) {
        let bin = contribution.bin
        guard 0..<statistic.bins ~= bin else { return }
        let value =
            statistic.measure == .count
            ? 1 : contribution.value.scaled(decimals: statistic.decimals)
        var ofPerson = totals[contribution.person] ?? [:]
        totals[contribution.person] = nil
        let before = ofPerson.count
        ofPerson[bin, default: 0] += Int128(value)
        // A later bin that has gone would not come among the first again.
        if ofPerson.count > statistic.bounds.bins, let last = ofPerson.keys.max() {
            ofPerson[last] = nil
        }
        count += ofPerson.count - before
        totals[contribution.person] = ofPerson
    }

    /// The sums of what persons contribute to each bin, each person within the bounds.
    ///
    /// What one person adds depends on that person's contributions alone.
    var bounded: [Int] {
        let bounds = statistic.bounds.total
        let (low, high) = (Int128(bounds.lowerBound), Int128(bounds.upperBound))
        var sums = [Int](repeating: 0, count: statistic.bins)
        for ofPerson in totals.values {
            for (bin, total) in ofPerson { sums[bin] &+= Int(min(max(total, low), high)) }
        }
        return sums
    }

    /// The answers of all bins, in order; see `PeopleStatistic.release`.
    package func release(
        _ grant: ReleaseGrant,
        using bits: inout RandomBits<some RandomNumberGenerator>
    ) -> [NoisyAnswer] {
        let statistic = statistic
        precondition(
            grant.charge == statistic.charge,
            "The grant is for another charge than this release's."
        )
        return bounded.map { total in
            // Integers modulo 2⁶⁴ have no total at which this would fail, whoever is in the data.
            let value = total &+ statistic.noise.sample(using: &bits)
            return NoisyAnswer(
                value: JSONNumber(value, decimals: statistic.decimals),
                errorBar: statistic.errorBar
            )
        }
    }
}
