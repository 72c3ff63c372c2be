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
    /// Natural languages the caller prefers (clause 4.15); nil keeps language maps.
    package var languages: LanguageFilter?
    /// Instances shown, `nil` standing for the default one; nil for all (clause 4.5.5).
    package var datasetIDs: Set<String?>?
    /// Show a deleted attribute as NGSI-LD Null alone, as notifications do (clause 5.8.6).
    package var abridgesDeletedAttributes = false
    /// Show when a deleted instance was, as evolutions do (clause 4.5.7).
    package var showsEnds = false
    /// Show Linked Entities too (clause 4.5.23); nil for Relationships alone.
    package var join: Join?
    /// Amend entities to this version of the specification (clause 4.3.6.8); nil for the newest.
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

/// How Linked Entities are added to an answer (clause 4.5.23).
package struct Join: Sendable, Hashable {
    /// Links followed one after another at most.
    package static let maximumLevel = 10

    /// The forms of clauses 4.5.23.2 and 4.5.23.3.
    package enum Form: String, Sendable, Hashable {
        case inline, flat
    }
    package var form: Form
    /// Links followed one after another (`joinLevel`), at least one.
    package var level: Int
    /// Entities the caller has already, which are not shown again (`containedBy`).
    package var containedBy: Set<EntityID>

    package init(_ form: Form, level: Int = 1, containedBy: Set<EntityID> = []) {
        self.form = form
        self.level = level
        self.containedBy = containedBy
    }
}

extension Representation {
    /// Whether any member of the entity is left to show.
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
