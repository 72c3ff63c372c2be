import ContextModel
import Federation
import Governance
import Synchronization

/// How the registered sources answered, in this process: one that failed is left alone for a while
/// (clause 5.2.34).
final class SourceHealth: Sendable {
    private struct Key: Hashable {
        var tenant: TenantName?
        var registration: String
        var endpoint: String
        /// Who had the answer that was a failure of this question alone; nil for everybody.
        var asker: Sharer?
    }
    private let failures = Mutex<[Key: Timestamp]>([:])
    /// The most failures that are remembered; the oldest are forgotten.
    private static let maximumFailures = 10_000

    /// Whether the source failed so recently that it is not asked.
    ///
    /// A change is sent nevertheless, unless the registration sets a cooldown: a question can be
    /// asked again later, but a change that is not sent is lost.
    func isCoolingDown(
        _ registration: ContextSourceRegistration,
        _ caller: Caller,
        isChange: Bool,
        at now: Timestamp
    ) -> Bool {
        if isChange, registration.management.cooldownMilliseconds == nil { return false }
        let keys = Self.keys(registration, caller)
        let failure = failures.withLock { failures in keys.compactMap { failures[$0] }.max() }
        guard let failure else { return false }
        return now.microseconds - failure.microseconds < Self.cooldown(of: registration)
    }

    func note(
        _ problem: SourceProblem?,
        of registration: ContextSourceRegistration,
        _ caller: Caller,
        at now: Timestamp
    ) {
        let keys = Self.keys(registration, caller)
        failures.withLock { failures in
            guard let problem else {
                for key in keys { failures[key] = nil }
                return
            }
            let key: Key
            switch problem.cooling {
            case .nobody: return
            case .everybody: key = keys[0]
            case .asker: key = keys[1]
            }
            if failures.count >= Self.maximumFailures,
                let oldest = failures.min(by: { $0.value < $1.value })
            {
                failures[oldest.key] = nil
            }
            failures[key] = now
        }
    }

    /// For everybody, and for the caller.
    private static func keys(
        _ registration: ContextSourceRegistration,
        _ caller: Caller
    ) -> [Key] {
        let key = Key(
            tenant: caller.tenant,
            registration: registration.id,
            endpoint: registration.endpoint
        )
        var own = key
        own.asker = caller.sharer
        return [key, own]
    }

    /// In microseconds.
    private static func cooldown(of registration: ContextSourceRegistration) -> Int64 {
        let milliseconds =
            registration.management.cooldownMilliseconds ?? FederationLimits.cooldownMilliseconds
        return Int64(min(milliseconds, FederationLimits.maximumCooldownMilliseconds) * 1_000)
    }
}
