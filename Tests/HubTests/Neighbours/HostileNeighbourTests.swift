import Chance
import Foundation
import Testing

/// A well-behaved client of one party beside another party's attack, of each kind.
@Suite(.serialized) struct HostileNeighbourTests {
    /// What the neighbour does alone and beside the attack; `make soak` has it go on for longer.
    private static let rounds = 24 * Soak.factor
    /// On a machine that does other things, too, what is slow once may be so for another reason.
    private static let tries = 3
    /// What the hub may have had of memory, with all that is attacked in it.
    private static let mostMebibytes = 512

    @Test(.timeLimit(.minutes(5 * Soak.factor)), arguments: Attack.all)
    func `beside an attack a neighbour is served as if it were alone`(attack: Attack) async throws {
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
        #expect(try shared.peakMebibytes < Self.mostMebibytes)
        await shared.hub.kill()
        try await receiver.close()
        try await receivers.close()
    }

    /// What the body comes to while the attack goes on, as soon as it is good, or at last.
    private static func beside(
        _ attack: Attack,
        _ attacker: Attacker,
        _ body: (Int) async throws -> GoodNeighbour.Times,
        until isGood: (GoodNeighbour.Times) -> Bool
    ) async throws -> GoodNeighbour.Times {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<attack.workers {
                group.addTask {
                    var number = worker
                    while !Task.isCancelled {
                        // A request that fails for the test's end, or the hub's refusal, is no matter.
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
