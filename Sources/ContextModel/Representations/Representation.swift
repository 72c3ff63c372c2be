/// How entities are shown to a caller (clauses 4.5.1 to 4.5.20 and 6.3.7).
package struct Representation: Sendable, Hashable {
    /// The forms of clause 6.3.7.
    package enum Format: Sendable, Hashable {
        case normalized, concise, simplified
    }
    package var format: Format
    /// Show `createdAt`, `modifiedAt` and `deletedAt` (`sysAttrs`, clause 6.3.11).
    package var showsSystemAttributes: Bool
    package var projection: Projection
    /// Natural languages the caller prefers, best first (clause 4.15); nil keeps language maps.
    package var languages: [String]?
    /// Instances shown, `nil` standing for the default one; nil for all (clause 4.5.5).
    package var datasetIDs: Set<String?>?
    /// Show a deleted attribute as NGSI-LD Null alone, as notifications do (clause 5.8.6).
    package var abridgesDeletedAttributes = false

    package init(
        format: Format = .normalized,
        showsSystemAttributes: Bool = false,
        projection: Projection = Projection(),
        languages: [String]? = nil,
        datasetIDs: Set<String?>? = nil
    ) {
        self.format = format
        self.showsSystemAttributes = showsSystemAttributes
        self.projection = projection
        self.languages = languages
        self.datasetIDs = datasetIDs
    }
}

/// Which members of an entity are shown: `attrs`, `pick` and `omit` (clauses 4.21 and 6.4.3.2).
package struct Projection: Sendable, Hashable {
    /// Attributes shown; nil for all.
    package var attributes: Set<IRI>?
    /// `id`, `type` and `scope` shown; nil for all.
    package var entityMembers: Set<String>?
    package var omittedAttributes: Set<IRI>
    package var omittedEntityMembers: Set<String>

    package init(
        attributes: Set<IRI>? = nil,
        entityMembers: Set<String>? = nil,
        omittedAttributes: Set<IRI> = [],
        omittedEntityMembers: Set<String> = []
    ) {
        self.attributes = attributes
        self.entityMembers = entityMembers
        self.omittedAttributes = omittedAttributes
        self.omittedEntityMembers = omittedEntityMembers
    }

    /// The members of an entity that are not attributes and that a projection may name.
    package static let entityMembers: Set<String> = [
        "id", "type", "scope", "createdAt", "modifiedAt", "expiresAt",
    ]

    /// Names given both to be shown and to be left out.
    package var contradictions: [String] {
        let attributes = omittedAttributes.intersection(attributes ?? []).map(\.text)
        return (attributes + omittedEntityMembers.intersection(entityMembers ?? [])).sorted()
    }

    /// Whether the attribute is shown.
    package func shows(_ name: IRI) -> Bool {
        (attributes?.contains(name) ?? true) && !omittedAttributes.contains(name)
    }

    /// Whether the member of the entity that is no attribute is shown.
    package func shows(member: String) -> Bool {
        (entityMembers?.contains(member) ?? true) && !omittedEntityMembers.contains(member)
    }
}
