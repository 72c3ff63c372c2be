/// The operations on entities (clauses 5.6.1 to 5.6.19), as pure functions from state and request
/// to a change.
extension EntityChange {
    /// Creates an entity (clause 5.6.1).
    package static func creation(of entity: Entity, at now: Timestamp) -> EntityChange {
        var after = entity
        after.createdAt = now
        after.modifiedAt = now
        after.attributes.stamp(createdAt: now)
        return EntityChange(
            before: nil,
            after: after,
            attributes: after.attributes.flatMap { named in
                named.instances.map { .init(name: named.name, before: nil, after: $0) }
            }
        )
    }

    /// Deletes an entity (clause 5.6.6).
    package static func deletion(of entity: Entity) -> EntityChange {
        EntityChange(
            before: entity,
            after: nil,
            attributes: entity.attributes.flatMap { named in
                named.instances.map { .init(name: named.name, before: $0, after: nil) }
            }
        )
    }

    /// Takes back a change of which the target is the outcome: removes what it added, and puts back what it replaced.
    package static func undoing(
        _ change: EntityChange,
        of target: Entity,
        at now: Timestamp
    ) -> EntityChange {
        guard let before = change.before else { return .deletion(of: target) }
        var editor = EntityEditor(target, at: now)
        for one in change.attributes {
            if let old = one.before {
                editor.put(old, as: one.name)
            } else if let new = one.after {
                editor.remove(one.name, new.datasetID)
            }
        }
        editor.after.types = before.types
        return editor.change
    }

    /// Removes what has expired (clause 4.22); nil when nothing has.
    package static func expiry(of target: Entity, at now: Timestamp) -> EntityChange? {
        guard let rest = target.unexpired(at: now) else { return .deletion(of: target) }
        guard rest != target else { return nil }
        var editor = EntityEditor(target, at: now)
        for named in target.attributes {
            for instance in named.instances {
                guard let left = instance.unexpired(at: now) else {
                    editor.remove(named.name, instance.datasetID)
                    continue
                }
                if left != instance { editor.put(left, as: named.name) }
            }
        }
        return editor.change
    }

    /// Replaces the state of an entity (clause 5.6.18): what is not given is removed.
    package static func replacement(
        of target: Entity,
        with entity: Entity,
        at now: Timestamp
    ) -> EntityChange {
        var editor = EntityEditor(target, at: now)
        var places = InstancePlaces()
        for named in target.attributes {
            for instance in named.instances {
                let place = places.place(of: named.name, instance.datasetID, in: entity.attributes)
                if place == nil { editor.remove(named.name, instance.datasetID) }
            }
        }
        for named in entity.attributes {
            for instance in named.instances { editor.put(instance, as: named.name) }
        }
        editor.after.types = entity.types
        editor.after.scopes = entity.scopes
        editor.after.expiresAt = entity.expiresAt
        return editor.change
    }

    /// Updates attributes (clause 5.6.2): given instances replace, NGSI-LD Null removes.
    package static func update(
        of target: Entity,
        with fragment: EntityFragment,
        at now: Timestamp
    ) throws(EntityError) -> EntityChange {
        var editor = EntityEditor(target, at: now)
        editor.add(types: fragment.types)
        editor.setExpiry(fragment)
        if let scopes = fragment.scopes {
            if target.scopes.isEmpty {
                editor.leave(.scope)
            } else {
                editor.after.scopes = scopes
            }
        }
        try editor.apply(fragment.attributes) { _, new throws(EntityError) in try new.whole() }
        return editor.change
    }

    /// Appends attributes (clause 5.6.3): with `overwrites` false, present instances stay.
    package static func appending(
        to target: Entity,
        _ fragment: EntityFragment,
        overwrites: Bool,
        at now: Timestamp
    ) throws(EntityError) -> EntityChange {
        var editor = EntityEditor(target, at: now)
        editor.add(types: fragment.types)
        if overwrites || target.expiresAt == nil { editor.setExpiry(fragment) }
        if let scopes = fragment.scopes {
            editor.after.scopes = overwrites ? scopes : target.scopes.adding(scopes)
        }
        try editor.apply(fragment.attributes) { old, new throws(EntityError) in
            if old != nil, !overwrites { return nil }
            return try new.whole()
        }
        return editor.change
    }

    /// Merges an entity to any depth (clauses 5.5.12 and 5.6.17).
    package static func merge(
        into target: Entity,
        _ fragment: EntityFragment,
        common: MergeDefaults = MergeDefaults(),
        at now: Timestamp
    ) throws(EntityError) -> EntityChange {
        var editor = EntityEditor(target, at: now)
        editor.add(types: fragment.types)
        if let scopes = fragment.scopes { editor.after.scopes = scopes }
        editor.setExpiry(fragment)
        try editor.apply(fragment.attributes) { old, new throws(EntityError) in
            guard let old else { return try new.whole() }
            return try old.merged(with: new, common: common)
        }
        return editor.change
    }

    /// Updates members of one attribute instance (clause 5.6.4).
    ///
    /// Returns nil when the entity has no such instance.
    package static func partialUpdate(
        of target: Entity,
        _ name: IRI,
        with fragment: AttributeFragment,
        at now: Timestamp
    ) throws(EntityError) -> EntityChange? {
        let old = target[name].first { $0.datasetID == fragment.datasetID }
        guard let old else { return nil }
        var editor = EntityEditor(target, at: now)
        if fragment.isNull {
            editor.remove(name, fragment.datasetID)
        } else {
            editor.put(try old.partiallyUpdated(with: fragment), as: name)
        }
        return editor.change
    }

    /// Replaces an attribute (clause 5.6.19); nil when the entity has no such instance.
    package static func attributeReplacement(
        in target: Entity,
        _ name: IRI,
        with attribute: Attribute,
        at now: Timestamp
    ) -> EntityChange? {
        guard target[name].contains(where: { $0.datasetID == attribute.datasetID }) else {
            return nil
        }
        var editor = EntityEditor(target, at: now)
        editor.put(attribute, as: name)
        return editor.change
    }

    /// Removes every instance of the attributes (clause 5.6.21); nil when there is none.
    package static func removal(
        of names: Set<IRI>,
        from target: Entity,
        at now: Timestamp
    ) -> EntityChange? {
        guard !names.isEmpty else { return nil }
        var editor = EntityEditor(target, at: now)
        for named in target.attributes where names.contains(named.name) {
            for instance in named.instances { editor.remove(named.name, instance.datasetID) }
        }
        return editor.change
    }

    /// Deletes one or all instances of an attribute (clause 5.6.5); nil when there is none.
    package static func attributeDeletion(
        in target: Entity,
        _ name: IRI,
        datasetID: String?,
        all: Bool,
        at now: Timestamp
    ) -> EntityChange? {
        if name == .scope, !target.scopes.isEmpty {
            var editor = EntityEditor(target, at: now)
            editor.after.scopes = []
            return editor.change
        }
        let instances = target[name].filter { all || $0.datasetID == datasetID }
        guard !instances.isEmpty else { return nil }
        var editor = EntityEditor(target, at: now)
        for instance in instances { editor.remove(name, instance.datasetID) }
        return editor.change
    }
}

/// The parameters of a merge request that are for all attributes (clause 5.6.17).
package struct MergeDefaults: Sendable, Hashable {
    /// The `observedAt` for attributes that have one and for which none is given.
    package var observedAt: Timestamp?
    /// The language of a plain string that is merged into a LanguageProperty.
    package var language: String?

    package init(observedAt: Timestamp? = nil, language: String? = nil) {
        self.observedAt = observedAt
        self.language = language
    }
}
