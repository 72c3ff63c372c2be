package import ContextModel

/// A part of an entity that a source has answered.
package struct SourcePart: Sendable {
    package var registration: ContextSourceRegistration
    package var entity: Entity

    package init(_ entity: Entity, of registration: ContextSourceRegistration) {
        self.entity = entity
        self.registration = registration
    }
}

/// The parts of one entity, which become one (clause 4.5.5).
package struct EntityParts: Sendable {
    /// In the order in which the sources were registered.
    package var parts: [SourcePart]

    package init(_ parts: [SourcePart] = []) { self.parts = parts }

    /// The whole entity; nil when no part of it is left at the time.
    ///
    /// Of two instances with one `datasetId` the one counts that was observed later, or else the one
    /// that was modified later; of equal ones that of the hub itself, then that of the source
    /// that was registered first (the standard leaves it open). What auxiliary sources have is added
    /// where nobody else has the attribute. What is registered as held elsewhere (`claims`) comes from
    /// there alone (clause 4.3.6.3).
    package func merged(
        with local: Entity?,
        claims: ClaimIndex = ClaimIndex(),
        at now: Timestamp
    ) -> Entity? {
        var versions: [Version] = []
        if let local = local?.unexpired(at: now) { versions.append(Version(entity: local)) }
        for part in parts {
            guard let entity = part.entity.unexpired(at: now) else { continue }
            versions.append(Version(entity: entity, registration: part.registration))
        }
        guard var whole = versions.first.map({ Entity(id: $0.entity.id, types: []) }) else {
            return nil
        }
        Self.spreadExpiry(of: &versions)
        whole.takeMembers(of: versions.map(\.entity))
        whole.expiresAt =
            versions.allSatisfy { $0.entity.expiresAt != nil }
            ? versions.compactMap(\.entity.expiresAt).max() : nil
        let claims = claims.claims(on: whole)
        var own = AttributeMerge()
        var auxiliary = AttributeMerge()
        for version in versions {
            let isAuxiliary = version.registration?.mode == .auxiliary
            for named in version.entity.attributes
            where claims.allow(named.name, from: version.registration) {
                if isAuxiliary { auxiliary.add(named) } else { own.add(named) }
            }
        }
        for named in auxiliary.attributes where !own.has(named.name) { own.add(named) }
        whole.attributes = own.attributes
        return whole
    }

    /// An entity as the hub or a source has it.
    private struct Version {
        var entity: Entity
        /// nil for the hub itself.
        var registration: ContextSourceRegistration?
    }

    /// Lets attributes expire with their entity, where not all versions of it expire at the same
    /// time (clause 4.5.5.2).
    private static func spreadExpiry(of versions: inout [Version]) {
        guard Set(versions.map(\.entity.expiresAt)).count > 1 else { return }
        for index in versions.indices {
            guard let expiry = versions[index].entity.expiresAt else { continue }
            for place in versions[index].entity.attributes.indices {
                versions[index].entity.attributes[place].instances =
                    versions[index].entity.attributes[place].instances.map {
                        $0.expiring(by: expiry)
                    }
            }
        }
    }
}

extension Entity {
    /// Adds the types, scopes and times of all versions.
    mutating func takeMembers(of versions: [Entity]) {
        var (seenTypes, seenScopes) = (Set(types), Set(scopes))
        for version in versions {
            types += version.types.filter { seenTypes.insert($0).inserted }
            scopes += version.scopes.filter { seenScopes.insert($0).inserted }
        }
        createdAt = versions.compactMap(\.createdAt).min()
        modifiedAt = versions.compactMap(\.modifiedAt).max()
    }
}

extension Attribute {
    fileprivate func expiring(by moment: Timestamp) -> Attribute {
        var attribute = self
        var details = details ?? AttributeDetails()
        details.expiresAt = min(details.expiresAt ?? moment, moment)
        attribute.details = details
        return attribute
    }

    /// Whether it counts in place of another instance with the same `datasetId` (clause 4.5.5.3).
    func replaces(_ other: Attribute) -> Bool {
        let never = Timestamp(microseconds: .min)
        let (new, old) = (observedAt ?? never, other.observedAt ?? never)
        if new != old { return new > old }
        return modifiedAt ?? never > other.modifiedAt ?? never
    }
}

/// The attributes of several versions of an entity, of which one instance counts for each
/// `datasetId`.
///
/// Each is found by its name and `datasetId`: an entity may have thousands of both.
private struct AttributeMerge {
    private(set) var attributes: [NamedAttribute] = []
    private var places: [IRI: Int] = [:]
    /// The places of the instances of an attribute, for those that came in several versions.
    private var instances: [IRI: [String?: Int]] = [:]

    func has(_ name: IRI) -> Bool { places[name] != nil }

    mutating func add(_ named: NamedAttribute) {
        guard let place = places[named.name] else {
            places[named.name] = attributes.count
            attributes.append(named)
            return
        }
        var known =
            instances[named.name]
            ?? Dictionary(
                attributes[place].instances.enumerated().map { ($1.datasetID, $0) },
                uniquingKeysWith: { first, _ in first }
            )
        for instance in named.instances {
            guard let same = known[instance.datasetID] else {
                known[instance.datasetID] = attributes[place].instances.count
                attributes[place].instances.append(instance)
                continue
            }
            if instance.replaces(attributes[place].instances[same]) {
                attributes[place].instances[same] = instance
            }
        }
        instances[named.name] = known
    }
}
