import ContextModel
import Governance
import Synchronization

/// Limits the time that the conditions of each party's subscriptions take on the writing thread.
///
/// The first steps of each decision are free. The steps of patterns, long lists and geometries
/// beyond them, and free steps of very many decisions, are taken from the party's allowance, which
/// grows a little with each change. When it is used up, changes do not notify the party where its
/// conditions cannot be decided; others are not affected.
final class MatchingAllowances: Sendable {
    /// The free steps of a decision: a few microseconds.
    static let freeSteps = 500
    /// The free steps for all decisions of a party about one change: some milliseconds.
    static let mostFree = 250_000
    /// The largest allowance: some tens of milliseconds.
    static let most = 2_000_000
    /// The growth with each change.
    static let perChange = 50_000

    private struct Debt {
        var steps: Int
        /// The number of changes at its last update.
        var asOf: Int
    }
    private struct State {
        var changes = 0
        var debts: [Party: Debt] = [:]
        /// The free steps used since the last change.
        var free: [Party: Int] = [:]

        func debt(of party: Party) -> Int {
            guard let debt = debts[party] else { return 0 }
            return max(0, debt.steps - (changes - debt.asOf) * perChange)
        }
    }
    private let state = Mutex(State())

    /// Notes that a change is about to be matched.
    func noteChange() {
        state.withLock { state in
            state.changes += 1
            if !state.free.isEmpty { state.free.removeAll(keepingCapacity: true) }
        }
    }

    /// Runs the decision within the party's allowance; false when it takes too long.
    func decide(for party: Party, _ decision: (DecisionBudget) -> Bool) -> Bool {
        let (left, free) = state.withLock { state in
            let free = Self.mostFree - state.free[party, default: 0]
            return (Self.most - state.debt(of: party), min(free, Self.freeSteps))
        }
        let budget = DecisionBudget(steps: left + free)
        let answer = decision(budget)
        let charged = min(left, budget.steps - free)
        state.withLock { state in
            state.free[party, default: 0] += min(budget.steps, free)
            guard charged > 0 else { return }
            state.debts[party] = Debt(steps: state.debt(of: party) + charged, asOf: state.changes)
        }
        return answer && !budget.isSpent
    }
}
