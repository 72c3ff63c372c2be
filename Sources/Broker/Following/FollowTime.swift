import ContextModel
import Governance

/// How rules come into force and go out of force by themselves: at the moments that they name.
extension Following {
    /// How long one sleep lasts at most.
    private static let longestSleepMicroseconds: Int64 = 3_600_000_000

    /// Puts rules into force and out of force at their moments, until the task is cancelled.
    ///
    /// A decision goes by the clock whether this runs or not; this is for those who wait for a change, and
    /// for a clock that is set back.
    func followTime() async {
        let signals = rules.makeSignals()
        var sleeper = Task { await self.sleepThroughRules() }
        for await _ in signals {
            sleeper.cancel()
            sleeper = Task { await self.sleepThroughRules() }
        }
        sleeper.cancel()
        await sleeper.value
    }

    private func sleepThroughRules() async {
        while !Task.isCancelled, let next = rules.advance(to: clock()) {
            // Where the clock was set back, the time that has passed counts on from what it was before.
            let start = rules.latestMoment.microseconds
            let sleep = min(max(next.microseconds - start, 0), Self.longestSleepMicroseconds)
            guard (try? await clock.sleep(for: .microseconds(sleep))) != nil else { return }
            rules.advance(to: Timestamp(microseconds: start + sleep))
        }
    }
}
