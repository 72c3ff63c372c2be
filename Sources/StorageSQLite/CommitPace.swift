/// Decides how long a commit waits for more requests.
///
/// Callers who were answered together mostly send their next requests together. On a slow disk,
/// one commit for all of them takes less time than two commits for half of them each. So a commit
/// waits for as many requests as came lately, but not longer than the last commit took. A single
/// caller never waits.
///
/// `@unchecked Sendable`: its state is used on the queue of the committer, or of the record's writer, alone.
final class CommitPace: @unchecked Sendable {
    /// The number of requests that the last commit answered or left waiting.
    private var expected = 0
    private var lastCommit = Duration.zero

    /// Returns how many more requests to wait for, and how long; nil to commit now.
    func wait(gathered: Int, elapsed: Duration) -> (requests: Int, duration: Duration)? {
        let missing = min(expected, Limits.requestsPerCommit) - gathered
        let left = min(lastCommit, Limits.gathering) - elapsed
        guard expected >= Limits.requestsWorthWaiting, missing > 0, left > .zero else { return nil }
        // Waits for half of them at a time, so that the first run while the others arrive.
        return (max(missing / 2, min(missing, Limits.requestsWorthWaking)), left)
    }

    func committed(_ requests: Int, leaving waiting: Int, took duration: Duration) {
        expected = requests + waiting
        lastCommit = duration
    }
}
