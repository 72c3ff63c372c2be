import ContextModel
import Federation
import Governance
import Synchronization

/// How the registered sources answered, in this process: one that failed is left alone for a while
/// (clause 5.2.34).
///
/// A source that fails again when it is asked after that is left alone for twice as long, so that one that
/// is gone costs ever fewer questions their time. A registration that has a cooldown of its own is taken
/// at its word.
final class SourceHealth: Sendable {
    private struct Key: Hashable {
        var tenant: TenantName?
        var registration: String
        var endpoint: String
        /// Who had the answer that was a failure of this question alone; nil for everybody.
        var asker: Sharer?
    }
    private struct Failure {
        var time: Timestamp
        /// Failures in a row, this one among them.
        var count: Int
    }
    private let failures = Mutex<[Key: Failure]>([:])
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
        let found = failures.withLock { failures in keys.compactMap { failures[$0] } }
        return found.contains { Self.isCooling($0, registration, at: now) }
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
            let known = failures[key]
            if known == nil, failures.count >= Self.maximumFailures,
                let oldest = failures.min(by: { $0.value.time < $1.value.time })
            {
                failures[oldest.key] = nil
            }
            // A question that had been sent before the source failed does not count as another failure.
            if let known, Self.isCooling(known, registration, at: now) { return }
            failures[key] = Failure(time: now, count: (known?.count ?? 0) + 1)
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

    private static func isCooling(
        _ failure: Failure,
        _ registration: ContextSourceRegistration,
        at now: Timestamp
    ) -> Bool {
        now.microseconds - failure.time.microseconds
            < cooldown(of: registration, after: failure.count)
    }

    /// In microseconds.
    private static func cooldown(
        of registration: ContextSourceRegistration,
        after failures: Int
    ) -> Int64 {
        let milliseconds: Double
        if let own = registration.management.cooldownMilliseconds {
            milliseconds = min(own, FederationLimits.maximumCooldownMilliseconds)
        } else {
            let doubled = FederationLimits.cooldownMilliseconds * Double(1 << min(failures - 1, 20))
            milliseconds = min(doubled, FederationLimits.longestCooldownMilliseconds)
        }
        return Int64(milliseconds * 1_000)
    }
}
