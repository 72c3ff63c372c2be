import Chance
import Foundation
import NIOHTTP1
import Processes
import Testing

/// A well-behaved client of one party is served while another party attacks, in each way.
@Suite(.serialized) struct HostileNeighbourTests {
    /// The rounds of the neighbour alone and during the attack; `make soak` multiplies them.
    private static let rounds = 24 * Soak.factor
    /// The attempts: on a busy machine one measurement may be slow for another reason.
    private static let tries = 3
    /// The most memory that the hub may use during all attacks.
    private static let mostMebibytes = 512

    @Test(.timeLimit(.minutes(5 * Soak.factor)), arguments: Attack.all)
    func `during an attack a neighbour is served as if it were alone`(attack: Attack) async throws {
        let shared = try await SharedHub()
        let receiver = try await NotificationReceiver()
        let receivers = try await SlowReceivers(32)
        try await HubClient.with { client in
            let good = try await GoodNeighbour(
                Party(shared: shared, client: client, tenancy: shared.city),
                receiver
            )
            let alone = try await good.work(from: 1, rounds: Self.rounds)
            let attacker = Attacker(
                party: Party(shared: shared, client: client, tenancy: shared.hostile),
                receivers: receivers
            )
            try await attack.prepare(attacker)
            let beside = try await Self.beside(attack, attacker) {
                try await good.work(from: 1 + Self.rounds * $0, rounds: Self.rounds)
            } until: {
                $0.slower(than: alone).isEmpty
            }
            #expect(
                beside.slower(than: alone).isEmpty,
                "\(attack.name): alone \(alone); beside \(beside)"
            )
        }
        let peak = try shared.peakMebibytes
        #expect(peak < Self.mostMebibytes, "\(attack.name): \(peak) MiB")
        await shared.hub.kill()
        try await receiver.close()
        try await receivers.close()
    }

    /// A stranger sends long questions one after the other on many connections from one address.
    @Test(.timeLimit(.minutes(5))) func `beside one stranger another one is served`() async throws {
        let shared = try await SharedHub()
        let receivers = try await SlowReceivers(1)
        try await HubClient.with { client in
            let owner = Party(shared: shared, client: client, tenancy: shared.hostile)
            let attacker = Attacker(party: owner, receivers: receivers)
            try await attacker.makeEntities(100, attributes: 2)
            for number in 0..<100 { try await attacker.writeText(number, into: "a0") }
            let alone = try await Self.questions(client, shared.hub)
            let attack = Attack(name: "long questions of one address", workers: 32) { _, _ in
                await Wire.neglect(
                    Array(Self.longQuestion.utf8),
                    from: "127.0.0.2",
                    withPort: shared.hub.port,
                    forMilliseconds: 20_000
                )
            }
            let beside = try await Self.beside(attack, attacker) { _ in
                try await Self.questions(client, shared.hub)
            } until: {
                $0 < alone * 3 + .milliseconds(100)
            }
            #expect(beside < alone * 3 + .milliseconds(100), "alone \(alone), beside \(beside)")
        }
        await shared.hub.kill()
        try await receivers.close()
    }

    private static let longQuestion = """
        GET /ngsi-ld/v1/entities?type=Bad&q=a0~=%22\(Attack.slowPattern)%22 HTTP/1.1\r
        Host: localhost\r
        Connection: close\r
        \r

        """

    /// The longest duration of questions that take more than one turn of a thread.
    private static func questions(_ client: HubClient, _ hub: RealHub) async throws -> Duration {
        var slowest = Duration.zero
        for number in 0..<rounds {
            let start = ContinuousClock.now
            let path = "/ngsi-ld/v1/entities?type=Bad&orderBy=a1&limit=1&offset=\(number)"
            let answer = try await client.send(.GET, path, to: hub)
            #expect(answer.status == 200, "\(answer.status) \(answer.text)")
            slowest = max(slowest, .now - start)
        }
        return slowest
    }

    /// The result of the body during the attack: the first good one, or else the last one.
    private static func beside<Times: Sendable>(
        _ attack: Attack,
        _ attacker: Attacker,
        _ body: (Int) async throws -> Times,
        until isGood: (Times) -> Bool
    ) async throws -> Times {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<attack.workers {
                group.addTask {
                    var number = worker
                    while !Task.isCancelled {
                        // The refusal by the hub, and a failure at the end of the test, are
                        // accepted.
                        try? await attack.strike(attacker, number)
                        number += attack.workers
                    }
                }
            }
            var times = try await body(1)
            for number in 2...tries where !isGood(times) { times = try await body(number) }
            group.cancelAll()
            return times
        }
    }
}
