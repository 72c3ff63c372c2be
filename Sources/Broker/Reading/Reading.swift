import ContextModel
import Governance
import Logging
import Storage

/// The part of a hub with the operations that read (Consumption, Discovery, EntityMaps and
/// temporal queries), each in its own file.
package final class Reading: Sendable {
    /// What callers may do.
    package let access: Access
    let limits: HubLimits
    let clock: HubClock
    /// Creates the unique part of new identifiers.
    let makeIdentifier: @Sendable () -> String
    let logger: Logger
    /// Which entities changed last, for listeners.
    let watch: ChangeWatch
    let positions: NewsPositionSeal
    /// Asks registered sources.
    let federating: Federating

    init(
        _ access: Access,
        _ limits: HubLimits,
        _ identity: HubIdentity,
        _ clock: HubClock,
        _ makeIdentifier: @escaping @Sendable () -> String,
        _ logger: Logger,
        _ federating: Federating
    ) {
        self.federating = federating
        self.access = access
        self.limits = limits
        self.clock = clock
        self.makeIdentifier = makeIdentifier
        self.logger = logger
        positions = NewsPositionSeal(identity, epoch: clock().microseconds)
        watch = ChangeWatch(epoch: positions.epoch)
    }

    /// A session to read for this request; throws with the reason when the caller may not.
    ///
    /// The caller filters by `condition` and sorts by `sortedBy`.
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

    /// A session to read what the hub stores for its operator.
    ///
    /// Throws `BrokerError` when the caller may not.
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
