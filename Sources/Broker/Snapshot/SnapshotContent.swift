import ContextModel
import Governance
import Storage

/// The content of a snapshot, collected from several queries: an entity that two of them find has
/// the attributes of both.
struct SnapshotContent: Sendable {
    private(set) var entities: [Entity] = []
    private var places: [EntityID: Int] = [:]

    mutating func add(_ entity: Entity) {
        guard let place = places[entity.id] else {
            places[entity.id] = entities.count
            entities.append(entity)
            return
        }
        let known = Set(entities[place].attributes.map(\.name))
        entities[place].attributes += entity.attributes.filter { !known.contains($0.name) }
        if entities[place].scopes.isEmpty { entities[place].scopes = entity.scopes }
    }
}

extension Entity {
    /// The entity with the attributes that the projection shows; its types and scopes stay.
    func projected(_ projection: Projection) -> Entity {
        var entity = self
        entity.attributes = attributes.filter { projection.shows($0.name) }
        if !projection.shows(member: "scope") { entity.scopes = [] }
        return entity
    }
}
