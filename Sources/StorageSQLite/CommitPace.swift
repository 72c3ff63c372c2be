/// How long a commit waits for more requests.
///
/// Callers who were answered together mostly ask again together. On a slow disk one commit for all
/// of them takes less time than two for half of them each; so a commit waits for as many requests
/// as there lately were, though no longer than the last commit took. A lone caller never waits.
///
/// What it has learned about commits is used on the committer's queue alone.
final class CommitPace: @unchecked Sendable {
    /// Requests that the last commit answered or left waiting.
    private var expected = 0
    private var lastCommit = Duration.zero

    /// How many more requests to wait for, and how long; nil to commit now.
    func wait(gathered: Int, elapsed: Duration) -> (requests: Int, duration: Duration)? {
        let missing = min(expected, Limits.requestsPerCommit) - gathered
        let left = min(lastCommit, Limits.gathering) - elapsed
        guard expected >= Limits.requestsWorthWaiting, missing > 0, left > .zero else { return nil }
        // Half of them at a time, so that the first are run while the last are on their way.
        return (max(missing / 2, min(missing, Limits.requestsWorthWaking)), left)
    }

    func committed(_ requests: Int, leaving waiting: Int, took duration: Duration) {
        expected = requests + waiting
        lastCommit = duration
    }
}
