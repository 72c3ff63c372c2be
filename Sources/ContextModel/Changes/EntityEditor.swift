/// Edits an entity instance by instance and keeps count of what it changed.
struct EntityEditor {
    private let before: Entity
    var after: Entity
    private let now: Timestamp
    private var attributes: [EntityChange.AttributeChange] = []
    private var untouched: [IRI] = []

    init(_ target: Entity, at now: Timestamp) {
        before = target
        after = target
        self.now = now
    }

    var change: EntityChange {
        var after = after
        after.modifiedAt = now
        return EntityChange(
            before: before,
            after: after,
            attributes: attributes,
            untouched: untouched
        )
    }

    mutating func add(types: [IRI]) {
        for type in types where !after.types.contains(type) { after.types.append(type) }
    }

    /// Takes over what the fragment says of when the entity expires.
    mutating func setExpiry(_ fragment: EntityFragment) {
        if fragment.removesExpiry { after.expiresAt = nil }
        if let expiry = fragment.expiresAt { after.expiresAt = expiry }
    }

    /// Notes that the request named something that stays as it was.
    mutating func leave(_ name: IRI) {
        if !untouched.contains(name) { untouched.append(name) }
    }

    /// Applies each given instance; `make` returns what takes the old one's place, nil to leave it.
    mutating func apply(
        _ fragments: [NamedFragment],
        make: (Attribute?, AttributeFragment) throws(EntityError) -> Attribute?
    ) throws(EntityError) {
        for named in fragments {
            for fragment in named.instances {
                let old = after[named.name].first { $0.datasetID == fragment.datasetID }
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

    /// Puts the instance in place of the one of its `datasetId`, or adds it.
    mutating func put(_ attribute: Attribute, as name: IRI) {
        var new = attribute
        new.modifiedAt = now
        new.attributes.stamp(createdAt: now)
        guard let index = after.attributes.firstIndex(where: { $0.name == name }) else {
            new.createdAt = now
            after.attributes.append(NamedAttribute(name: name, instances: [new]))
            attributes.append(.init(name: name, before: nil, after: new))
            return
        }
        let instances = after.attributes[index].instances
        if let place = instances.firstIndex(where: { $0.datasetID == new.datasetID }) {
            new.createdAt = instances[place].createdAt
            after.attributes[index].instances[place] = new
            attributes.append(.init(name: name, before: instances[place], after: new))
        } else {
            new.createdAt = now
            after.attributes[index].instances.append(new)
            attributes.append(.init(name: name, before: nil, after: new))
        }
    }

    mutating func remove(_ name: IRI, _ datasetID: String?) {
        guard let index = after.attributes.firstIndex(where: { $0.name == name }),
            let place = after.attributes[index].instances.firstIndex(where: {
                $0.datasetID == datasetID
            })
        else { return }
        let old = after.attributes[index].instances.remove(at: place)
        if after.attributes[index].instances.isEmpty { after.attributes.remove(at: index) }
        attributes.append(.init(name: name, before: old, after: nil))
    }
}

extension [NamedAttribute] {
    /// Gives every instance that has none, at any depth, its times of creation and modification.
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
