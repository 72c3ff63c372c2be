import ContextModel
import Governance
import Synchronization

/// What deciding the conditions of each party's subscriptions may cost the thread that writes.
///
/// The first steps of a decision are free: they cost no more than any condition. What patterns, long
/// lists and geometries take beyond them, and what is free of so many decisions that it adds up, comes out
/// of the party's allowance, which grows a little with each change. Once it is used up, the party is not told of what its costly conditions cannot be
/// decided for; nobody else waits.
final class MatchingAllowances: Sendable {
    /// A few microseconds.
    static let freeSteps = 500
    /// What is free of all decisions for a party that one change asks for: some milliseconds.
    static let mostFree = 250_000
    /// What a party may spend at once: some tens of milliseconds.
    static let most = 2_000_000
    /// What comes back with each change.
    static let perChange = 50_000

    private struct Debt {
        var steps: Int
        /// How many changes there had been when it was so.
        var asOf: Int
    }
    private struct State {
        var changes = 0
        var debts: [Party: Debt] = [:]
        /// What was free since the last change.
        var free: [Party: Int] = [:]

        func debt(of party: Party) -> Int {
            guard let debt = debts[party] else { return 0 }
            return max(0, debt.steps - (changes - debt.asOf) * perChange)
        }
    }
    private let state = Mutex(State())

    /// A change is about to be matched.
    func noteChange() {
        state.withLock { state in
            state.changes += 1
            if !state.free.isEmpty { state.free.removeAll(keepingCapacity: true) }
        }
    }

    /// The answer of the decision; false when it takes too long.
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
