import Chance
import Foundation
import Processes
import Testing

/// Simulates minutes of a city's hub with two processes that stop and start at random, with a
/// virtual clock and a chosen order of all tasks (`Tests/Simulation`).
@Suite struct SimulationTests {
    /// The number of seeds in `make test`; `make soak` runs more.
    private static let seeds = 4 * UInt64(Soak.factor)
    private static let seconds = 300

    @Test(.timeLimit(.minutes(5 * Soak.factor)))
    func `two processes of a hub deliver everything once and in order, in any schedule`()
        async throws
    {
        for seed in Soak.seed..<Soak.seed + Self.seeds {
            let life = try await Self.live(from: seed)
            #expect(life.faults.isEmpty, "seed \(seed): \(life.faults)")
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func `the whole hub does the same with the same seed, and something else with another`()
        async throws
    {
        let first = try await Self.live(from: 1)
        #expect(try await Self.live(from: 1).trace == first.trace)
        #expect(try await Self.live(from: 2).trace != first.trace)
        #expect(first.trace.contains(" restarts"))
    }

    /// The output of a simulation: its events and its errors.
    private static func live(from seed: UInt64) async throws -> (trace: String, faults: String) {
        let folder = try TestFolder()
        let process = try ChildProcess(
            program: ChildProcess.product("Simulation").path,
            ["\(seed)", "\(seconds)"],
            environment: ["SWIFT_DETERMINISTIC_HASHING": "1"],
            log: folder.path + "/faults"
        )
        let trace = process.readRest()
        let ending = await process.ended()
        let faults = process.errors
        #expect(ending == .exited(0), "seed \(seed): \(faults)")
        return (trace, faults)
    }
}
