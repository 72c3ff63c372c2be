/// What expires by itself (clause 4.22).
extension Entity {
    /// When the first part of the entity expires: the entity itself, an attribute, a sub-attribute.
    package var nextExpiry: Timestamp? {
        var next = expiresAt
        attributes.findExpiry(&next)
        return next
    }

    /// What is left of the entity at `now`; nil when it has expired as a whole.
    package func unexpired(at now: Timestamp) -> Entity? {
        guard let next = nextExpiry, next <= now else { return self }
        if let expiresAt, expiresAt <= now { return nil }
        var rest = self
        rest.attributes = attributes.unexpired(at: now)
        return rest
    }
}

extension Attribute {
    /// What is left of the instance at `now`; nil when it has expired as a whole.
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
