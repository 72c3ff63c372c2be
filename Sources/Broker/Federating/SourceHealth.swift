import ContextModel
import Federation
import Synchronization

/// How the registered sources answered, in this process: one that failed is left alone for a while
/// (clause 5.2.34).
final class SourceHealth: Sendable {
    private struct Key: Hashable {
        var tenant: TenantName?
        var registration: String
        var endpoint: String
    }
    private let failures = Mutex<[Key: Timestamp]>([:])
    /// The most failures that are remembered; the oldest are forgotten.
    private static let maximumFailures = 10_000

    /// Whether the source failed so short a time ago that it is not asked.
    func isCoolingDown(
        _ registration: ContextSourceRegistration,
        _ tenant: TenantName?,
        at now: Timestamp
    ) -> Bool {
        let failure = failures.withLock { $0[Self.key(registration, tenant)] }
        guard let failure else { return false }
        return now.microseconds - failure.microseconds < Self.cooldown(of: registration)
    }

    func note(
        _ problem: SourceProblem?,
        of registration: ContextSourceRegistration,
        _ tenant: TenantName?,
        at now: Timestamp
    ) {
        let key = Self.key(registration, tenant)
        failures.withLock { failures in
            guard let problem else {
                failures[key] = nil
                return
            }
            guard problem.coolsDown else { return }
            if failures.count >= Self.maximumFailures,
                let oldest = failures.min(by: { $0.value < $1.value })
            {
                failures[oldest.key] = nil
            }
            failures[key] = now
        }
    }

    private static func key(
        _ registration: ContextSourceRegistration,
        _ tenant: TenantName?
    ) -> Key {
        Key(tenant: tenant, registration: registration.id, endpoint: registration.endpoint)
    }

    /// In microseconds.
    private static func cooldown(of registration: ContextSourceRegistration) -> Int64 {
        let milliseconds =
            registration.management.cooldownMilliseconds ?? FederationLimits.cooldownMilliseconds
        return Int64(min(milliseconds, FederationLimits.maximumCooldownMilliseconds) * 1_000)
    }
}
