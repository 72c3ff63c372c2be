import Chance
import FuzzTargets
import Testing

@Suite struct MutationTests {
    private static let inputs = 500 * Soak.factor
    /// Far longer than any of them takes on the slowest machine.
    private static let patience = Duration.seconds(5)

    @Test(arguments: FuzzTarget.all)
    func `good inputs are accepted`(target: FuzzTarget) throws {
        for seed in target.seeds {
            #expect(try target.read(seed), "\(String(decoding: seed, as: UTF8.self))")
        }
    }

    @Test(arguments: FuzzTarget.all)
    func `damaged inputs are quick, stop nothing, and keep their meaning when read again`(
        target: FuzzTarget
    ) {
        // Printed first: a reader that stops the program leaves no time for it.
        print("seed of the damage to \(target.name): \(Soak.seed) (BALAI_TEST_SEED)")
        var generator = SeededGenerator(seed: Soak.seed)
        let mutation = Mutation(of: target.seeds)
        for _ in 0..<Self.inputs {
            let input = mutation.next(&generator)
            let text = String(decoding: input.prefix(400), as: UTF8.self)
            let took = ContinuousClock().measure {
                do throws(BrokenPromise) {
                    _ = try target.read(input)
                } catch {
                    Issue.record("\(text.debugDescription): \(error)")
                }
            }
            #expect(took < Self.patience, "\(text.debugDescription)")
        }
    }
}
