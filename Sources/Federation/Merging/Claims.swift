package import ContextModel

/// What exclusive and redirect registrations leave to their sources alone (clause 4.3.6.3), found
/// by the entity that it is about.
package struct ClaimIndex: Sendable {
    fileprivate struct Claim: Sendable {
        var registration: ContextSourceRegistration
        var information: RegistrationInfo
    }
    /// Those of which every entity is named.
    private var byID: [EntityID: [Claim]] = [:]
    private var others: [Claim] = []
    /// Those by whose attributes and types alone entities differ: their identifiers are put together.
    private var extents: [Extent: Set<EntityID>] = [:]
    private var conditions: [Set<IRI>: [Condition]] = [:]

    /// Takes the exclusive and redirect ones of the registrations.
    package init(_ registrations: [ContextSourceRegistration] = []) {
        for registration in registrations where registration.isProxied {
            for information in registration.information {
                add(Claim(registration: registration, information: information))
            }
        }
    }

    package var isEmpty: Bool { byID.isEmpty && others.isEmpty }

    private mutating func add(_ claim: Claim) {
        let attributes = claim.information.attributes
        guard let entities = claim.information.entities else {
            others.append(claim)
            conditions[attributes, default: []].append(.everything)
            return
        }
        let ids = entities.compactMap(\.id)
        if ids.count == entities.count {
            for id in Set(ids) { byID[id, default: []].append(claim) }
        } else {
            others.append(claim)
        }
        for entity in entities {
            if let id = entity.id {
                let extent = Extent(attributes: attributes, types: Set(entity.types))
                extents[extent, default: []].insert(id)
            } else {
                let types = Condition.any(of: entity.types.map { .type($0) })
                conditions[attributes, default: []].append(
                    types.and(entity.idPattern.map { .idPattern($0) } ?? .everything)
                )
            }
        }
    }

    private struct Extent: Hashable {
        var attributes: Set<IRI>
        var types: Set<IRI>
    }

    /// The claims on one entity, of which the types may be unknown (empty).
    package func claims(on entity: Entity) -> Claims {
        let possible = (byID[entity.id] ?? []) + others
        return Claims(
            possible.filter { $0.information.isAbout(entity) }
                .map { ($0.registration, $0.information.attributes) }
        )
    }

    /// Which entities have which of their attributes elsewhere alone; no attributes for all of
    /// them.
    package var held: [(attributes: Set<IRI>, entities: Condition)] {
        var all = conditions
        for (extent, ids) in extents {
            let types = extent.types.sorted { $0.text < $1.text }.map { Condition.type($0) }
            all[extent.attributes, default: []].append(Condition.any(of: types).and(.ids(ids)))
        }
        return all.map { ($0.key, Condition.any(of: $0.value)) }
    }
}

/// The parts of one entity that exclusive and redirect registrations leave to their sources
/// (clause 4.3.6.3).
package struct Claims: Sendable {
    private var whole: [ContextSourceRegistration] = []
    private var byName: [IRI: [ContextSourceRegistration]] = [:]

    fileprivate init(
        _ claims: [(registration: ContextSourceRegistration, attributes: Set<IRI>)]
    ) {
        for (registration, attributes) in claims {
            if attributes.isEmpty { whole.append(registration) }
            for name in attributes { byName[name, default: []].append(registration) }
        }
    }

    /// Whether all of the entity is held elsewhere.
    var areWhole: Bool { !whole.isEmpty }

    /// The registrations of which the attribute is: one that is exclusive, or else those of
    /// redirect; empty where the hub may hold it itself.
    package func owners(of name: IRI) -> [ContextSourceRegistration] {
        let owners = whole + (byName[name] ?? [])
        let exclusive = owners.filter { $0.mode == .exclusive }
        return exclusive.isEmpty ? owners : exclusive
    }

    /// Whether the attribute may come from the source, or from the hub itself (nil).
    func allow(_ name: IRI, from registration: ContextSourceRegistration?) -> Bool {
        if whole.isEmpty, byName.isEmpty { return true }
        let owners = owners(of: name)
        return owners.isEmpty || owners.contains { $0.id == registration?.id }
    }
}
