import Storage
import Synchronization

/// What a follower knows of the change feed of one tenant, and who waits for what comes next.
struct FollowedTenant {
    struct Name: Hashable {
        var kind: Document.Kind
        var id: String
    }

    /// The number of the last change that was applied; nil when nothing is known yet.
    var number: Int64?
    /// Whether the feed could not be read or applied the last time.
    var isBehind = false
    /// Documents that are to be told of with the next page, whether they have changed or not.
    var again: Set<Name> = []
    /// Changes of callers that were not applied yet, also of those who have not entered.
    private var own: [OwnChanges] = []
    /// The number up to which the round that runs applies all changes, if it does not fail.
    private var covered: Int64 = 0
    /// Whether the store is to be asked: a caller waits who does not know what the feed says, or the last
    /// round has failed, which was to serve callers who wait for the next one as well.
    private var mustAsk = false
    /// The round that runs, and the one that begins when it is over.
    private(set) var current: FollowerRound?
    private(set) var next: FollowerRound?

    // MARK: Callers

    /// What a caller has to do.
    enum Entry {
        /// Nothing: its changes are applied.
        case isApplied
        /// To wait for a round that somebody else runs.
        case waits(FollowerRound)
        /// To run a round when the one before is over; `isKnown` if the store need not be asked.
        case runs(FollowerRound, after: FollowerRound?, isKnown: Bool)
    }

    /// Notes what a change has added to the feed, before its maker enters.
    mutating func note(_ own: OwnChanges) {
        if let number, own.numbers.upperBound <= number { return }
        self.own.append(own)
    }

    /// Takes a caller in, with what its change added to the feed, if it knows.
    mutating func enter(with own: OwnChanges?) -> Entry {
        if let own {
            let last = own.numbers.upperBound
            if let number, last <= number { return .isApplied }
            if let current, last <= covered { return .waits(current) }
            if !self.own.contains(where: { $0.numbers == own.numbers }) { self.own.append(own) }
        } else {
            mustAsk = true
        }
        // It has not begun, so it will know of all that there is now.
        if let next { return .waits(next) }
        let round = FollowerRound()
        if let current {
            next = round
            return .runs(round, after: current, isKnown: false)
        }
        current = round
        return .runs(round, after: nil, isKnown: known != nil)
    }

    /// What comes next, if callers know all of it.
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

    /// Begins a round: it serves all who have entered.
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

/// One look at the feed of a tenant, for all who wait for it.
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

    /// Waits until the round is over; throws what it failed with.
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
