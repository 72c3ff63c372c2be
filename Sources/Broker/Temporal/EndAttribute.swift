import ContextModel
import Governance
import Storage

extension Writing {
    /// Notes the end of an attribute, or of the scope, of an entity that has only a history
    /// (clauses 4.5.7 and 5.6.5); false when there is nothing to end.
    func endInEvolution(
        _ name: IRI,
        of id: EntityID,
        datasetID: String?,
        all: Bool,
        caller: Caller
    ) async throws -> Bool {
        let now = clock()
        let last = try await lastInstances(of: name, in: id, caller)
        let ended = last.filter { all || $0.datasetID == datasetID }
            .filter { $0.details?.deletedAt == nil }
            .map { $0.ended(at: now) }
        guard !ended.isEmpty else { return false }
        let session = try await session(caller, makesTenant: false)
        return try await session.changeEvolution(of: id, naming: []) { evolution in
            guard evolution.isPast, evolution.seen != nil else { return (nil, false) }
            let instances = [NamedAttribute(name: name, instances: ended)]
            let entity = Entity(id: id, types: [], scopes: [], attributes: [])
            return (try evolution.adding(instances, of: entity, correcting: false), true)
        }
    }

    /// The newest instance with each `datasetId`.
    private func lastInstances(
        of name: IRI,
        in id: EntityID,
        _ caller: Caller
    ) async throws -> [Attribute] {
        let query = TemporalQuery(
            condition: .ids([id]),
            attributes: name == .scope ? nil : [name],
            timeProperty: .modifiedAt,
            instanceLimit: reading.limits.maximumInstances,
            limit: 1
        )
        let session = try await reading.session(caller, condition: query.condition)
        let page = try await session.read { try $0.evolutions(query) }
        guard let evolution = page.evolutions.first else { return [] }
        if name == .scope { return evolution.scopes.suffix(1) }
        let instances = evolution.attributes.first { $0.name == name }?.instances ?? []
        return Dictionary(grouping: instances, by: \.datasetID).values.compactMap(\.last)
    }
}
