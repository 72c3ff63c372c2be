package import ContextModel
package import Governance

/// What a grant lets its owner see of entities: decided here for every store, and for whoever is told
/// of changes.
extension HiddenAttributes {
    /// The attributes that are hidden in the entity.
    package func names(in entity: Entity) -> Set<IRI> {
        guard !isUniform else { return everywhere }
        return elements.reduce(into: everywhere) { names, element in
            if element.condition.matches(entity) { names.formUnion(element.names) }
        }
    }

    /// The condition as one of what its owner sees: a term about an attribute does not hold for the
    /// entities in which that is hidden, as it does not for those that have none.
    func restricting(_ condition: Condition) -> Condition {
        guard !isUniform else { return condition }
        return switch condition {
        case .all(let parts): .all(parts.map(restricting))
        case .any(let parts): .any(parts.map(restricting))
        case .not(let part): .not(restricting(part))
        case .attribute(let name): showing([name]).and(condition)
        case .value(let test): showing(test.path.names).and(condition)
        case .geometry(let test): showing([test.attribute]).and(condition)
        // Its targets are found by a question of their own.
        case .linked(let test): showing(test.path.names).and(condition)
        case .everything, .nothing, .ids, .idPattern, .type, .scope, .decided: condition
        }
    }

    /// The entities in which none of the names is hidden that are not hidden everywhere.
    func showing(_ names: some Sequence<IRI>) -> Condition {
        guard !isUniform else { return .everything }
        let hiding = elements.filter { names.contains(where: $0.names.contains) }.map(\.condition)
        return hiding.isEmpty ? .everything : .not(.any(of: hiding))
    }

    /// The attributes by which it is decided what is hidden in an entity.
    package var selection: AttributeSelection {
        AttributeSelection(elements.flatMap(\.condition.attributeNames))
    }

    /// The names that are hidden in some entities and not in all.
    var namesOfElements: Set<IRI> {
        elements.reduce(into: Set<IRI>()) { $0.formUnion($1.names) }.subtracting(everywhere)
    }
}

extension ReadGrant {
    /// What a store answers to a question: what was asked for, as far as the reader may see it.
    package func restricted(_ question: Condition) -> Condition {
        hidden.restricting(question).and(condition)
    }

    /// Whether the reader may see the entity.
    package func covers(_ entity: Entity) -> Bool { entity.satisfies(condition) }

    /// The entity as the reader may see it.
    package func shape(_ entity: Entity) -> Entity { entity.hiding(hidden.names(in: entity)) }

    /// The stored entity as the reader may see it.
    ///
    /// Only where different things are hidden in different entities, a part of it is decoded.
    package func shape(_ bytes: [UInt8]) throws(StorageError) -> EncodedEntity {
        guard !hidden.isUniform else { return EncodedEntity(bytes, hiding: hidden.everywhere) }
        let entity = try EncodedEntity(bytes).value(hidden.selection)
        return EncodedEntity(bytes, hiding: hidden.names(in: entity))
    }

    /// The entity as the reader may see it, in bytes.
    package func encode(_ entity: Entity) -> EncodedEntity {
        EncodedEntity(EntityCodec.encode(entity), hiding: hidden.names(in: entity))
    }

    /// The whole entity, its last change as the reader may know it: what filters by it must see.
    package func dated(_ entity: Entity) -> Entity {
        entity.dated(hiding: hidden.names(in: entity))
    }

    /// What an order must see of a dated entity: nothing that is hidden in it.
    ///
    /// A request that orders by an attribute that is hidden everywhere was refused earlier.
    package func sortable(_ dated: Entity) -> Entity { hidden.isUniform ? dated : shape(dated) }
}

extension ReadGrant {
    /// The attributes that name the people on whose choices the grant depends.
    var namesOfSubjects: [IRI] {
        condition.namesOfDeciders + hidden.elements.flatMap(\.condition.namesOfDeciders)
    }
}

extension Condition {
    /// The attributes that deciders look at.
    fileprivate var namesOfDeciders: [IRI] {
        switch self {
        case .all(let parts), .any(let parts): parts.flatMap(\.namesOfDeciders)
        case .not(let part): part.namesOfDeciders
        case .decided(let decision): decision.decider.attributeNames
        default: []
        }
    }
}

extension WriteGrant {
    /// The entities of whose history the writer may touch instances of the attribute; of any attribute,
    /// if no name is given.
    package func reach(of name: IRI?) -> Condition {
        name.map { hidden.showing(CollectionOfOne($0)).and(condition) } ?? condition
    }

    /// Whether the attribute is hidden in some entities and not in all.
    package func isPartlyHidden(_ name: IRI) -> Bool {
        !hidden.isUniform && hidden.namesOfElements.contains(name)
    }
}
