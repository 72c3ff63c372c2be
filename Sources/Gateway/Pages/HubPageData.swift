package import Broker
package import ContextModel
package import Governance
import Storage

/// Reads the data of pages from the Broker, with the rights of the visitor.
package struct HubPageData: PageData {
    private let hub: Hub
    private let healthLog: HealthLog
    private let probe: StoreProbe

    /// The most types described in detail; those with most entities are first.
    package static let typeLimit = 60
    /// The newest entities of a type from which its sources, units and freshness are taken.
    package static let sampleSize = 12

    /// The most entities of a type that are sorted for its sample.
    static let sortLimit = 1_000

    package init(hub: Hub, healthLog: HealthLog) {
        self.hub = hub
        self.healthLog = healthLog
        probe = StoreProbe(hub.store)
    }

    package var now: Timestamp { hub.clock() }

    package func summary(for caller: Caller) async throws -> HubSummary {
        var types: [TypeSummary] = []
        let largest = try await hub.reading.largestTypes(Self.typeLimit, caller: caller).information
        for information in largest {
            let query = Self.sampleQuery(information)
            let sample = try await hub.reading.queryEntities(query, caller: caller).page.decoded()
            types.append(TypeSummary(information, sample: sample.entities, now: now))
        }
        return HubSummary(
            types: types,
            pastTypes: try await hub.reading.typesOfHistories(Self.typeLimit, caller: caller)
                .information.map { LDContext.core.compact($0) },
            reach: try await reach(of: caller),
            isForOperator: hub.access.policy.permitsAdministration(caller)
        )
    }

    /// Decided by the policy alone, without any data.
    private func reach(of caller: Caller) async throws -> HubSummary.Reach {
        guard case .grant(let grant) = try await hub.access.decideRead(caller) else {
            return .nothing
        }
        return switch grant.condition {
        case .everything: .everything
        case .nothing: .nothing
        default: .part
        }
    }

    /// The entities changed last; for a type with many, those created last, because sorting reads
    /// all.
    private static func sampleQuery(_ information: TypeInformation) -> EntityQuery {
        let isLarge = information.entityCount > sortLimit
        return EntityQuery(
            condition: .type(information.type),
            order: isLarge ? [] : [OrderTerm(subject: .path(.modifiedAt), isDescending: true)],
            offset: isLarge ? information.entityCount - sampleSize : 0,
            limit: sampleSize
        )
    }

    package func health(for caller: Caller) async throws -> HealthSummary {
        var health = healthLog.summary(
            withMeasures: hub.access.policy.refusalOfMeasures(to: caller) == nil,
            withErrors: hub.access.policy.permitsAdministration(caller)
        )
        if health.measures != nil { health.measures? += hub.sourcing.measures() }
        do {
            try await probe.run()
        } catch {
            health.store = (error as? StorageError)?.code == .diskFull ? .full : .failing
        }
        return health
    }
}

extension TypeSummary {
    /// Created from the information of discovery and a few of the newest entities.
    init(_ information: TypeInformation, sample: [Entity], now: Timestamp) {
        let attributes = information.attributes.map { attribute in
            AttributeSummary(
                name: LDContext.core.compact(attribute.name),
                kind: attribute.kinds.min { $0.rawValue < $1.rawValue } ?? .property,
                unitCode: sample.lazy.compactMap { $0[attribute.name].first?.unitCode }.first
            )
        }
        let origins = sample.map(Self.origins)
        let moments = sample.flatMap(\.moments)
        let future = moments.filter { $0.isAhead(of: now) }
        self.init(
            name: LDContext.core.compact(information.type),
            count: information.entityCount,
            attributes: attributes,
            sources: Array(Set(origins.joined())).sorted(),
            newest: moments.filter { !$0.isAhead(of: now) }.max() ?? future.max(),
            furthest: future.max(),
            isSimulated: origins.joined().contains { $0.lowercased().contains("simulat") }
        )
    }

    /// The sources that an entity names, by the Smart Data Models' names.
    private static func origins(_ entity: Entity) -> [String] {
        ["dataProvider", "source"].compactMap {
            entity[LDContext.core.expand($0)].first?.value.stringValue
        }
    }
}

extension Entity {
    /// The times at which its values were observed; without any, the time when it was last stored.
    fileprivate var moments: [Timestamp] {
        let observed = attributes.flatMap(\.instances).compactMap(\.observedAt)
        return observed.isEmpty ? modifiedAt.map { [$0] } ?? [] : observed
    }
}
