package import ContextModel

/// A count or a sum about people, for one bin or for several, that tells little of each person.
///
/// A bin is a period, a place or a class of values; which bins there are must not depend on the data. Each
/// bin gets noise, the empty ones too, so that none tells that somebody is in it. The noise follows from
/// the bounds and the loss, and from nothing else.
///
/// What is released may be negative or above all bounds. It is left so: whoever adds several answers would
/// otherwise add an error.
///
/// ```swift
/// let perDay = try PeopleStatistic.count(upTo: 1, bins: 7, loss: .pure(epsilon: Rational(1)))
/// guard case .granted(let grant, _) = ledger.spend(perDay.charge, from: budget, at: now) else { … }
/// let answers = perDay.release(visits, grant, using: &bits)
/// ```
package struct PeopleStatistic: Sendable, Hashable {
    enum Measure: Hashable {
        case count
        case sum
    }

    let measure: Measure
    package let bounds: ContributionBounds
    package let bins: Int
    /// The decimal places of the values and answers.
    package let decimals: Int
    package let loss: PrivacyLoss
    let noise: Noise

    /// The most bins of a release.
    package static let maximumBins = 10_000
    /// The most decimal places of values.
    package static let maximumDecimals = 9

    /// How many contributions there are in each bin, of each person at most `most`.
    ///
    /// With `upTo: 1` it counts people. A person counts in all bins unless `binsPerPerson` says less.
    /// Throws when a parameter is out of range, or the noise would be too large to be sampled.
    package static func count(
        upTo most: Int,
        bins: Int = 1,
        binsPerPerson: Int? = nil,
        loss: PrivacyLoss
    ) throws(StatisticsError) -> PeopleStatistic {
        guard most > 0 else {
            throw StatisticsError("upTo", "is \(most), and a person must count once at least")
        }
        let bounds = try ContributionBounds(total: 0...most, bins: binsPerPerson ?? bins)
        return try PeopleStatistic(.count, bounds, bins, 0, loss)
    }

    /// The sum of the contributions in each bin, of each person within `total`.
    ///
    /// The total is in units of the last of `decimals` places: with one place, 215 is 21.5. Throws as
    /// `count` does.
    package static func sum(
        within total: ClosedRange<Int>,
        decimals: Int = 0,
        bins: Int = 1,
        binsPerPerson: Int? = nil,
        loss: PrivacyLoss
    ) throws(StatisticsError) -> PeopleStatistic {
        let bounds = try ContributionBounds(total: total, bins: binsPerPerson ?? bins)
        return try PeopleStatistic(.sum, bounds, bins, decimals, loss)
    }

    private init(
        _ measure: Measure,
        _ bounds: ContributionBounds,
        _ bins: Int,
        _ decimals: Int,
        _ loss: PrivacyLoss
    ) throws(StatisticsError) {
        try Self.checkBins(bins, "bins")
        guard bounds.bins <= bins else {
            throw StatisticsError("binsPerPerson", "is \(bounds.bins), and there are \(bins) bins")
        }
        guard 0...Self.maximumDecimals ~= decimals else {
            throw StatisticsError(
                "decimals",
                "is \(decimals), and must be 0 to \(Self.maximumDecimals)"
            )
        }
        noise = try Noise(for: loss, bounds)
        self.measure = measure
        self.bounds = bounds
        self.bins = bins
        self.decimals = decimals
        self.loss = loss
    }

    static func checkBins(_ bins: Int, _ name: String) throws(StatisticsError) {
        guard 1...maximumBins ~= bins else {
            throw StatisticsError(name, "is \(bins), and must be 1 to \(maximumBins)")
        }
    }

    /// What a release takes from the budget of each person who may be in the data.
    package var charge: PrivacyCharge { loss.charge }

    /// The width on each side of an answer that has the sum of the bounded contributions within it with a
    /// probability of 95 %, for each bin by itself.
    ///
    /// It says nothing of what the bounds have cut off.
    package var errorBar: JSONNumber { JSONNumber(noise.errorBar, decimals: decimals) }

    /// The answers of all bins, in order.
    ///
    /// Contributions to bins that are not there are left out. The grant is for one release; a second one
    /// with it would be a bug that nothing here can see.
    package func release<Person: Hashable>(
        _ contributions: some Sequence<Contribution<Person>>,
        _ grant: ReleaseGrant,
        using bits: inout RandomBits<some RandomNumberGenerator>
    ) -> [NoisyAnswer] {
        var totals = PeopleTotals<Person>(of: self)
        for contribution in contributions { totals.add(contribution) }
        return totals.release(grant, using: &bits)
    }
}

/// What one entity or one reading adds to a statistic for the person that it is about.
package struct Contribution<Person: Hashable & Sendable>: Sendable {
    package let person: Person
    /// The bin from 0.
    package let bin: Int
    /// What a sum adds; a count adds 1 instead.
    package let value: JSONNumber

    package init(of person: Person, bin: Int = 0, value: JSONNumber = JSONNumber(1)) {
        self.person = person
        self.bin = bin
        self.value = value
    }
}

/// An answer with noise in it.
package struct NoisyAnswer: Sendable, Hashable {
    package let value: JSONNumber
    /// With a probability of 95 % the noise has moved the value by no more than this, up or down.
    package let errorBar: JSONNumber
}

extension Noise {
    /// The noise that keeps the loss for whoever contributes within the bounds.
    ///
    /// Laplace: ε = sum of changes / scale. Gaussian: ρ = sum of squares / 2σ².
    init(for loss: PrivacyLoss, _ bounds: ContributionBounds) throws(StatisticsError) {
        switch loss.kind {
        case .pure(let epsilon):
            self = try .laplace(
                scale: Rational(
                    bounds.sumOfChanges * epsilon.denominator,
                    over: epsilon.numerator
                )
            )
        case .concentrated(let rho):
            self = try .gaussian(
                variance: Rational(
                    bounds.sumOfSquares * rho.denominator,
                    over: 2 * rho.numerator
                )
            )
        }
    }
}
