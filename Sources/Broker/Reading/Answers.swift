package import ContextModel
package import Storage

/// The answer to a request for an entity, with the requested Linked Entities.
package struct RetrievedEntity: Disclosable {
    package let entity: EncodedEntity
    package let linked: LinkedEntities?

    package func forEachDisclosure(_ note: (EntityID, [IRI]) -> Void) throws {
        try entity.noteDisclosure(note)
        linked?.forEachDisclosure(note)
    }
}

/// A page of entities, with the requested Linked Entities and the EntityMap of the page.
package struct EntityAnswer: Disclosable {
    package let page: EntityPage<EncodedEntity>
    package let linked: LinkedEntities?
    package let map: EntityMapUse?
    var counted = CountedEntities.nobody

    package func forEachDisclosure(_ note: (EntityID, [IRI]) -> Void) throws {
        for entity in page.entities { try entity.noteDisclosure(note) }
        counted.forEachDisclosure(note)
        linked?.forEachDisclosure(note)
    }
}

/// A page of temporal evolutions, and the EntityMap of the page.
package struct EvolutionAnswer: Disclosable {
    package let page: EvolutionPage
    package let map: EntityMapUse?
    var counted = CountedEntities.nobody

    package var evolutions: [Evolution] { page.evolutions }

    package func forEachDisclosure(_ note: (EntityID, [IRI]) -> Void) {
        for evolution in page.evolutions {
            let names = evolution.attributes.map(\.name) + evolution.aggregates.map(\.name)
            note(evolution.id, names)
        }
        counted.forEachDisclosure(note)
    }
}

/// The answer of discovery: information about types and attributes, and about no single entity.
package struct Discovered<Information: Sendable>: Disclosable {
    package let information: Information

    package func forEachDisclosure(_ note: (EntityID, [IRI]) -> Void) {}
}

/// An EntityMap in an answer, which tells that its entities exist.
package struct ShownEntityMap: Disclosable {
    package let json: JSONObject
    let ids: [EntityID]

    package func forEachDisclosure(_ note: (EntityID, [IRI]) -> Void) {
        for id in ids { note(id, []) }
    }
}

/// Dead letters as the operator sees them: their owners and reasons, without their content.
package struct DeadLetterList: Disclosable {
    package let summaries: [JSONValue]

    package func forEachDisclosure(_ note: (EntityID, [IRI]) -> Void) {}
}

extension LinkedEntities {
    func forEachDisclosure(_ note: (EntityID, [IRI]) -> Void) {
        for entity in all { entity.noteDisclosure(note) }
    }
}

extension EncodedEntity {
    func noteDisclosure(_ note: (EntityID, [IRI]) -> Void) throws(StorageError) {
        do throws(EntityCodec.Damage) {
            let (id, names) = try names()
            note(id, names)
        } catch {
            throw StorageError(error)
        }
    }
}

extension Entity {
    func noteDisclosure(_ note: (EntityID, [IRI]) -> Void) {
        note(id, attributes.map(\.name))
    }
}
