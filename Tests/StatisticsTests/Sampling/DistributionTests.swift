import Chance
import Testing

@testable import Statistics

/// Samples have the probabilities of the distributions.
@Suite struct DistributionTests {
    static let noises: [Noise] = {
        let fractions: [(UInt128, UInt128)] = [(1, 3), (1, 1), (7, 3), (10, 1), (40, 1)]
        return fractions.flatMap { top, bottom in
            [
                Noise(distribution: .laplace(scale: Rational(top, over: bottom))),
                Noise(distribution: .gaussian(variance: Rational(top, over: bottom))),
            ]
        }
    }()

    static func samples(_ noise: Noise, _ count: Int = 20_000, seed: UInt64 = 7) -> [Int] {
        var bits = RandomBits(SeededGenerator(seed: seed))
        return (0..<count).map { _ in noise.sample(using: &bits) }
    }

    @Test(arguments: noises) func `samples have the expected frequencies`(noise: Noise) {
        let test = ChiSquare(Self.samples(noise), ExactProbabilities(noise))
        #expect(test.degrees >= 2)
        #expect(!test.isUnlikely, "\(test)")
    }

    @Test func `a slightly wider distribution is detected`() throws {
        let wider = try Noise.laplace(scale: Rational(11))
        let test = ChiSquare(
            Self.samples(try .laplace(scale: Rational(10))),
            ExactProbabilities(wider)
        )
        #expect(test.isUnlikely)
    }

    @Test(arguments: noises) func `an error bar holds 95 %, and is minimal or one more`(
        noise: Noise
    ) {
        let expected = ExactProbabilities(noise)
        let inside = (-noise.errorBar...noise.errorBar).map { expected[$0] }.reduce(0, +)
        #expect(inside >= 0.95)
        let narrower = noise.errorBar - 2
        guard narrower >= 0 else { return }
        #expect((-narrower...narrower).map { expected[$0] }.reduce(0, +) < 0.95)
    }

    @Test(arguments: [2, 3, 5, 64, 1_000]) func `integers below a bound are uniform`(bound: Int) {
        var bits = RandomBits(SeededGenerator(seed: 3))
        var counts = [Int](repeating: 0, count: bound)
        for _ in 0..<bound * 100 { counts[Int(bits.integer(below: UInt128(bound)))] += 1 }
        #expect(!ChiSquare(counts, each: 100).isUnlikely)
    }

    @Test func `bits are the generator's, in order`() {
        var generator = SeededGenerator(seed: 9)
        let words = (0..<4).map { _ in UInt128(generator.next()) }
        var bits = RandomBits(SeededGenerator(seed: 9))
        let head = bits.next(3)
        let middle = bits.next(125)
        #expect(head << 125 | middle == words[0] << 64 | words[1])
        #expect(bits.next(0) == 0)
        #expect(bits.next(128) == words[2] << 64 | words[3])
    }
}
