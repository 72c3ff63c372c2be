package import ContextModel

/// Which part of a change is made where (clauses 4.3.6.2, 4.3.6.3 and 5.6).
package struct ProvisionPlan: Sendable {
    /// The part of a change that a source makes.
    package struct Part: Sendable {
        package let registration: ContextSourceRegistration
        /// The attributes of the request that are the source's; nil for a change of the whole
        /// entity.
        package let attributes: Set<IRI>?
        /// What the entity may be at the source; never empty.
        package let possible: [EntityAtSource]
        /// The type selection that the source is given, so that it changes no entity of another
        /// type (clause 4.3.6.1); `everything` where no type is known.
        package let types: Condition
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
    /// A source takes part that offers the operation, or one of `others` instead. `said` are types
    /// that a body says of an entity that may exist already: they choose registrations, and tell
    /// nothing of what the entity is. `asked` is the type selection of the request. `attributes`
    /// are those that the request names; nil where it is about the whole entity, as a deletion is.
    /// `via` are the names of the sources that the request has come through.
    package init(
        _ operation: DistributedOperation,
        or others: [DistributedOperation] = [],
        of entity: Entity,
        saying said: [IRI] = [],
        asked: Condition = .everything,
        naming attributes: Set<IRI>?,
        to matches: [MatchedRegistration],
        via: [String] = []
    ) {
        var matched = entity
        matched.types = entity.types.union(said)
        let claims = ClaimIndex(matches.map(\.registration)).claims(on: matched)
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
            let information = registration.information.filter { $0.isAbout(matched) }
            let extent = PossibleTypes.types(
                of: entity,
                matched: matched,
                in: information,
                asked: asked
            )
            guard !information.isEmpty, let extent else { continue }
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
            let planned = Part(
                registration: registration,
                attributes: part,
                possible: extent.possible,
                types: operation.makesEntities ? .everything : extent.selection
            )
            let isLoop = registration.alias.map(via.contains) ?? false
            let isOffered =
                registration.operations.contains(operation)
                || others.contains(where: registration.operations.contains)
            if isOffered, !isLoop {
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

/// The types that an entity may have at a source.
private struct PossibleTypes {
    /// Never empty.
    var possible: [EntityAtSource]
    var selection: Condition

    /// Returns nil where none of them is asked for.
    static func types(
        of entity: Entity,
        matched: Entity,
        in information: [RegistrationInfo],
        asked: Condition
    ) -> PossibleTypes? {
        var registered: [[IRI]] = []
        for info in information {
            // Of any type, so it is what is known here, or what the caller says.
            guard let entities = info.entities else { return known(of: entity, asked) }
            registered += entities.filter { $0.isAbout(matched) }.map(\.types)
        }
        let some = registered.filter { asked.mayHold(forTypes: $0) }
        guard !some.isEmpty else { return nil }
        let selection = Condition.any(
            of: some.map { types in
                types.count == 1 ? .type(types[0]) : .all(types.map { .type($0) })
            }
        )
        return PossibleTypes(
            possible: some.map { EntityAtSource(entity.id, types: $0.union(entity.types)) },
            selection: asked == selection ? asked : asked.and(selection)
        )
    }

    private static func known(of entity: Entity, _ asked: Condition) -> PossibleTypes {
        let types = entity.types
        if !types.isEmpty {
            return PossibleTypes(
                possible: [EntityAtSource(entity.id, types: types)],
                selection: asked.and(.any(of: types.map { .type($0) }))
            )
        }
        let required = asked.oneOfTypes?.sorted { $0.text < $1.text }
        return PossibleTypes(
            possible: required?.map { EntityAtSource(entity.id, types: [$0]) }
                ?? [EntityAtSource(entity.id, types: nil)],
            selection: asked
        )
    }
}

extension [IRI] {
    fileprivate func union(_ others: [IRI]) -> [IRI] {
        self + others.filter { !contains($0) }
    }
}

extension RegistrationInfo {
    /// Whether it may be about the entity, of which the types may be unknown (empty).
    package func isAbout(_ entity: Entity) -> Bool {
        entities?.contains { $0.isAbout(entity) } ?? true
    }
}

extension EntityInfo {
    /// Whether it may be about the entity, of which the types may be unknown (empty).
    func isAbout(_ entity: Entity) -> Bool {
        guard entity.types.isEmpty else { return covers(entity) }
        return id.map { $0 == entity.id } ?? idPattern?.matches(entity.id.uri) ?? true
    }
}
