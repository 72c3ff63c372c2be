package import ContextModel

/// Which part of a change is made where (clauses 4.3.6.2, 4.3.6.3 and 5.6).
package struct ProvisionPlan: Sendable {
    /// The part of a change that a source makes.
    package struct Part: Sendable {
        package let registration: ContextSourceRegistration
        /// The attributes of the request that are the source's; nil for a change of the whole
        /// entity.
        package let attributes: Set<IRI>?
        /// The types of the entity that the registration says; empty for any.
        package let types: [IRI]
    }

    /// In the order in which the sources were registered.
    package private(set) var parts: [Part] = []
    /// What is held elsewhere alone, where the operation is not offered.
    package private(set) var refused: [Part] = []
    /// The attributes of the request that the hub does not hold itself.
    package private(set) var removed: Set<IRI> = []
    /// Whether the hub makes a part of the change itself.
    package private(set) var isOwn = true

    /// Plans a change of an entity, of which the types may be unknown (empty).
    ///
    /// `attributes` are those that the request names; nil where it is about the whole entity, as a
    /// deletion is. `via` are the names of the sources that the request has come through.
    package init(
        _ operation: DistributedOperation,
        of entity: Entity,
        naming attributes: Set<IRI>?,
        to matches: [MatchedRegistration],
        via: [String] = []
    ) {
        let claims = Claims(matches.map(\.registration).filter(\.isProxied), on: entity)
        var claimed: [String: Set<IRI>] = [:]
        for name in attributes ?? [] {
            for owner in claims.owners(of: name) {
                claimed[owner.id, default: []].insert(name)
                removed.insert(name)
            }
        }
        for match in matches {
            let registration = match.registration
            guard registration.mode != .auxiliary else { continue }
            let information = registration.information.filter { $0.isAbout(entity) }
            guard !information.isEmpty else { continue }
            var part: Set<IRI>?
            if let attributes {
                let rest =
                    registration.isProxied
                    ? claimed[registration.id] ?? []
                    : attributes.subtracting(removed).filter { name in
                        information.contains {
                            $0.attributes.isEmpty || $0.attributes.contains(name)
                        }
                    }
                // A request without attributes may still be about the entity.
                guard !rest.isEmpty || attributes.isEmpty else { continue }
                part = rest
            }
            let types = information.compactMap(\.entities).flatMap(\.self).first?.types ?? []
            let planned = Part(registration: registration, attributes: part, types: types)
            let isLoop = registration.alias.map(via.contains) ?? false
            if registration.operations.contains(operation), !isLoop {
                parts.append(planned)
            } else if registration.isProxied {
                refused.append(planned)
            }
        }
        let isWhollyRemoved =
            attributes.map { !$0.isEmpty && $0.isSubset(of: removed) } ?? false
        isOwn = !claims.areWhole && !isWhollyRemoved
    }
}

extension RegistrationInfo {
    /// Whether it may be about the entity, of which the types may be unknown (empty).
    package func isAbout(_ entity: Entity) -> Bool {
        guard entity.types.isEmpty else { return covers(entity) }
        return entities?.contains { info in
            info.id.map { $0 == entity.id } ?? info.idPattern?.matches(entity.id.uri) ?? true
        } ?? true
    }
}
