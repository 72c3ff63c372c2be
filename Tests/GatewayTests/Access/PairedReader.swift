import ContextModel
import HTTPTypes
import HummingbirdTesting
import Testing

@testable import Gateway

/// The reader of two worlds, who asks both the same; a different answer is an issue.
final class PairedReader {
    private let seed: UInt64
    private let worlds: [(world: PairedWorld, client: any TestClientProtocol)]
    /// All different answers.
    private(set) var answers: Set<PairedWorld.Answer> = []
    /// Whether an answer differed: then the rest means nothing.
    private(set) var hasFound = false

    init(seed: UInt64, _ worlds: [(world: PairedWorld, client: any TestClientProtocol)]) {
        self.seed = seed
        self.worlds = worlds
    }

    @discardableResult
    func ask(
        _ request: WorldRequest,
        at moment: Timestamp = PairedWorld.end
    ) async throws -> PairedWorld.Answer {
        let a = try await worlds[0].world.ask(request, at: moment, worlds[0].client)
        let b = try await worlds[1].world.ask(request, at: moment, worlds[1].client)
        answers.insert(a)
        if a != b {
            hasFound = true
            Issue.record(
                """
                BALAI_TEST_SEED=\(seed): \(request)
                is answered \(a)
                and \(b)
                """
            )
        }
        return a
    }

    /// Asks questions until an answer differs; for an EntityMap, also asks for its content.
    func ask(
        _ questions: inout PairedWorldQuestions,
        _ count: Int,
        headers: [String: String] = [:]
    ) async throws {
        for _ in 0..<count where !hasFound {
            var question = questions.next()
            question.headers = headers
            let answer = try await ask(question)
            guard let map = answer.entityMap else { continue }
            try await ask(WorldRequest(uri: map))
            question.headers["NGSILD-EntityMap"] = map
            try await ask(question)
        }
    }

    /// Runs the body in each world.
    func each(_ body: (PairedWorld, any TestClientProtocol) async throws -> Void) async throws {
        for (world, client) in worlds { try await body(world, client) }
    }
}
