package import ContextModel

/// The parts of one entity that exclusive and redirect registrations leave to their sources (clause 4.3.6.3).
package struct Claims: Sendable {
    private let claims: [(registration: ContextSourceRegistration, attributes: Set<IRI>)]

    /// `registrations` are exclusive or redirect; the types of the entity may be unknown (empty).
    package init(_ registrations: [ContextSourceRegistration], on entity: Entity) {
        claims = registrations.flatMap { registration in
            registration.information.filter { $0.isAbout(entity) }
                .map { (registration, $0.attributes) }
        }
    }

    /// Whether all of the entity is held elsewhere.
    var areWhole: Bool { claims.contains { $0.attributes.isEmpty } }

    /// The registrations of which the attribute is: one that is exclusive, or else those of
    /// redirect; empty where the hub may hold it itself.
    package func owners(of name: IRI) -> [ContextSourceRegistration] {
        if claims.isEmpty { return [] }
        let owners = claims.filter { $0.attributes.isEmpty || $0.attributes.contains(name) }
            .map(\.registration)
        let exclusive = owners.filter { $0.mode == .exclusive }
        return exclusive.isEmpty ? owners : exclusive
    }

    /// Whether the attribute may come from the source, or from the hub itself (nil).
    func allow(_ name: IRI, from registration: ContextSourceRegistration?) -> Bool {
        let owners = owners(of: name)
        return owners.isEmpty || owners.contains { $0.id == registration?.id }
    }
}
