internal import ContextModel
internal import Governance
internal import Storage

/// A view of one moment: an immutable copy of the state.
struct MemoryReadTransaction: ReadTransaction, Sendable {
    let state: TenantState
    let grant: ReadGrant
    let now: Timestamp

    func encodedEntity(_ id: EntityID) -> EncodedEntity? {
        state.entity(id, at: now, grant: grant)
    }

    func encodedEntities(_ query: EntityQuery) -> EntityPage<EncodedEntity> {
        state.page(query, at: now, grant: grant)
    }

    func identifiers(_ query: EntityQuery) -> [EntityID] {
        state.identifiers(query, at: now, grant: grant)
    }

    func shapes() -> [EntityShape] { state.shapes(at: now, grant: grant) }

    func typesOfHistories() -> Set<IRI> {
        state.entities.elements.reduce(into: []) { types, stored in
            if !stored.isCurrent { types.formUnion(stored.entity.types) }
        }
    }

    /// Does nothing: there is no deadline.
    func charge(_ steps: Int) {}

    func evolutions(_ query: TemporalQuery) throws -> EvolutionPage {
        let histories = MemoryHistories(state, for: query, grant: grant, now: now)
        return try EvolutionSearch(query, grant: grant, source: histories).page()
    }
}
