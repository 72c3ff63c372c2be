package import Federation
package import Governance

/// Sends requests to registered sources.
package protocol SourceClient: Sendable {
    /// The answer of a source, of at most so many bytes.
    ///
    /// Throws the reason why there is none: `unreachable`, `addressRefused` or `tooMuch`. It ends
    /// soon after its task was cancelled.
    func answer(
        to request: SourceRequest,
        maximumBytes: Int,
        for sharer: Sharer
    ) async throws(SourceProblem) -> SourceAnswer
}
