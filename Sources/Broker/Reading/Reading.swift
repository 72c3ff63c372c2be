import ContextModel
import Governance
import Logging
import Storage

/// The part of a hub that operations which read need: Consumption, Discovery, EntityMaps and temporal
/// queries are its methods, each in a file of its own.
package final class Reading: Sendable {
    /// What callers may do at all.
    package let access: Access
    let limits: HubLimits
    let clock: HubClock
    /// Makes the unique part of new identifiers.
    let makeIdentifier: @Sendable () -> String
    let logger: Logger

    init(
        _ access: Access,
        _ limits: HubLimits,
        _ clock: HubClock,
        _ makeIdentifier: @escaping @Sendable () -> String,
        _ logger: Logger
    ) {
        self.access = access
        self.limits = limits
        self.clock = clock
        self.makeIdentifier = makeIdentifier
        self.logger = logger
    }

    /// The right to read for this request, or the error that tells the caller why it has none.
    ///
    /// `condition` is what the caller filters by and `sortedBy` what it sorts by.
    func session(
        _ caller: Caller,
        action: Action = .read,
        condition: Condition = .everything,
        sortedBy: [IRI] = []
    ) async throws -> ReadSession {
        try condition.requirePatternsWithinLimit()
        let record = SessionRecord(access.recorder, of: caller)
        let decision = try await access.decideRead(
            caller,
            action: action,
            condition: condition,
            sortedBy: sortedBy
        )
        switch decision {
        case .grant(let grant):
            return ReadSession(try await access.existingStore(caller.tenant), grant, record)
        case .deny(let reason): throw BrokerError(reason)
        }
    }

    /// A session that reads what the hub keeps for its operator.
    ///
    /// Throws `BrokerError` when the caller is not allowed to.
    func operatorSession(_ caller: Caller) async throws -> OperatorSession {
        switch access.policy.decideAdministration(caller) {
        case .grant(let grant):
            return OperatorSession(
                try await access.existingStore(caller.tenant),
                grant,
                SessionRecord(access.recorder, of: caller)
            )
        case .deny(let reason): throw BrokerError(reason)
        }
    }
}
