import ContextModel

/// The bytes of a message as the JSON in which cells are looked up.
extension MessageMapper {
    /// Throws when nothing of it can be read; parts that cannot be are told in `mapped`.
    func content(
        of message: SourceMessage,
        _ mapped: inout MappedMessage
    ) throws(RowRefusal) -> JSONValue {
        switch definition.format {
        case .json, .ngsi, .devices: return try message.json
        case .thingsBoard:
            let gateway = ThingsBoardMessage(topic: message.topic)
            return .array(
                try gateway.rows(message.json, message) { refuse($0, $1, &mapped) }
            )
        case .csv: return try table(message, &mapped)
        case .gtfsRealtime:
            return try RealtimeFeed.read(message.body, receivedAt: message.receivedAt) {
                refuse($0, "Entity \($1)", &mapped)
            }
        case .cap: return try AlertDocument.read(message.body) { refuse($0, $1, &mapped) }
        }
    }

    /// The rows of a table as objects of texts.
    private func table(
        _ message: SourceMessage,
        _ mapped: inout MappedMessage
    ) throws(RowRefusal) -> JSONValue {
        var rows: [JSONValue] = []
        do throws(SourceError) {
            let bytes = MemoryBytes(message.body, name: "message")
            guard var table = try Table.unlessEmpty(bytes, columns.format) else {
                return .array([])
            }
            while true {
                switch try table.next() {
                case .end: return .array(rows)
                case .problem(let problem):
                    refuse(RowRefusal(reason: "\(problem)"), nil, &mapped)
                case .row:
                    guard rows.count <= Self.maximumRows else { return .array(rows) }
                    let members = table.columns.enumerated().map {
                        (key: $1, value: JSONValue.string(table.row.text($0)))
                    }
                    rows.append(.object(JSONObject(members)))
                }
            }
        } catch {
            throw RowRefusal(reason: error.description)
        }
    }
}
