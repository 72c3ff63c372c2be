import ContextModel
package import Governance
import Storage

extension Snapshotting {
    /// Purge Snapshots (clause 5.16.7): deletes the caller's snapshots that a query over their
    /// members finds.
    package func purgeSnapshots(where q: String, caller: Caller) async throws {
        let condition = try Self.condition(onSnapshots: q)
        _ = try await reading.session(caller)
        let now = clock()
        let budget = DecisionBudget(steps: RegistrationQuery.maximumSteps)
        let found = snapshots.all.filter {
            $0.key.owner == caller.party && $0.key.tenant == caller.tenant && $0.expiresAt > now
                && condition.matches($0.entity, within: budget)
        }
        guard !budget.isSpent else {
            throw BrokerError(.tooComplexQuery, "The query '\(q)' takes too long.")
        }
        guard !found.isEmpty else {
            throw BrokerError(.resourceNotFound, "The query '\(q)' finds no snapshot of yours.")
        }
        for snapshot in found { try await remove(snapshot) }
    }

    private static func condition(onSnapshots q: String) throws(BrokerError) -> PreparedCondition {
        let condition: Condition
        do throws(ConditionError) {
            condition = try QParser(expansion: LDContext.core).parse(q)
        } catch {
            throw BrokerError(error)
        }
        try condition.requirePatternsWithinLimit()
        let members = Set(snapshotMembers.map { LDContext.core.expand($0) })
        if let name = condition.attributeNames.first(where: { !members.contains($0) }) {
            throw BrokerError(
                .badRequestData,
                "A snapshot has no member '\(LDContext.core.compact(name))' to query by."
            )
        }
        return PreparedCondition(condition)
    }

    private static let snapshotMembers = [
        "id", "type", "snapshotQueries", "snapshotTemporalQueries", "snapshotLifetime",
        "snapshotPriority", "endpoint", "receiverInfo", "snapshotStatus",
        "snapshotQueriesDetails", "snapshotTemporalQueriesDetails", "lastUsedAt",
    ]
}
