/// One request to a hub, written and ready to send.
package struct HubRequest: Sendable {
    package enum Operation: Sendable { case upsert, history }

    package var operation: Operation
    package var body: [UInt8]
    /// Whether the entities bring their own `@context`.
    package var isLinkedData = false
    /// Entities of an upsert, instances of a history.
    package var itemCount: Int
    /// The places the items come from: of each entity, or of the first instance.
    package var origins: [Origin]

    /// The place an entity comes from.
    package struct Origin: Sendable, Equatable {
        package var entityID: String
        package var file: String
        package var line: Int

        package init(entityID: String, file: String, line: Int) {
            self.entityID = entityID
            self.file = file
            self.line = line
        }
    }
}
