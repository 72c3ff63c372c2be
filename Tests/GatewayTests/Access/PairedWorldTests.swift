import Chance
import ContextModel
import HTTPTypes
import HummingbirdTesting
import Synchronization
import Testing

@testable import Gateway

/// Two worlds that differ only in data hidden from a reader give it the same answers, byte for
/// byte.
@Suite(.timeLimit(.minutes(10))) struct PairedWorldTests {
    private static var seeds: Range<UInt64> { Soak.seed..<Soak.seed + UInt64(3 * Soak.factor) }

    @Test(arguments: PairedRules.allCases)
    func `no question reveals hidden data`(rules: PairedRules) async throws {
        for seed in Self.seeds {
            try await inBothWorlds(rules, seed: seed, steps: 120) { reader in
                var questions = PairedWorldQuestions(seed: seed)
                try await reader.ask(&questions, 500)
                let good = reader.answers.filter { $0.status == 200 && $0.body.count > 2 }
                #expect(reader.hasFound || good.count > 100, "all alike")
            }
        }
    }

    @Test(arguments: PairedRules.allCases)
    func `no way to look reveals hidden data`(rules: PairedRules) async throws {
        for seed in Self.seeds {
            try await inBothWorlds(rules, seed: seed, steps: 120) { reader in
                var views = PairedWorldViews(seed: seed)
                var good: [String: Set<PairedWorld.Answer>] = [:]
                for _ in 0..<400 where !reader.hasFound {
                    let view = views.next()
                    let answer = try await reader.ask(view)
                    guard answer.status == 200, answer.body.count > 40 else { continue }
                    let way = view.uri.split { "/?".contains($0) }[0]
                    good[String(way), default: []].insert(answer)
                }
                let counts = good.mapValues(\.count)
                #expect(
                    reader.hasFound
                        || Set(counts.keys) == PairedWorldViews.ways
                            && counts.values.reduce(0, +) > 50,
                    "nearly nothing was seen: \(counts)"
                )
            }
        }
    }

    @Test(arguments: PairedRules.ofWriters)
    func `what is hidden cannot be told by any write`(rules: PairedRules) async throws {
        for seed in Self.seeds {
            try await inBothWorlds(rules, seed: seed, steps: 120) { reader in
                var writes = PairedWorldWrites(seed: seed)
                var questions = PairedWorldQuestions(seed: seed)
                var done = 0
                for number in 0..<300 where !reader.hasFound {
                    let moment = Timestamp(
                        microseconds: PairedWorld.writing.microseconds + Int64(number) * 1_000_000
                    )
                    let status = try await reader.ask(writes.next(), at: moment).status
                    if status < 300 { done += 1 }
                    try await reader.ask(&questions, 1)
                }
                #expect(reader.hasFound || done > 50, "nearly nothing was written")
            }
        }
    }

    @Test(arguments: PairedRules.allCases)
    func `no snapshot reveals hidden data`(rules: PairedRules) async throws {
        for seed in Self.seeds {
            try await inBothWorlds(rules, seed: seed, steps: 120) { reader in
                let answer = try await reader.ask(PairedWorldQuestions.newSnapshot)
                let place = try #require(answer.location)
                try await reader.each { world, client in
                    try await world.makeSnapshot(place, client)
                }
                let made = try await reader.ask(WorldRequest(uri: place))
                #expect(made.body.contains("success"))
                let id = try #require(place.split(separator: "/").last)
                var questions = PairedWorldQuestions(seed: seed)
                try await reader.ask(
                    &questions,
                    150,
                    headers: ["NGSILD-Snapshot": String(id).replacing("%3A", with: ":")]
                )
            }
        }
    }

    @Test(arguments: PairedRules.allCases)
    func `no notification reveals hidden data`(rules: PairedRules) async throws {
        for seed in Self.seeds {
            let (a, b) = (try await PairedWorld(rules), try await PairedWorld(rules))
            let script = PairedWorldScript(rules, seed: seed, steps: 200)
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

    /// Creates two worlds and runs the body with the reader of both.
    private func inBothWorlds(
        _ rules: PairedRules,
        seed: UInt64,
        steps: Int,
        _ body: @escaping @Sendable (PairedReader) async throws -> Void
    ) async throws {
        let (a, b) = (try await PairedWorld(rules), try await PairedWorld(rules))
        let script = PairedWorldScript(rules, seed: seed, steps: steps)
        try await a.test { clientA in
            try await a.perform(script.steps.a, clientA)
            try await b.test { clientB in
                try await b.perform(script.steps.b, clientB)
                try await body(PairedReader(seed: seed, [(a, clientA), (b, clientB)]))
            }
        }
    }
}
