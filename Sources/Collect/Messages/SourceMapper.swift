import ContextModel

/// Maps messages of a source to entities, whatever their format.
package struct SourceMapper: Sendable {
    private enum Kind: Sendable {
        /// One for each map of the definition.
        case maps([MessageMapper])
        case entities(EntityMessages)
        /// The messages of devices are mapped by the groups that these have.
        case devices
    }
    private let kind: Kind

    /// A mapper for a definition that was read.
    package init(_ definition: SourceDefinition) throws(SourceError) {
        try self.init(definition, MapNode.read("{}", file: "map"))
    }

    /// `node` names the definition in errors.
    init(_ definition: SourceDefinition, _ node: MapNode) throws(SourceError) {
        switch definition.format {
        case .json, .csv, .thingsBoard, .gtfsRealtime, .cap:
            guard !definition.maps.isEmpty else { throw node.wrong("A source needs `map`.") }
            var mappers: [MessageMapper] = []
            for (place, map) in definition.maps.enumerated() {
                mappers.append(try MessageMapper(definition, map, isFirst: place == 0, node))
            }
            kind = .maps(mappers)
        case .ngsi: kind = .entities(EntityMessages())
        case .devices: kind = .devices
        }
    }

    /// Maps a message; what cannot be mapped is told in the result.
    package func map(_ message: SourceMessage) -> MappedMessage {
        switch kind {
        case .maps(let mappers):
            var mapped = MappedMessage()
            for mapper in mappers { mapped.add(mapper.map(message)) }
            return mapped
        case .entities(let entities): return entities.map(message)
        case .devices:
            var mapped = MappedMessage()
            // The topic may have the key of a group, which is not told.
            mapped.refuse(
                "The topic is not /json/KEY/ID/attrs, /attrs/NAME or /cmdexe of a group that takes "
                    + "messages.",
                nil
            )
            return mapped
        }
    }

    /// How many rows the message has, which become entities or are skipped or refused; 0 where it
    /// cannot be read.
    package func rowCount(of message: SourceMessage) -> Int {
        switch kind {
        case .maps(let mappers): mappers[0].rowCount(of: message)
        case .entities(let entities): entities.rowCount(of: message)
        case .devices: 0
        }
    }
}
