import Foundation
import Testing

@testable import Statistics

/// OpenDP computes the same loss of the noise and draws the same noise.
@Suite struct OpenDPTests {
    private struct Case {
        var total: ClosedRange<Int>
        var bins: Int
        var loss: Rational
    }

    private static func cases() throws -> [Case] {
        [
            Case(total: 0...1, bins: 1, loss: try Rational(1)),
            Case(total: 0...1, bins: 7, loss: try Rational(1, over: 10)),
            Case(total: 0...3, bins: 24, loss: try Rational(1, over: 2)),
            Case(total: -400...215, bins: 1, loss: try Rational(7, over: 3)),
            Case(total: 0...100_000, bins: 12, loss: try Rational(3)),
        ]
    }

    @Test func `a pure loss needs the same Laplace noise as the reference`() async throws {
        let cases = try Self.cases()
        let requests = try cases.map { one in
            let statistic = try PeopleStatistic.sum(
                within: one.total,
                bins: one.bins,
                loss: .pure(epsilon: one.loss)
            )
            guard case .laplace(let scale) = statistic.noise.distribution else {
                throw StatisticsError("noise", "is no Laplace")
            }
            let change = statistic.bounds.sumOfChanges
            return "laplace-loss:\(scale.doubleValue):\(change)"
        }
        let answers = try await Peers.run("opendp_peer.py", requests)
        for (one, answer) in zip(cases, answers) {
            try expectSame(Double(answer), one.loss.doubleValue)
        }
        #expect(answers.count == cases.count)
    }

    @Test func `a concentrated loss needs the same Gaussian noise as the reference`() async throws {
        let cases = try Self.cases()
        let requests = try cases.map { one in
            let statistic = try PeopleStatistic.sum(
                within: one.total,
                bins: one.bins,
                loss: .concentrated(rho: one.loss)
            )
            guard case .gaussian(let variance) = statistic.noise.distribution else {
                throw StatisticsError("noise", "is no Gaussian")
            }
            let change = Double(statistic.bounds.sumOfSquares).squareRoot()
            return "gaussian-loss:\(variance.doubleValue.squareRoot()):\(change)"
        }
        let answers = try await Peers.run("opendp_peer.py", requests)
        for (one, answer) in zip(cases, answers) {
            try expectSame(Double(answer), one.loss.doubleValue)
        }
        #expect(answers.count == cases.count)
    }

    @Test func `a concentrated loss converts to the same epsilon and delta`() async throws {
        let cases: [(rho: Double, delta: Double)] = [
            (0.000_5, 1e-6), (0.05, 1e-6), (0.5, 1e-9), (2, 1e-3), (18, 1e-5),
        ]
        // With a change of 1, ρ = 1/2σ².
        let requests = cases.map { "approximate:\((1 / (2 * $0.rho)).squareRoot()):1:\($0.delta)" }
        let answers = try await Peers.run("opendp_peer.py", requests)
        for (one, answer) in zip(cases, answers) {
            let charge = PrivacyCharge(trillionths: Int((one.rho * 1e12).rounded(.up)))
            let loss = try ApproximateLoss(charge, delta: one.delta)
            try expectSame(Double(answer), loss.epsilon, within: 1e-6)
        }
        #expect(answers.count == cases.count)
    }

    @Test func `samples have the same distribution`() async throws {
        let count = 20_000
        let scales = try [Rational(2), Rational(10), Rational(5, over: 2)]
        let requests = scales.flatMap { scale in
            ["laplace:\(scale.doubleValue):\(count)", "gaussian:\(scale.doubleValue):\(count)"]
        }
        let answers = try await Peers.run("opendp_peer.py", requests)
        #expect(answers.count == requests.count)
        for (index, answer) in answers.enumerated() {
            let scale = scales[index / 2]
            let square = Rational(
                scale.numerator * scale.numerator,
                over: scale.denominator * scale.denominator
            )
            let noise: Noise =
                try index % 2 == 0 ? .laplace(scale: scale) : .gaussian(variance: square)
            let theirs = answer.split(separator: " ").compactMap { Int($0) }
            #expect(theirs.count == count)
            // OpenDP has no seed: one run in a hundred thousand may be this unlikely.
            let test = ChiSquare(DistributionTests.samples(noise, count), theirs)
            #expect(test.degrees >= 5)
            #expect(!test.isUnlikely(deviations: 4.3), "\(requests[index]): \(test)")
        }
    }

    private func expectSame(
        _ theirs: Double?,
        _ ours: Double,
        within tolerance: Double = 1e-9
    ) throws {
        let theirs = try #require(theirs)
        #expect(abs(theirs - ours) <= tolerance * ours, "OpenDP \(theirs), Balai \(ours)")
    }
}
