internal import ContextModel
internal import GRDBSQLite

/// The moment at which the work of a connection is stopped.
///
/// SQLite checks it between its own steps, which all our walks make. A statement that ends before
/// the first check is never stopped. Decisions between the steps check a budget.
final class Deadline {
    private let moment: ContinuousClock.Instant

    init(_ moment: ContinuousClock.Instant) { self.moment = moment }

    fileprivate var hasPassed: Bool { ContinuousClock.now >= moment }

    /// A budget that is spent when the deadline has passed, for decisions that may take long.
    var budget: DecisionBudget { DecisionBudget { [self] in !hasPassed } }
}

extension Connection {
    /// Runs the body; a statement that is still running at the deadline throws `.tookTooLong`.
    func until<Answer>(_ deadline: Deadline, _ body: () throws -> Answer) rethrows -> Answer {
        sqlite3_progress_handler(
            handle,
            Limits.stepsBetweenLooks,
            { deadline in
                guard let deadline else { return 0 }
                return Unmanaged<Deadline>.fromOpaque(deadline).takeUnretainedValue().hasPassed
                    ? 1 : 0
            },
            Unmanaged.passUnretained(deadline).toOpaque()
        )
        defer {
            sqlite3_progress_handler(handle, 0, nil, nil)
            withExtendedLifetime(deadline) {}
        }
        return try body()
    }
}
