import ContextModel
import Governance
import Synchronization

/// What deciding the conditions of each party's subscriptions may cost the thread that writes.
///
/// The first steps of a decision are free: they cost no more than any condition. What patterns, long
/// lists and geometries take beyond them comes out of the party's allowance, which grows a little with
/// each change. Once it is used up, the party is not told of what its costly conditions cannot be
/// decided for; nobody else waits.
final class MatchingAllowances: Sendable {
    /// A few microseconds.
    static let freeSteps = 2_000
    /// What a party may spend at once: some tens of milliseconds.
    static let most = 4_000_000
    /// What comes back with each change.
    static let perChange = 100_000

    private struct Debt {
        var steps: Int
        /// How many changes there had been when it was so.
        var asOf: Int
    }
    private struct State {
        var changes = 0
        var debts: [Party: Debt] = [:]

        func debt(of party: Party) -> Int {
            guard let debt = debts[party] else { return 0 }
            return max(0, debt.steps - (changes - debt.asOf) * perChange)
        }
    }
    private let state = Mutex(State())

    /// A change is about to be matched.
    func noteChange() { state.withLock { $0.changes += 1 } }

    /// The answer of the decision; false when it takes too long.
    func decide(for party: Party, _ decision: (DecisionBudget) -> Bool) -> Bool {
        let left = Self.most - state.withLock { $0.debt(of: party) }
        let budget = DecisionBudget(steps: left + Self.freeSteps)
        let answer = decision(budget)
        let charged = min(left, budget.steps - Self.freeSteps)
        if charged > 0 {
            state.withLock {
                $0.debts[party] = Debt(steps: $0.debt(of: party) + charged, asOf: $0.changes)
            }
        }
        return answer && !budget.isSpent
    }
}
