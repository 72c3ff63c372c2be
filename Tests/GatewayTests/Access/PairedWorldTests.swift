import Chance
import HTTPTypes
import HummingbirdTesting
import Testing

@testable import Gateway

/// Promise P4: two worlds that differ only in what is hidden from a reader give it the same answers,
/// byte for byte.
@Suite struct PairedWorldTests {
    @Test func `what is hidden cannot be told by any question`() async throws {
        for seed in Soak.seed..<Soak.seed + UInt64(3 * Soak.factor) {
            try await compare(seed: seed, questions: 500)
        }
    }

    private func compare(seed: UInt64, questions count: Int) async throws {
        let (a, b) = (try await PairedWorld(), try await PairedWorld())
        let script = PairedWorldScript(seed: seed, steps: 120)
        try await a.test { clientA in
            for step in script.steps.a { _ = try await a.perform(step, clientA) }
            try await b.test { clientB in
                for step in script.steps.b { _ = try await b.perform(step, clientB) }
                var questions = PairedWorldQuestions(seed: seed)
                var answers: Set<PairedWorld.Answer> = []
                for _ in 0..<count {
                    let question = questions.next()
                    let answer = try await a.ask(question, clientA)
                    answers.insert(answer)
                    let other = try await b.ask(question, clientB)
                    guard answer != other else { continue }
                    Issue.record(
                        """
                        BALAI_TEST_SEED=\(seed): \(question)
                        is answered \(answer)
                        and \(other)
                        """
                    )
                    return
                }
                #expect(answers.filter { $0.status == 200 }.count > count / 25, "all alike")
            }
        }
    }
}
