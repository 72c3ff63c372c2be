/// A limit on the cost of deciding conditions, in steps of two to twenty nanoseconds.
///
/// Every loop whose length a request determines counts its steps here: over the bytes that a
/// pattern is searched in, the values that are compared, the positions of geometries. Once the
/// budget is spent, such loops end with any answer. So the owner of the budget must check
/// `isSpent` before using the answer.
///
/// One thread at a time may use it.
package final class DecisionBudget {
    /// The steps between two calls of `mayGoOn`: at most about a millisecond.
    private static let stepsBetweenLooks = 65_536

    private let mayGoOn: () -> Bool
    private var stepsLeft: Int
    private var stepsGranted: Int
    package private(set) var isSpent = false

    /// Creates a budget of a fixed number of steps, which is the same on every machine.
    package init(steps: Int) {
        mayGoOn = { false }
        stepsLeft = steps
        stepsGranted = steps
    }

    /// Creates a budget that lasts until the closure returns false.
    package init(while mayGoOn: @escaping () -> Bool) {
        self.mayGoOn = mayGoOn
        stepsLeft = Self.stepsBetweenLooks
        stepsGranted = stepsLeft
    }

    /// The number of steps counted so far.
    package var steps: Int { stepsGranted - stepsLeft }

    /// Counts `steps`; returns whether they are within the budget.
    package func allows(_ steps: Int) -> Bool {
        stepsLeft -= steps
        return (stepsLeft >= 0 && !isSpent) || isExtended()
    }

    /// Spends the rest of the budget, to stop a decision that would take too long.
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
