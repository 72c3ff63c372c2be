package import Broker
package import ContextModel
package import Governance
import Storage

/// Asks the Broker for what pages show, as the caller and no more than the caller may see.
package struct HubPageData: PageData {
    private let hub: Hub
    private let healthLog: HealthLog

    /// Types described in detail at most, those with most entities first.
    package static let typeLimit = 60
    /// Newest entities of a type looked at for its sources, units and freshness.
    package static let sampleSize = 12

    /// Entities of a type sorted for its sample at most.
    static let sortLimit = 1_000

    package init(hub: Hub, healthLog: HealthLog) {
        self.hub = hub
        self.healthLog = healthLog
    }

    package var now: Timestamp { hub.clock() }

    package func summary(for caller: Caller) async throws -> HubSummary {
        var types: [TypeSummary] = []
        let known = try await hub.types(caller: caller)
            .sorted { ($1.entityCount, $0.type.text) < ($0.entityCount, $1.type.text) }
        for information in known.prefix(Self.typeLimit) {
            let query = Self.sampleQuery(information)
            let sample = try await hub.queryEntities(query, caller: caller).page.decoded()
            types.append(TypeSummary(information, sample: sample.entities))
        }
        return HubSummary(types: types)
    }

    /// The entities changed last; of a type with many, those created last, for sorting reads all.
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
        healthLog.summary(
            withMeasures: hub.policy.refusalOfMeasures(to: caller) == nil,
            withErrors: hub.policy.permitsAdministration(caller)
        )
    }
}

extension TypeSummary {
    /// From what discovery says of a type and a few of its newest entities.
    init(_ information: TypeInformation, sample: [Entity]) {
        let attributes = information.attributes.map { attribute in
            AttributeSummary(
                name: LDContext.core.compact(attribute.name),
                kind: attribute.kinds.min { $0.rawValue < $1.rawValue } ?? .property,
                unitCode: sample.lazy.compactMap { $0[attribute.name].first?.unitCode }.first
            )
        }
        let origins = sample.map(Self.origins)
        self.init(
            name: LDContext.core.compact(information.type),
            count: information.entityCount,
            attributes: attributes,
            sources: Array(Set(origins.joined())).sorted(),
            newest: sample.compactMap(\.newest).max(),
            isSimulated: origins.joined().contains { $0.lowercased().contains("simulat") }
        )
    }

    /// What an entity says of where it comes from, by the Smart Data Models' names.
    private static func origins(_ entity: Entity) -> [String] {
        ["dataProvider", "source"].compactMap {
            entity[LDContext.core.expand($0)].first?.value.stringValue
        }
    }
}

extension Entity {
    /// When its newest value was observed; without any such time, when it was last stored.
    fileprivate var newest: Timestamp? {
        attributes.flatMap(\.instances).compactMap(\.observedAt).max() ?? modifiedAt
    }
}
