/// The members of an entity that are shown: `attrs`, `pick` and `omit` (clauses 4.21 and 6.4.3.2).
package struct Projection: Sendable, Hashable {
    /// The attributes shown; nil for all.
    package var attributes: Set<IRI>?
    /// Which of `id`, `type` and `scope` are shown; nil for all.
    package var entityMembers: Set<String>?
    package var omittedAttributes: Set<IRI>
    package var omittedEntityMembers: Set<String>
    /// The projections of linked entities, by Relationship; others are shown in full.
    package var linked: [IRI: Projection]

    package init(
        attributes: Set<IRI>? = nil,
        entityMembers: Set<String>? = nil,
        omittedAttributes: Set<IRI> = [],
        omittedEntityMembers: Set<String> = [],
        linked: [IRI: Projection] = [:]
    ) {
        self.attributes = attributes
        self.entityMembers = entityMembers
        self.omittedAttributes = omittedAttributes
        self.omittedEntityMembers = omittedEntityMembers
        self.linked = linked
    }

    /// The members of an entity that are not attributes and that a projection may name.
    package static let entityMembers: Set<String> = [
        "id", "type", "scope", "createdAt", "modifiedAt", "expiresAt",
    ]

    /// Whether the attribute is shown.
    package func shows(_ name: IRI) -> Bool {
        (attributes?.contains(name) ?? true) && !omittedAttributes.contains(name)
    }

    /// Whether the member of the entity, which is not an attribute, is shown.
    package func shows(member: String) -> Bool {
        (entityMembers?.contains(member) ?? true) && !omittedEntityMembers.contains(member)
    }

    /// The projection of the entities that the Relationship leads to.
    package func projection(through relationship: IRI) -> Projection {
        linked[relationship] ?? Projection()
    }

    /// The depth of links that the projection names.
    package var depth: Int { linked.values.lazy.map { $0.depth + 1 }.max() ?? 0 }

    /// A condition for the entities that have one of the picked members: of others nothing would
    /// be shown.
    ///
    /// `hidden` has the attributes that are hidden from the reader in every entity.
    package func picked(hidden: Set<IRI>) -> Condition {
        guard let attributes, let entityMembers,
            entityMembers.isDisjoint(with: ["id", "type", "createdAt", "modifiedAt"])
        else { return .everything }
        var condition = attributes.subtracting(hidden).sorted { $0.text < $1.text }
            .reduce(Condition.nothing) { $0.or(.attribute($1)) }
        if entityMembers.contains("scope") {
            condition = condition.or(.scope(ScopePattern(segments: ["#"])))
        }
        if entityMembers.contains("expiresAt") {
            let path = AttributePath(names: [], coreMember: "expiresAt")
            condition = condition.or(.value(ValueTest(path: path)))
        }
        return condition
    }
}
