import Chance
import ContextModel
import Glibc
import NIOHTTP1
import Processes
import Synchronization
import Testing

/// The hub is told to stop while clients write.
@Suite struct StopTests {
    @Test(arguments: [SIGTERM, SIGINT], 1...5)
    func `a hub that is stopped keeps what it accepted and exits with 0`(
        signal: Int32,
        turn: Int
    ) async throws {
        let folder = try TestFolder()
        try await HubClient.with { client in
            let hub = try await RealHub(folder: folder)
            let countdown = Countdown(turn * 40) { hub.process.send(signal) }
            var lanes = Lanes<EntityLoad>(6, seed: Soak.seed)
            lanes = await lanes.loaded(hub, client, countdown)
            #expect(await hub.process.ended() == .exited(0), "\(hub.process.errors)")

            let next = try await RealHub(folder: folder)
            let stored = StoredState(hub: next, client: client)
            try await lanes.check(stored)
            #expect(await next.stop() == .exited(0))
        }
    }
}
