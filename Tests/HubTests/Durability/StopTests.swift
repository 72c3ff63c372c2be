import Chance
import ContextModel
import Glibc
import NIOHTTP1
import Synchronization
import Testing

/// The hub is told to stop while clients write.
@Suite struct StopTests {
    @Test(arguments: [SIGTERM, SIGINT], 1...5)
    func `a hub told to stop keeps what it accepted and exits with 0`(
        signal: Int32,
        turn: Int
    ) async throws {
        let folder = try TestFolder()
        try await HubClient.with { client in
            let hub = try await RealHub(folder: folder)
            let countdown = Countdown(turn * 40) { hub.process.send(signal) }
            var lanes = (0..<6).map { Lane(number: $0, seed: Soak.seed) }
            lanes = await withTaskGroup(of: (Int, Lane).self) { group in
                for (index, lane) in lanes.enumerated() {
                    group.addTask {
                        var lane = lane
                        await lane.load(hub, client) { countdown.tick() }
                        return (index, lane)
                    }
                }
                return await group.reduce(into: lanes) { $0[$1.0] = $1.1 }
            }
            #expect(await hub.process.ended() == .exited(0), "\(hub.process.errors)")

            let next = try await RealHub(folder: folder)
            let stored = StoredState(hub: next, client: client)
            for index in lanes.indices { try await lanes[index].check(stored) }
            #expect(await next.stop() == .exited(0))
        }
    }
}
