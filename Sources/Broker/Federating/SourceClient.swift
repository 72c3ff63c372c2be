package import Federation
package import Governance

/// Sends requests to registered sources.
package protocol SourceClient: Sendable {
    /// Returns the answer of the source, which may have `maximumBytes` bytes.
    ///
    /// Throws the reason why there is none: `unreachable`, `addressRefused` or `tooMuch`. It ends
    /// soon after its task was cancelled.
    func answer(
        to request: SourceRequest,
        maximumBytes: Int,
        for sharer: Sharer
    ) async throws(SourceProblem) -> SourceAnswer
}
