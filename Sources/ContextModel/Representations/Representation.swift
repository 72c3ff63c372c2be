/// The representation of entities in an answer (clauses 4.5.1 to 4.5.20 and 6.3.7).
package struct Representation: Sendable, Hashable {
    /// The representations of clause 6.3.7.
    package enum Format: Sendable, Hashable {
        case normalized, concise, simplified
    }
    package var format: Format
    /// Shows `createdAt`, `modifiedAt` and `deletedAt` (`sysAttrs`, clause 6.3.11).
    package var showsSystemAttributes: Bool
    package var projection: Projection
    /// Natural languages the caller prefers (clause 4.15); nil keeps language maps.
    package var languages: LanguageFilter?
    /// The instances shown, by `datasetId` (`nil` is the default one); nil for all (clause 4.5.5).
    package var datasetIDs: Set<String?>?
    /// Shows a deleted attribute as NGSI-LD Null alone, as in notifications (clause 5.8.6).
    package var abridgesDeletedAttributes = false
    /// Shows when an instance was deleted, as in evolutions (clause 4.5.7).
    package var showsEnds = false
    /// Shows Linked Entities as well (clause 4.5.23); nil for Relationships alone.
    package var join: Join?
    /// Adapts entities to this version of the specification (clause 4.3.6.8); nil for the newest.
    package var version: SpecificationVersion?

    package init(
        format: Format = .normalized,
        showsSystemAttributes: Bool = false,
        projection: Projection = Projection(),
        languages: LanguageFilter? = nil,
        datasetIDs: Set<String?>? = nil
    ) {
        self.format = format
        self.showsSystemAttributes = showsSystemAttributes
        self.projection = projection
        self.languages = languages
        self.datasetIDs = datasetIDs
    }
}

/// The way in which Linked Entities are added to an answer (clause 4.5.23).
package struct Join: Sendable, Hashable {
    /// The most links that are followed one after the other.
    package static let maximumLevel = 10

    /// The inline and flattened representations (clauses 4.5.23.2 and 4.5.23.3).
    package enum Format: String, Sendable, Hashable {
        case inline, flat
    }
    package var format: Format
    /// The number of links to follow one after the other (`joinLevel`), at least one.
    package var level: Int
    /// The entities that the caller has already and that are not shown again (`containedBy`).
    package var containedBy: Set<EntityID>

    package init(_ format: Format, level: Int = 1, containedBy: Set<EntityID> = []) {
        self.format = format
        self.level = level
        self.containedBy = containedBy
    }
}

extension Representation {
    /// Whether any member of the entity is shown.
    package func showsAnything(of entity: Entity) -> Bool {
        var members: Set<String> = ["id", "type"]
        if !entity.scopes.isEmpty { members.insert("scope") }
        if showsSystemAttributes {
            members.formUnion(["createdAt", "modifiedAt"])
            if entity.expiresAt != nil { members.insert("expiresAt") }
        }
        return members.contains(where: projection.shows(member:))
            || entity.attributes.contains { projection.shows($0.name) }
    }
}
