/// What deciding conditions may cost, in steps of two to twenty nanoseconds.
///
/// Every loop whose length a stranger chooses counts its steps here: over the bytes that a pattern
/// is tried on, the values that are compared, the positions of geometries. When the budget is spent
/// such a loop ends with any answer, and whoever made the budget asks `isSpent` and does not use it.
/// One thread at a time uses it.
package final class DecisionBudget {
    /// How often `mayGoOn` is asked: each millisecond or oftener.
    private static let stepsBetweenLooks = 65_536

    private let mayGoOn: () -> Bool
    private var stepsLeft: Int
    private var stepsGranted: Int
    package private(set) var isSpent = false

    /// A number of steps: the same wherever it runs.
    package init(steps: Int) {
        mayGoOn = { false }
        stepsLeft = steps
        stepsGranted = steps
    }

    /// As many steps as are made until the closure says no.
    package init(while mayGoOn: @escaping () -> Bool) {
        self.mayGoOn = mayGoOn
        stepsLeft = Self.stepsBetweenLooks
        stepsGranted = stepsLeft
    }

    /// The steps that were asked for so far.
    package var steps: Int { stepsGranted - stepsLeft }

    /// Whether so many more steps may be made.
    package func allows(_ steps: Int) -> Bool {
        stepsLeft -= steps
        return (stepsLeft >= 0 && !isSpent) || isExtended()
    }

    /// Ends the decision, which would take longer than any may.
    package func exhaust() { isSpent = true }

    private func isExtended() -> Bool {
        guard !isSpent, mayGoOn() else {
            isSpent = true
            return false
        }
        stepsGranted += Self.stepsBetweenLooks - stepsLeft
        stepsLeft = Self.stepsBetweenLooks
        return true
    }
}
