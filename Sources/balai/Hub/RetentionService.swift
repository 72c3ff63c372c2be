import ContextModel
import Governance
import Logging
import ServiceLifecycle
import Storage

/// Thins and removes old history of every tenant, a bounded step at a time, while the hub runs.
struct RetentionService: Service {
    let store: any Store
    /// What the configuration says now.
    let rules: @Sendable () -> [RetentionRule]
    /// What a tenant's classification says, the shortest time first.
    let classified: @Sendable (TenantName?) async throws -> [RetentionRule]
    let clock: @Sendable () -> Timestamp
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            repeat {
                await pass()
            } while (try? await Task.sleep(for: Self.interval)) != nil
        }
    }

    private static let interval = Duration.seconds(3600)

    /// Makes a pass over all tenants; a tenant that fails is tried again in the next pass.
    func pass() async {
        for name in [nil] + (await store.tenantNames) {
            let kept: [RetentionRule]
            do { kept = try await classified(name) } catch {
                logger.error("old history was not looked at, for the rules are not known: \(error)")
                continue
            }
            for rules in Self.passes(rules(), classified: kept) {
                do {
                    let count = try await store.tenant(name)?
                        .retain(rules, now: clock(), grant: InternalGrant(.retention))
                    guard let count, count > 0 else { continue }
                    logger.info(
                        "old history removed",
                        metadata: ["tenant": "\(name?.text ?? "default")", "instances": "\(count)"]
                    )
                } catch {
                    logger.error("old history could not be removed: \(error)")
                }
            }
        }
    }

    /// Splits the rules into passes for thinning and for removing, because a store applies one
    /// rule to a type.
    ///
    /// A type with a rule for one effect alone must not fall under the other effect's rule for all
    /// types: it gets a rule there that never applies.
    ///
    /// Of what the configuration and the classification say of a type, the shorter time counts.
    static func passes(
        _ rules: [RetentionRule],
        classified: [RetentionRule] = []
    ) -> [[RetentionRule]] {
        let own = rules.filter { $0.effect == .remove && $0.type != nil }
        let removing =
            (own + classified).sorted { $0.ageMicroseconds < $1.ageMicroseconds }
            + rules.filter { $0.effect == .remove && $0.type == nil }
        let thinning = rules.filter { $0.effect != .remove }
        return [thinning, removing].filter { !$0.isEmpty }.map { pass in
            let named = Set(pass.map(\.type))
            let others = rules.filter { $0.type != nil && !named.contains($0.type) }
            // What is only classified is thinned like all else.
            return pass
                + others.map {
                    RetentionRule(type: $0.type, ageMicroseconds: .max / 4, effect: .remove)
                }
        }
    }
}
