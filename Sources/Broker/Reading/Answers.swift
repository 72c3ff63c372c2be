package import ContextModel
package import Storage

/// The answer of retrieving an entity: with the Linked Entities that were asked for.
package struct RetrievedEntity: Disclosable {
    package let entity: EncodedEntity
    package let linked: LinkedEntities?

    package func forEachDisclosure(_ note: (EntityID, [IRI]) -> Void) throws {
        try entity.value().noteDisclosure(note)
        linked?.forEachDisclosure(note)
    }
}

/// A page of entities: with the Linked Entities that were asked for, and the EntityMap it is from.
package struct EntityAnswer: Disclosable {
    package let page: EntityPage<EncodedEntity>
    package let linked: LinkedEntities?
    package let map: EntityMapUse?

    package func forEachDisclosure(_ note: (EntityID, [IRI]) -> Void) throws {
        for entity in page.entities { try entity.value().noteDisclosure(note) }
        linked?.forEachDisclosure(note)
    }
}

/// A page of temporal evolutions, and the EntityMap it is from.
package struct EvolutionAnswer: Disclosable {
    package let page: EvolutionPage
    package let map: EntityMapUse?

    package var evolutions: [Evolution] { page.evolutions }

    package func forEachDisclosure(_ note: (EntityID, [IRI]) -> Void) {
        for evolution in page.evolutions {
            let names = evolution.attributes.map(\.name) + evolution.aggregates.map(\.name)
            note(evolution.id, names)
        }
    }
}

/// What discovery tells: of types and attributes, and of no entity by itself.
package struct Discovered<Information: Sendable>: Disclosable {
    package let information: Information

    package func forEachDisclosure(_ note: (EntityID, [IRI]) -> Void) {}
}

/// An EntityMap as it is shown: it tells which entities there are.
package struct ShownEntityMap: Disclosable {
    package let json: JSONObject
    let ids: [EntityID]

    package func forEachDisclosure(_ note: (EntityID, [IRI]) -> Void) {
        for id in ids { note(id, []) }
    }
}

/// Notifications given up on, as the operator sees them: whose they were and why, and nothing of what
/// they tell.
package struct DeadLetterList: Disclosable {
    package let summaries: [JSONValue]

    package func forEachDisclosure(_ note: (EntityID, [IRI]) -> Void) {}
}

extension LinkedEntities {
    func forEachDisclosure(_ note: (EntityID, [IRI]) -> Void) {
        for entity in all { entity.noteDisclosure(note) }
    }
}

extension Entity {
    func noteDisclosure(_ note: (EntityID, [IRI]) -> Void) {
        note(id, attributes.map(\.name))
    }
}
