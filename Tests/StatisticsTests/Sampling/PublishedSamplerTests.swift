import Chance
import Foundation
import Testing

@testable import Statistics

/// Our samplers give the same values as published ones from the same bits, and use as many bits.
@Suite struct PublishedSamplerTests {
    /// Samples of one distribution from a seed, and the 64 bits after them.
    struct Request: CustomStringConvertible {
        var kind: String
        var parameter: Rational
        var seed: UInt64
        var count: Int

        var description: String {
            "\(kind):\(parameter.numerator)/\(parameter.denominator):\(seed):\(count)"
        }

        func line() throws -> String {
            var bits = RandomBits(SeededGenerator(seed: seed))
            var samples: [Int] = []
            for _ in 0..<count {
                switch kind {
                case "hit": samples.append(bits.isHit(exponent: parameter) ? 1 : 0)
                case "laplace":
                    samples.append(try Noise.laplace(scale: parameter).sample(using: &bits))
                default:
                    samples.append(try Noise.gaussian(variance: parameter).sample(using: &bits))
                }
            }
            return samples.map(String.init).joined(separator: " ") + " \(bits.next(64))"
        }
    }

    /// `Peers/exact_sampler.py` documents how the file was made.
    @Test func `the authors' program gives the same results, bit for bit`() throws {
        let file = Peers.folder.appending(path: "published-sampler.txt")
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
        #expect(lines.count == 25)
        for line in lines {
            let (head, samples) = try #require(line.cut(at: " "))
            let parts = head.split(separator: ":")
            let terms = parts[1].split(separator: "/").compactMap { UInt128($0) }
            let request = Request(
                kind: String(parts[0]),
                parameter: Rational(terms[0], over: terms.count > 1 ? terms[1] : 1),
                seed: try #require(UInt64(parts[2])),
                count: try #require(Int(parts[3]))
            )
            #expect(try request.line() == samples, "\(head)")
        }
    }

    @Test func `a plain reference gives the same for random parameters`() async throws {
        var chance = SeededGenerator(seed: Soak.seed)
        let requests = (0..<60 * Soak.factor).map { _ in
            let kind = ["hit", "laplace", "gaussian"].randomElement(using: &chance) ?? ""
            let largest =
                [1, 10, 1_000, 1_000_000, Noise.largestTerm]
                .randomElement(using: &chance) ?? 1
            let denominator = UInt128(Int.random(in: 1...largest, using: &chance))
            let numerator = UInt128(Int.random(in: 1...largest, using: &chance))
            return Request(
                kind: kind,
                // A hit of a large exponent is never observed.
                parameter: Rational(
                    kind == "hit" ? min(numerator, denominator * 20) : numerator,
                    over: denominator
                ),
                seed: chance.next(),
                count: 10
            )
        }
        let answers = try await Peers.run("exact_sampler.py", requests.map { $0.description })
        #expect(answers.count == requests.count)
        for (request, answer) in zip(requests, answers) {
            #expect(
                try "\(request) " + request.line() == answer,
                "BALAI_TEST_SEED=\(Soak.seed)"
            )
        }
    }
}

extension Substring {
    fileprivate func cut(at mark: Character) -> (Substring, String)? {
        firstIndex(of: mark).map { (self[..<$0], String(self[index(after: $0)...])) }
    }
}
