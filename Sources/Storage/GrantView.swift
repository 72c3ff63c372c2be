package import ContextModel
package import Governance

/// What a grant lets its owner see of entities.
///
/// It is decided here for every store and for the matching of subscriptions.
extension HiddenAttributes {
    /// The attributes that are hidden in the entity.
    package func names(in entity: Entity) -> Set<IRI> { shaping(in: entity).hidden }

    /// The condition as it holds for what the owner sees.
    ///
    /// A term about an attribute does not hold for entities in which that attribute is hidden, as
    /// if they had none.
    func restricting(_ condition: Condition) -> Condition {
        guard !isUniform else { return condition }
        return switch condition {
        case .all(let parts): .all(parts.map(restricting))
        case .any(let parts): .any(parts.map(restricting))
        case .not(let part): .not(restricting(part))
        case .attribute(let name): showing([name]).and(shown(condition, [name]))
        case .value(let test): showing(test.path.names).and(shown(condition, test.path.names))
        case .geometry(let test): showing([test.attribute]).and(shown(condition, [test.attribute]))
        // The targets are found by a query of their own.
        case .linked(let test): showing(test.path.names).and(shown(condition, test.path.names))
        case .everything, .nothing, .ids, .idPattern, .type, .scope, .decided: condition
        }
    }

    /// The term, to be decided on what is shown where one of the names may be shaped.
    private func shown(_ term: Condition, _ names: [IRI]) -> Condition {
        guard !shaped.isEmpty, shaped.contains(where: { names.contains(where: $0.names.contains) })
        else { return term }
        return .decided(EntityDecision(ShapedTerm(term, self)))
    }

    /// A condition for the entities in which none of these names is hidden; names hidden
    /// everywhere are ignored.
    func showing(_ names: some Sequence<IRI>) -> Condition {
        guard !isUniform else { return .everything }
        let hiding = elements.filter { names.contains(where: $0.names.contains) }.map(\.condition)
        return hiding.isEmpty ? .everything : .not(.any(of: hiding))
    }

    /// The attributes that decide what is hidden in an entity.
    package var selection: AttributeSelection { AttributeSelection(selectedNames) }

    var selectedNames: [IRI] { (elements + shaped).flatMap(\.condition.attributeNames) }

    /// The names that are hidden in some entities and not in all.
    var namesOfElements: Set<IRI> {
        elements.reduce(into: Set<IRI>()) { $0.formUnion($1.names) }.subtracting(everywhere)
    }
}

extension ReadGrant {
    /// The question together with the grant: what the reader asked for and may see.
    package func restricted(_ question: Condition) -> Condition {
        hidden.restricting(question).and(condition)
    }

    /// Whether the reader may see the entity.
    package func covers(_ entity: Entity) -> Bool { entity.satisfies(condition) }

    /// The entity as the reader may see it.
    package func shape(_ entity: Entity) -> Entity { hidden.shaping(in: entity).shape(entity) }

    /// The stored entity as the reader may see it.
    ///
    /// A part of it is decoded only where different entities hide different attributes, and all of it where
    /// something is shaped.
    package func shape(_ bytes: [UInt8]) throws(StorageError) -> EncodedEntity {
        guard !hidden.isUniform else { return EncodedEntity(bytes, hiding: hidden.everywhere) }
        let entity = try EncodedEntity(bytes).value(hidden.selection)
        let shaping = hidden.shaping(in: entity)
        guard !shaping.values.isEmpty else { return EncodedEntity(bytes, hiding: shaping.hidden) }
        return EncodedEntity(shaping.shape(try EncodedEntity(bytes).value()))
    }

    /// The entity as the reader may see it, encoded.
    package func encode(_ entity: Entity) -> EncodedEntity {
        let shaping = hidden.shaping(in: entity)
        guard !shaping.values.isEmpty else {
            return EncodedEntity(EntityCodec.encode(entity), hiding: shaping.hidden)
        }
        return EncodedEntity(shaping.shape(entity))
    }

    /// The whole entity with the `modifiedAt` that the reader may know, by which filters decide.
    package func dated(_ entity: Entity) -> Entity {
        entity.dated(hiding: hidden.names(in: entity))
    }

    /// The dated entity without anything hidden, by which it is sorted.
    ///
    /// A request that sorts by an attribute hidden everywhere has been refused before.
    package func sortable(_ dated: Entity) -> Entity { hidden.isUniform ? dated : shape(dated) }
}

extension ReadGrant {
    /// The attributes that name the people whose choices the grant depends on.
    var namesOfSubjects: [IRI] {
        condition.namesOfDeciders
            + (hidden.elements + hidden.shaped).flatMap(\.condition.namesOfDeciders)
    }
}

extension Condition {
    /// The attributes that decide what is hidden.
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
    /// A condition for the entities of whose history the writer may change instances of the
    /// attribute, or of any attribute when `name` is nil.
    package func reach(of name: IRI?) -> Condition {
        name.map { hidden.showing(CollectionOfOne($0)).and(condition) } ?? condition
    }

    /// Whether the attribute is hidden in some entities and not in all.
    package func isPartlyHidden(_ name: IRI) -> Bool {
        !hidden.isUniform && hidden.namesOfElements.contains(name)
    }
}
