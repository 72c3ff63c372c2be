/// Edits an entity instance by instance and records the changes.
struct EntityEditor {
    private let before: Entity
    /// The edited entity, still with the removed instances; `change` has the state without them.
    var after: Entity
    private var places = InstancePlaces()
    private let now: Timestamp
    private var attributes: [EntityChange.AttributeChange] = []
    private var untouched: [IRI] = []
    private var untouchedNames: Set<IRI> = []

    init(_ target: Entity, at now: Timestamp) {
        before = target
        after = target
        self.now = now
    }

    var change: EntityChange {
        var after = after
        after.modifiedAt = now
        after.attributes = places.compacted(after.attributes)
        return EntityChange(
            before: before,
            after: after,
            attributes: attributes,
            untouched: untouched
        )
    }

    mutating func add(types: [IRI]) {
        guard !types.isEmpty else { return }
        after.types = after.types.adding(types)
    }

    /// Applies the fragment's `expiresAt`.
    mutating func setExpiry(_ fragment: EntityFragment) {
        if fragment.removesExpiry { after.expiresAt = nil }
        if let expiry = fragment.expiresAt { after.expiresAt = expiry }
    }

    /// Notes that the request named an attribute that stays as it was.
    mutating func leave(_ name: IRI) {
        if untouchedNames.insert(name).inserted { untouched.append(name) }
    }

    /// Applies each given instance; `make` returns the new instance, or nil to leave the old one.
    mutating func apply(
        _ fragments: [NamedFragment],
        make: (Attribute?, AttributeFragment) throws(EntityError) -> Attribute?
    ) throws(EntityError) {
        for named in fragments {
            for fragment in named.instances {
                let place = places.place(of: named.name, fragment.datasetID, in: after.attributes)
                let old = place.map { after.attributes[$0.attribute].instances[$0.instance] }
                if fragment.isNull {
                    if old == nil { leave(named.name) }
                    remove(named.name, fragment.datasetID)
                } else if let attribute = try make(old, fragment) {
                    put(attribute, as: named.name)
                } else {
                    leave(named.name)
                }
            }
        }
    }

    /// Replaces the instance with the same `datasetId`, or adds this one.
    mutating func put(_ attribute: Attribute, as name: IRI) {
        var new = attribute
        new.modifiedAt = now
        new.attributes.stamp(createdAt: now)
        guard let index = places.place(of: name, in: after.attributes) else {
            new.createdAt = now
            after.attributes.append(NamedAttribute(name: name, instances: [new]))
            attributes.append(.init(name: name, before: nil, after: new))
            return
        }
        if let place = places.place(of: name, new.datasetID, in: after.attributes)?.instance {
            let old = after.attributes[index].instances[place]
            new.createdAt = old.createdAt
            after.attributes[index].instances[place] = new
            attributes.append(.init(name: name, before: old, after: new))
        } else {
            new.createdAt = now
            after.attributes[index].instances.append(new)
            attributes.append(.init(name: name, before: nil, after: new))
        }
    }

    mutating func remove(_ name: IRI, _ datasetID: String?) {
        guard let place = places.place(of: name, datasetID, in: after.attributes) else { return }
        let old = after.attributes[place.attribute].instances[place.instance]
        places.remove(place, of: datasetID)
        attributes.append(.init(name: name, before: old, after: nil))
    }
}

extension Array where Element: Hashable {
    /// The list followed by those of the others that it does not have, each once.
    package func adding(_ others: [Element]) -> [Element] {
        var known = Set(self)
        return self + others.filter { known.insert($0).inserted }
    }
}

extension [NamedAttribute] {
    /// Sets the times of creation and modification of every instance that has none, at any depth.
    mutating func stamp(createdAt now: Timestamp) {
        for name in indices {
            for instance in self[name].instances.indices {
                if self[name].instances[instance].createdAt == nil {
                    self[name].instances[instance].createdAt = now
                }
                self[name].instances[instance].modifiedAt = now
                if !self[name].instances[instance].attributes.isEmpty {
                    self[name].instances[instance].attributes.stamp(createdAt: now)
                }
            }
        }
    }
}
