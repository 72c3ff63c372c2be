/// A request to a hub, ready to send.
package struct HubRequest: Sendable {
    package enum Operation: Sendable {
        /// Entities with their attributes.
        case upsert
        /// Entities with their newest readings; those older than the hub's go to history alone.
        case readings
        /// Readings of one entity for its history alone.
        case history
    }

    package var operation: Operation
    package var body: [UInt8]
    /// Whether the entities have their own `@context`.
    package var isLinkedData = false
    /// The origins of the items in files: of each entity, or of the first reading.
    package var origins: [Origin]

    /// The origin of an entity in a file.
    package struct Origin: Sendable, Equatable {
        package var entityID: String
        package var file: String
        package var line: Int
        /// The number of entities and readings in it.
        package var load = Load(entities: 1)

        package init(entityID: String, file: String, line: Int, load: Load = Load(entities: 1)) {
            self.entityID = entityID
            self.file = file
            self.line = line
            self.load = load
        }
    }

    /// A number of entities and readings.
    package struct Load: Sendable, Equatable {
        package var entities = 0
        package var readings = 0

        package init(entities: Int = 0, readings: Int = 0) {
            self.entities = entities
            self.readings = readings
        }
    }
}
