/// A parameter of a statistic or of a budget that is refused.
package struct StatisticsError: Error, Hashable, CustomStringConvertible {
    /// The parameter, such as `epsilon`.
    package let member: String
    /// What is wrong with it, and what it may be.
    package let reason: String

    package var description: String { "\(member): \(reason)" }

    init(_ member: String, _ reason: String) {
        self.member = member
        self.reason = reason
    }
}
