package import ContextModel
import Governance

/// What is hidden from a writer in one entity, so that it does not exist for this writer.
///
/// A change is computed from the entity as the writer sees it and then applied to the whole
/// entity. So no answer depends on what is hidden.
struct HiddenFromWriter: Sendable {
    let names: Set<IRI>

    /// Of an entity that does not exist, only what is hidden in every entity is known.
    init(in entity: Entity?, _ grant: WriteGrant) {
        names = entity.map(grant.hidden.names) ?? grant.hidden.everywhere
    }

    /// The entity as its writer sees it.
    func shape(_ entity: Entity) -> Entity {
        guard !names.isEmpty else { return entity }
        var shaped = entity
        shaped.attributes = entity.hiding(names).attributes
        return shaped
    }

    /// Whether the change, computed from what the writer sees, names something that is hidden from
    /// it.
    func isNamed(by change: EntityChange) -> Bool {
        guard !names.isEmpty, let after = change.after else { return false }
        return isNamed(by: after.attributes) || isNamed(by: change.late)
    }

    /// Whether one of the attributes, at any depth, is hidden from the writer.
    func isNamed(by attributes: [NamedAttribute]) -> Bool {
        guard !names.isEmpty else { return false }
        return attributes.names.contains(where: names.contains)
    }

    /// Whether the change gives a value to something hidden, or to a part of an attribute that it
    /// changes.
    func isGivenValue(by change: EntityChange) -> Bool {
        guard !names.isEmpty else { return false }
        return isNamed(by: change.late)
            || change.attributes.contains { changed in
                guard let after = changed.after else { return false }
                return names.contains(changed.name) || isNamed(by: after.attributes)
            }
    }

    /// The change of what the writer sees, as a change of the whole entity.
    ///
    /// What is hidden stays as it is, or is removed with what contains it.
    func complete(_ change: EntityChange, of stored: Entity?) -> EntityChange {
        guard !names.isEmpty, let stored else { return change }
        guard let after = change.after else { return .deletion(of: stored) }
        var whole = change
        whole.before = stored
        whole.after?.attributes = restored(after.attributes, from: stored.attributes)
        var places = InstancePlaces()
        for index in whole.attributes.indices {
            let changed = whole.attributes[index]
            let dataset = (changed.after ?? changed.before)?.datasetID
            guard let place = places.place(of: changed.name, dataset, in: stored.attributes) else {
                continue
            }
            let old = stored.attributes[place.attribute].instances[place.instance]
            whole.attributes[index].before = changed.before.map { restored($0, from: old) }
            whole.attributes[index].after = changed.after.map { restored($0, from: old) }
        }
        return whole
    }

    private func restored(
        _ attributes: [NamedAttribute],
        from stored: [NamedAttribute]
    ) -> [NamedAttribute] {
        var whole = attributes
        var places = InstancePlaces()
        for named in whole.indices {
            for index in whole[named].instances.indices {
                let instance = whole[named].instances[index]
                let place = places.place(of: whole[named].name, instance.datasetID, in: stored)
                guard let place else { continue }
                let old = stored[place.attribute].instances[place.instance]
                whole[named].instances[index] = restored(instance, from: old)
            }
        }
        return whole + stored.filter { names.contains($0.name) }
    }

    private func restored(_ instance: Attribute, from old: Attribute) -> Attribute {
        guard !instance.attributes.isEmpty || !old.attributes.isEmpty else { return instance }
        var whole = instance
        whole.attributes = restored(instance.attributes, from: old.attributes)
        return whole
    }
}

extension [NamedAttribute] {
    /// The names of the attributes and of all attributes inside them.
    package var names: [IRI] { flatMap { [$0.name] + $0.instances.flatMap(\.attributes.names) } }
}
