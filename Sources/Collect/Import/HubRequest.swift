/// One request to a hub, written and ready to send.
package struct HubRequest: Sendable {
    package enum Operation: Sendable {
        /// Entities as they are to be.
        case upsert
        /// Entities with their newest readings; what is older than the hub's is history alone.
        case readings
        /// Readings of one entity that are history alone.
        case history
    }

    package var operation: Operation
    package var body: [UInt8]
    /// Whether the entities bring their own `@context`.
    package var isLinkedData = false
    /// The places the items come from: of each entity, or of the first reading.
    package var origins: [Origin]

    /// The place an entity comes from.
    package struct Origin: Sendable, Equatable {
        package var entityID: String
        package var file: String
        package var line: Int
        /// What the hub takes with it.
        package var load = Load(entities: 1)

        package init(entityID: String, file: String, line: Int, load: Load = Load(entities: 1)) {
            self.entityID = entityID
            self.file = file
            self.line = line
            self.load = load
        }
    }

    /// So many entities and readings.
    package struct Load: Sendable, Equatable {
        package var entities = 0
        package var readings = 0

        package init(entities: Int = 0, readings: Int = 0) {
            self.entities = entities
            self.readings = readings
        }
    }
}
