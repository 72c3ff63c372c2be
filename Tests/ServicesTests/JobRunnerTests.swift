import Services
import Synchronization
import Testing

@Suite struct JobRunnerTests {
    private struct Mishap: Error {}

    private final class Tally: Sendable {
        private let count = Mutex(0)
        func add() -> Int {
            count.withLock { count in
                count += 1
                return count
            }
        }
        var value: Int { count.withLock { $0 } }
    }

    private func run(_ jobs: [ServiceJob], pauses: Int) async -> [String] {
        var module = LampReports()
        module.jobs = jobs
        let city = CityHub([module], pauses: pauses)
        await JobRunner(module, city.context(of: module)).run()
        return city.told.lines
    }

    @Test func `a job that ends is not started again, and the runner ends with the last`() async {
        let tally = Tally()
        let jobs = (0..<3).map { number in ServiceJob("job \(number)") { _ in _ = tally.add() } }
        #expect(await run(jobs, pauses: 5).isEmpty)
        #expect(tally.value == 3)
    }

    @Test func `a job that fails is started again after a pause, and its error is logged`() async {
        let tally = Tally()
        let job = ServiceJob("lamps") { _ in if tally.add() < 3 { throw Mishap() } }
        let told = await run([job], pauses: 5)
        #expect(tally.value == 3)
        #expect(told == [String](repeating: "the job 'lamps' failed: Mishap()", count: 2))
    }

    @Test func `a hub that is stopping starts no job again`() async {
        let tally = Tally()
        let job = ServiceJob("lamps") { _ in
            _ = tally.add()
            throw Mishap()
        }
        _ = await run([job], pauses: 0)
        #expect(tally.value == 1)
    }
}
