package import Federation
package import Governance
package import HubNetwork

/// Sends requests to registered sources.
package protocol SourceClient: Sendable {
    /// Returns the answer of the source, which may have `maximumBytes` bytes, taken from the memory
    /// as they arrive. With a
    /// signer, the request is signed by this hub.
    ///
    /// Throws the reason why there is none: `unreachable`, `addressRefused`, `tooMuch`, or `busy`
    /// where the memory has no room. It ends soon after its task was cancelled.
    func answer(
        to request: SourceRequest,
        maximumBytes: Int,
        in memory: AnswerMemory,
        for sharer: Sharer,
        signedBy signer: RequestSigner?
    ) async throws(SourceProblem) -> SourceAnswer
}
