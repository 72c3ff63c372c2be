package import Governance
import Synchronization

/// What all requests to sources that are under way may use, shared out among the parties, and among
/// addresses without a token.
final class SourceShares: Sendable {
    private let questions = Mutex(PartyShares(capacity: FederationLimits.maximumQuestions))
    private let bytes = Mutex(PartyShares(capacity: FederationLimits.maximumBytes))

    /// Takes a place for a request to a source; false when the sharer has its full share.
    ///
    /// Call `endQuestion` afterwards.
    func beginQuestion(for sharer: Sharer) -> Bool {
        questions.withLock { $0.takeIfFair(sharer) }
    }

    func endQuestion(for sharer: Sharer) { questions.withLock { $0.giveBack(sharer) } }

    fileprivate func take(_ count: Int, for sharer: Sharer) -> Bool {
        bytes.withLock { $0.takeIfFair(sharer, count) }
    }

    fileprivate func giveBack(_ count: Int, for sharer: Sharer) {
        bytes.withLock { $0.giveBack(sharer, count) }
    }
}

/// The memory of what sources answer to one request of a caller: it is counted as it arrives, and
/// freed when this is released.
package final class AnswerMemory: Sendable {
    private let shares: SourceShares
    private let sharer: Sharer
    private let held = Mutex(0)

    init(_ shares: SourceShares, of sharer: Sharer) {
        self.shares = shares
        self.sharer = sharer
    }

    /// Memory of its own, which is shared with nobody.
    package convenience init(for sharer: Sharer) { self.init(SourceShares(), of: sharer) }

    /// Takes this many bytes; false when they are beyond the sharer's share.
    package func take(_ bytes: Int) -> Bool {
        guard shares.take(bytes, for: sharer) else { return false }
        held.withLock { $0 += bytes }
        return true
    }

    deinit {
        let bytes = held.withLock(\.self)
        if bytes > 0 { shares.giveBack(bytes, for: sharer) }
    }
}
