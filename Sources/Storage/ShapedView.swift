package import ContextModel
package import Governance

/// What is hidden from a party in one entity, and what of it is shaped.
package struct EntityShaping: Sendable, Hashable {
    package var hidden: Set<IRI>
    /// What is made of attributes that are not hidden.
    package var values: [IRI: Shaping] = [:]

    package init(hiding hidden: Set<IRI> = [], values: [IRI: Shaping] = [:]) {
        self.hidden = hidden
        self.values = values
    }

    /// The names that are hidden or shaped.
    package var names: Set<IRI> { values.isEmpty ? hidden : hidden.union(values.keys) }

    /// The entity as the party may see it.
    package func shape(_ entity: Entity) -> Entity {
        guard !values.isEmpty else { return entity.hiding(hidden) }
        var shaped = entity.dated(hiding: hidden)
        shaped.attributes = entity.attributes.compactMap { named in
            guard !hidden.contains(named.name) else { return nil }
            let instances = named.instances.compactMap { shape($0, of: named.name) }
            return instances.isEmpty
                ? nil : NamedAttribute(name: named.name, instances: instances)
        }
        return shaped
    }

    /// The instance as the party may see it; nil where it may see nothing of it.
    ///
    /// A name that is shaped is hidden inside other attributes.
    package func shape(_ instance: Attribute, of name: IRI) -> Attribute? {
        guard !hidden.contains(name) else { return nil }
        if let shaping = values[name] { return shaping.shape(instance) }
        return instance.hiding(names)
    }
}

extension HiddenAttributes {
    /// What is hidden in the entity, and what of it is shaped.
    ///
    /// What is delayed is no part of the current state. An attribute that several rules shape in different
    /// ways is hidden: one shape of another one would tell more than one of them lets it.
    package func shaping(in entity: Entity) -> EntityShaping {
        guard !shaped.isEmpty else { return EntityShaping(hiding: hiddenNames(in: entity)) }
        return shaping(hiding: hiddenNames(in: entity)) { $0.condition.matches(entity) }
    }

    /// What of an evolution is shaped, and what is delayed: by what the entity is or ever was.
    ///
    /// What it was may be unknown (nil); then it may have been anything.
    func shaping(inEvolution states: [Entity?]) -> (EntityShaping, delays: [IRI: Int64]) {
        func applies(_ element: Element) -> Bool {
            states.contains { state in state.map(element.condition.matches) ?? true }
        }
        var delays: [IRI: Int64] = [:]
        for element in shaped {
            guard case .delay(let microseconds) = element.shaping, applies(element) else {
                continue
            }
            for name in element.names { delays[name] = max(delays[name] ?? 0, microseconds) }
        }
        let lasting = shaped.filter { if case .delay = $0.shaping { false } else { true } }
        return (shaping(hiding: [], by: lasting, applies), delays)
    }

    private func shaping(
        hiding hidden: Set<IRI>,
        by elements: [Element]? = nil,
        _ applies: (Element) -> Bool
    ) -> EntityShaping {
        var found = EntityShaping(hiding: hidden)
        for element in elements ?? shaped {
            guard let shaping = element.shaping, applies(element) else { continue }
            for name in element.names where !found.hidden.contains(name) {
                if case .delay = shaping {
                    found.hidden.insert(name)
                } else if let other = found.values[name], other != shaping {
                    found.hidden.insert(name)
                } else {
                    found.values[name] = shaping
                }
            }
        }
        for name in found.hidden { found.values[name] = nil }
        return found
    }

    /// The names that are hidden in the entity, whatever is shaped.
    func hiddenNames(in entity: Entity) -> Set<IRI> {
        guard !elements.isEmpty else { return everywhere }
        return elements.reduce(into: everywhere) { names, element in
            if element.condition.matches(entity) { names.formUnion(element.names) }
        }
    }

    /// The names that are shaped in some entities or in all.
    var shapedNames: Set<IRI> { shaped.reduce(into: []) { $0.formUnion($1.names) } }
}

/// A term of a query about what is shaped: it is decided for the entity as its reader may see it, and no
/// index is asked.
final class ShapedTerm: EntityDecider {
    private let term: PreparedCondition
    private let hidden: HiddenAttributes
    let attributeNames: [IRI]

    init(_ term: Condition, _ hidden: HiddenAttributes) {
        self.term = PreparedCondition(term)
        self.hidden = hidden
        attributeNames = term.attributeNames + hidden.selectedNames
    }

    func holds(for entity: Entity) -> Bool { holds(for: entity, within: nil) }

    func holds(for entity: Entity, within budget: DecisionBudget?) -> Bool {
        term.matches(hidden.shaping(in: entity).shape(entity), within: budget)
    }

    func holds(forTypes types: [IRI]) -> Bool? { nil }
}
