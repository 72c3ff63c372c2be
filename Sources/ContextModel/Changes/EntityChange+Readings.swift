extension EntityChange {
    /// Applies readings, which may arrive late: a reading older than the current one becomes
    /// history alone, and a repeated one changes nothing.
    ///
    /// Attributes without `observedAt` are applied with those that have one: when all of those are
    /// late, they are left out.
    package static func readings(
        of target: Entity,
        _ fragment: EntityFragment,
        at now: Timestamp
    ) throws(EntityError) -> EntityChange {
        var late: [NamedAttribute] = []
        var current: [(name: IRI, reading: Attribute)] = []
        var undated: [(name: IRI, reading: Attribute)] = []
        var places = InstancePlaces()
        for named in fragment.attributes {
            for instance in named.instances {
                let reading = try instance.whole()
                let old = places.place(of: named.name, reading.datasetID, in: target.attributes)
                    .map { target.attributes[$0.attribute].instances[$0.instance] }
                switch (reading.observedAt, old) {
                case (nil, let old?) where reading.isSame(as: old): continue
                case (nil, _): undated.append((named.name, reading))
                case (_, let old?) where reading.isOlder(than: old):
                    late.append(NamedAttribute(name: named.name, instances: [reading]))
                case (_, let old?) where reading.isSame(as: old): continue
                default: current.append((named.name, reading))
                }
            }
        }
        late.stamp(createdAt: now)
        guard !current.isEmpty || late.isEmpty else {
            return EntityChange(before: target, after: target, late: late)
        }
        var editor = EntityEditor(target, at: now)
        editor.add(types: fragment.types)
        if let scopes = fragment.scopes { editor.after.scopes = scopes }
        editor.setExpiry(fragment)
        for (name, reading) in current + undated {
            editor.put(reading, as: name)
        }
        var change = editor.change
        guard !change.isEmpty else { return EntityChange(before: target, after: target) }
        change.late = late
        return change
    }
}

extension Attribute {
    /// Whether this instance was observed before the other, or, if it has no `observedAt`, before
    /// the other was written.
    fileprivate func isOlder(than other: Attribute) -> Bool {
        guard let observedAt, let known = other.observedAt ?? other.modifiedAt else { return false }
        return observedAt < known
    }

    /// Whether the two differ at most in their times of writing.
    fileprivate func isSame(as other: Attribute) -> Bool {
        var copy = self
        copy.createdAt = other.createdAt
        copy.modifiedAt = other.modifiedAt
        copy.details?.instanceID = other.details?.instanceID
        return copy == other
    }
}
