/// Expiry of entities and their parts (clause 4.22).
extension Entity {
    /// The time at which the first part expires: the entity, an attribute or a sub-attribute.
    package var nextExpiry: Timestamp? {
        var next = expiresAt
        attributes.findExpiry(&next)
        return next
    }

    /// The entity without its expired parts; nil when it has expired itself.
    package func unexpired(at now: Timestamp) -> Entity? {
        guard let next = nextExpiry, next <= now else { return self }
        if let expiresAt, expiresAt <= now { return nil }
        var rest = self
        rest.attributes = attributes.unexpired(at: now)
        return rest
    }
}

extension Attribute {
    /// The instance without its expired parts; nil when it has expired itself.
    func unexpired(at now: Timestamp) -> Attribute? {
        if let expiresAt = details?.expiresAt, expiresAt <= now { return nil }
        guard !attributes.isEmpty else { return self }
        var rest = self
        rest.attributes = attributes.unexpired(at: now)
        return rest
    }
}

extension [NamedAttribute] {
    fileprivate func findExpiry(_ next: inout Timestamp?) {
        for named in self {
            for instance in named.instances {
                if let expiry = instance.details?.expiresAt, next.map({ expiry < $0 }) ?? true {
                    next = expiry
                }
                if !instance.attributes.isEmpty { instance.attributes.findExpiry(&next) }
            }
        }
    }

    fileprivate func unexpired(at now: Timestamp) -> [NamedAttribute] {
        compactMap { named in
            let instances = named.instances.compactMap { $0.unexpired(at: now) }
            return instances.isEmpty ? nil : NamedAttribute(name: named.name, instances: instances)
        }
    }
}
