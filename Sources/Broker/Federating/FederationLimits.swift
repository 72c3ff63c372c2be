/// The limits of requests to other sources.
package enum FederationLimits {
    /// How long a source may take, unless its registration says otherwise, and at most.
    package static let timeoutMilliseconds = 5_000.0
    package static let maximumTimeoutMilliseconds = 30_000.0
    /// How long a source is not asked after a failure, and after ever more of them in a row, unless its
    /// registration says otherwise; and at most.
    package static let cooldownMilliseconds = 10_000.0
    package static let longestCooldownMilliseconds = 300_000.0
    package static let maximumCooldownMilliseconds = 3_600_000.0
    /// The most bytes of what one source answers to one question, on all pages.
    package static let maximumAnswerBytes = 16 << 20
    /// The most bytes of what sources have answered that are in memory at once.
    ///
    /// They are shared out among the parties. Read, they take several times as much.
    package static let maximumBytes = 128 << 20
    /// The most requests to sources that are under way at once; shared out among the parties.
    package static let maximumQuestions = 1_024
    /// The most different `@context`s of what one source answers to one question.
    package static let maximumContexts = 16
    /// The entities of a page that is asked of a source.
    package static let pageEntities = 1_000
    /// The histories of a page that is asked of a source: the rest of long ones is asked for by their
    /// identifiers.
    package static let pageHistories = 100
    /// The most instances of the hub's own histories that are put together with those of sources.
    package static let maximumOwnInstances = 100_000
    /// The most sources that a request has come through and that it is passed on from.
    package static let maximumHops = 10
}
