import Foundation

@testable import Statistics

extension Rational {
    /// The nearest double.
    var doubleValue: Double { Double(numerator) / Double(denominator) }
}

/// The probabilities of a distribution, computed from its definition.
struct ExactProbabilities {
    private let weight: (Int) -> Double
    private let total: Double

    init(_ noise: Noise) {
        let reach: Double
        switch noise.distribution {
        case .laplace(let scale):
            let scale = scale.doubleValue
            weight = { exp(-Double(abs($0)) / scale) }
            reach = 50 * scale
        case .gaussian(let variance):
            let variance = variance.doubleValue
            weight = { exp(-Double($0 * $0) / (2 * variance)) }
            reach = 12 * variance.squareRoot()
        }
        let last = Int(reach) + 12
        total = (-last...last).map(weight).reduce(0, +)
    }

    subscript(value: Int) -> Double { weight(value) / total }
}

/// Pearson's test of samples against expected counts.
struct ChiSquare {
    private(set) var statistic = 0.0
    private(set) var degrees = -1

    /// Compares the count of each value; values expected less than ten times are counted together.
    init(_ samples: [Int], _ expected: ExactProbabilities) {
        let counts = Dictionary(grouping: samples) { $0 }.mapValues(\.count)
        let reach = samples.map(abs).max() ?? 0
        var rest = (count: samples.count, expected: Double(samples.count))
        for value in -reach...reach {
            let likely = expected[value] * Double(samples.count)
            guard likely >= 10 else { continue }
            add(counts[value] ?? 0, likely)
            rest = (rest.count - (counts[value] ?? 0), rest.expected - likely)
        }
        if rest.expected >= 1 { add(rest.count, rest.expected) }
    }

    /// Compares counts that should be about equal.
    init(_ counts: [Int], each expected: Double) {
        for count in counts { add(count, expected) }
    }

    /// Compares two samples of the same size.
    init(_ samples: [Int], _ others: [Int]) {
        let (a, b) = (Dictionary(grouping: samples) { $0 }, Dictionary(grouping: others) { $0 })
        for value in Set(a.keys).union(b.keys) {
            let (left, right) = (a[value]?.count ?? 0, b[value]?.count ?? 0)
            guard left + right >= 20 else { continue }
            let difference = Double(left - right)
            statistic += difference * difference / Double(left + right)
            degrees += 1
        }
    }

    private mutating func add(_ count: Int, _ expected: Double) {
        statistic += (Double(count) - expected) * (Double(count) - expected) / expected
        degrees += 1
    }

    /// Whether only one true sample in a thousand is worse.
    var isUnlikely: Bool { isUnlikely(deviations: 3.09) }

    /// Whether it is further out than this many standard deviations of a normal distribution
    /// (Wilson and Hilferty).
    func isUnlikely(deviations: Double) -> Bool {
        let variance = 2 / (9 * Double(degrees))
        let root = 1 - variance + deviations * variance.squareRoot()
        return statistic > Double(degrees) * root * root * root
    }
}
