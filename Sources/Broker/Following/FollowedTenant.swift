import Storage
import Synchronization

/// The progress of a follower in the change feed of one tenant, and the callers that wait for the
/// next page.
struct FollowedTenant {
    struct Name: Hashable {
        var kind: Document.Kind
        var id: String
    }

    /// The number of the last change that was applied; nil when nothing is known yet.
    var number: Int64?
    /// Whether the feed could not be read or applied in the last round.
    var isBehind = false
    /// Documents to include in the next page, whether they have changed or not.
    var again: Set<Name> = []
    /// The changes of callers that are not applied yet, including those of callers that have not
    /// entered.
    private var own: [OwnChanges] = []
    /// The number up to which the present round applies all changes, if it succeeds.
    private var covered: Int64 = 0
    /// Whether the next round must ask the store: a caller waits that does not know its own
    /// changes, or the last round failed, whose callers the next one serves as well.
    private var mustAsk = false
    /// The present round, and the one that follows it.
    private(set) var current: FollowerRound?
    private(set) var next: FollowerRound?

    // MARK: Callers

    /// What a caller has to do.
    enum Entry {
        /// Nothing: its changes are applied.
        case isApplied
        /// Wait for a round that another caller runs.
        case waits(FollowerRound)
        /// Run a round after the present one; `isKnown` if the store need not be asked.
        case runs(FollowerRound, after: FollowerRound?, isKnown: Bool)
    }

    /// Notes what a change added to the feed, before its caller enters.
    mutating func note(_ own: OwnChanges) {
        if let number, own.numbers.upperBound <= number { return }
        self.own.append(own)
    }

    /// Enters a caller, with what its change added to the feed, if it knows.
    mutating func enter(with own: OwnChanges?) -> Entry {
        if let own {
            let last = own.numbers.upperBound
            if let number, last <= number { return .isApplied }
            if let current, last <= covered { return .waits(current) }
            if !self.own.contains(where: { $0.numbers == own.numbers }) { self.own.append(own) }
        } else {
            mustAsk = true
        }
        // This round has not begun, so it will apply all that is known now.
        if let next { return .waits(next) }
        let round = FollowerRound()
        if let current {
            next = round
            return .runs(round, after: current, isKnown: false)
        }
        current = round
        return .runs(round, after: nil, isKnown: known != nil)
    }

    /// The changes that follow, if callers have noted all of them.
    private var known: OwnChanges? {
        guard !mustAsk, again.isEmpty, let number else { return nil }
        return .following(number, in: own)
    }

    // MARK: Rounds

    /// What a round has to do.
    enum Step {
        case nothing
        case apply(OwnChanges)
        case ask
    }

    /// Begins a round, for all callers that have entered.
    mutating func begin() -> Step {
        if let number { own.removeAll { $0.numbers.upperBound <= number } }
        covered = own.map(\.numbers.upperBound).max() ?? 0
        defer {
            own = []
            mustAsk = false
        }
        if let known { return .apply(known) }
        return mustAsk || !own.isEmpty ? .ask : .nothing
    }

    /// Ends a round.
    mutating func end(hasFailed: Bool) {
        current = next
        next = nil
        covered = 0
        isBehind = hasFailed
        if hasFailed { mustAsk = true }
    }
}

/// One reading of a tenant's feed, for all callers that wait for it.
final class FollowerRound: Sendable {
    private enum State {
        case runs(waiting: [CheckedContinuation<Void, any Error>])
        case isOver(Result<Void, any Error>)
    }
    private let state = Mutex(State.runs(waiting: []))

    func end(_ result: Result<Void, any Error>) {
        let waiting = state.withLock { state -> [CheckedContinuation<Void, any Error>] in
            defer { state = .isOver(result) }
            return if case .runs(let waiting) = state { waiting } else { [] }
        }
        for one in waiting { one.resume(with: result) }
    }

    /// Waits until the round is over; throws its error.
    func wait() async throws {
        try await withCheckedThrowingContinuation { continuation in
            let result = state.withLock { state -> Result<Void, any Error>? in
                switch state {
                case .isOver(let result): return result
                case .runs(let waiting):
                    state = .runs(waiting: waiting + [continuation])
                    return nil
                }
            }
            if let result { continuation.resume(with: result) }
        }
    }
}
