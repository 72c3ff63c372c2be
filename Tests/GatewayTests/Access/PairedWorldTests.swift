import Chance
import HTTPTypes
import HummingbirdTesting
import Synchronization
import Testing

@testable import Gateway

/// Promise P4: two worlds that differ only in what is hidden from a reader give it the same answers,
/// byte for byte.
@Suite(.timeLimit(.minutes(10))) struct PairedWorldTests {
    @Test func `what is hidden cannot be told by any question`() async throws {
        for seed in Soak.seed..<Soak.seed + UInt64(3 * Soak.factor) {
            try await compare(seed: seed, questions: 500)
        }
    }

    @Test func `what is hidden cannot be told by any notification`() async throws {
        for seed in Soak.seed..<Soak.seed + UInt64(3 * Soak.factor) {
            let (a, b) = (try await PairedWorld(), try await PairedWorld())
            let script = PairedWorldScript(seed: seed, steps: 200)
            let told = Mutex<[[String: [String]]]>([])
            for (world, steps) in [(a, script.steps.a), (b, script.steps.b)] {
                try await world.test { client in
                    try await world.subscribe(client)
                    try await world.perform(steps, client)
                    let texts = try await world.notify()
                    told.withLock { $0.append(texts) }
                }
            }
            compare(told.withLock { $0 }, seed: seed)
        }
    }

    private func compare(_ told: [[String: [String]]], seed: UInt64) {
        let places = Set(told.flatMap(\.keys)).sorted()
        #expect(places.count > 5, "nearly nobody is told anything")
        for place in places {
            let (a, b) = (told[0][place] ?? [], told[1][place] ?? [])
            guard a != b else { continue }
            let first = zip(a, b).first { $0 != $1 }
            Issue.record(
                """
                BALAI_TEST_SEED=\(seed): \(place) is told \(a.count) times and \(b.count) times;
                first \(first?.0 ?? a.dropFirst(b.count).first ?? "nothing")
                and \(first?.1 ?? b.dropFirst(a.count).first ?? "nothing")
                """
            )
        }
    }

    private func compare(seed: UInt64, questions count: Int) async throws {
        let (a, b) = (try await PairedWorld(), try await PairedWorld())
        let script = PairedWorldScript(seed: seed, steps: 120)
        try await a.test { clientA in
            try await a.perform(script.steps.a, clientA)
            try await b.test { clientB in
                try await b.perform(script.steps.b, clientB)
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
