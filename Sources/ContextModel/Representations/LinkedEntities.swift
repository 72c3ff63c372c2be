/// The Linked Entities of an answer (clause 4.5.23).
package enum LinkedEntities: Sendable {
    /// Shown inside the Relationships that lead to them (clause 4.5.23.2).
    case inline(InlineEntities)
    /// Shown once each, after the entities asked for (clause 4.5.23.3).
    case appended([AppendedEntity])

    /// All of them, each once.
    package var all: [Entity] {
        switch self {
        case .inline(let inline): Array(inline.entities.values)
        case .appended(let appended): appended.map(\.entity)
        }
    }
}

/// A Linked Entity shown after the entities asked for.
package struct AppendedEntity: Sendable, Equatable {
    package var entity: Entity
    package var projection: Projection

    package init(_ entity: Entity, _ projection: Projection) {
        self.entity = entity
        self.projection = projection
    }
}

/// The Linked Entities of an answer, seen from one place in the graph.
package struct InlineEntities: Sendable {
    fileprivate let entities: [EntityID: Entity]
    /// The number of links that may still be followed from here.
    package let levels: Int
    /// The entities that the caller has already.
    private let containedBy: Set<EntityID>
    /// The entities on the path to here, which are not shown again, so that no cycle is followed
    /// twice.
    private var way: [EntityID] = []

    package init(
        _ entities: [EntityID: Entity],
        levels: Int,
        containedBy: Set<EntityID> = []
    ) {
        self.entities = entities
        self.levels = levels
        self.containedBy = containedBy
    }

    /// The view from inside the entity; nil when no more links are followed.
    func inside(_ id: EntityID) -> InlineEntities? {
        guard levels > 0 else { return nil }
        var inside = InlineEntities(entities, levels: levels - 1, containedBy: containedBy)
        inside.way = way + [id]
        return inside
    }

    subscript(uri: JSONValue) -> Entity? {
        guard let uri = uri.stringValue else { return nil }
        let id = EntityID(uri)
        return containedBy.contains(id) || way.contains(id) ? nil : entities[id]
    }
}

extension Attribute {
    /// The URIs that a Relationship or ListRelationship leads to; empty for another kind.
    package var targets: [JSONValue] {
        guard kind == .relationship || kind == .listRelationship, !NGSILDNull.isNull(value) else {
            return []
        }
        return value.arrayValue ?? [value]
    }
}

/// The Linked Entities of one attribute, and how they are written.
struct EntityLinks {
    private let entities: InlineEntities
    private let writer: EntityWriter

    /// Returns nil when the attribute leads nowhere or no more links are followed.
    init?(of attribute: NamedAttribute, in entity: EntityID, writer: EntityWriter) {
        guard case .inline(let inline)? = writer.linked,
            attribute.instances.contains(where: { !$0.targets.isEmpty }),
            let entities = inline.inside(entity)
        else { return nil }
        self.entities = entities
        let projection = writer.representation.projection.projection(through: attribute.name)
        self.writer = writer.showing(projection, linked: .inline(entities))
    }

    /// Writes the output-only member that holds the Linked Entities of a Relationship.
    func writeMember(of attribute: Attribute, to json: inout JSONWriter) {
        let found = attribute.targets.compactMap(entity)
        guard let first = found.first else { return }
        json.key(attribute.kind == .listRelationship ? "entityList" : "entity")
        if case .array = attribute.value {
            writer.write(found, to: &json)
        } else {
            writer.write(first, to: &json)
        }
    }

    /// Writes the available Linked Entities in place of their URIs.
    func writeSimplified(_ attribute: Attribute, to json: inout JSONWriter) {
        guard case .array(let uris) = attribute.value else {
            return write(attribute.value, to: &json)
        }
        json.beginArray()
        for uri in uris { write(uri, to: &json) }
        json.endArray()
    }

    private func write(_ uri: JSONValue, to json: inout JSONWriter) {
        guard let entity = entity(uri) else { return json.value(uri) }
        writer.write(entity, to: &json)
    }

    /// The Linked Entity, if it is available and something of it is shown.
    private func entity(_ uri: JSONValue) -> Entity? {
        entities[uri].flatMap { writer.representation.showsAnything(of: $0) ? $0 : nil }
    }
}
