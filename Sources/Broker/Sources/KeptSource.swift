package import ContextModel
package import Governance
import Storage

/// The name of a source: lower-case letters, digits and hyphens, at most 64.
package struct SourceName: Sendable, Hashable, Comparable, CustomStringConvertible {
    package let text: String

    /// Returns nil for a text that cannot be a name; `v1` is a part of paths.
    package init?(_ text: String) {
        let isPlain = text.utf8.allSatisfy {
            (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D
        }
        guard isPlain, (1...64).contains(text.utf8.count), text != "v1", text.utf8.first != 0x2D
        else { return nil }
        self.text = text
    }

    /// The party that writes what comes from the source.
    package var party: PartyID { PartyID("urn:balai:source:" + text) }

    package static func < (a: SourceName, b: SourceName) -> Bool { a.text < b.text }
    package var description: String { text }
}

/// A source as the hub keeps it.
package struct KeptSource: Sendable, Hashable {
    package var name: SourceName
    /// The definition as it was written.
    package var definition: String
    /// The type of the entities that it writes.
    package var type: IRI
    package var isPaused = false
    /// Whether the definition is a file of the operator's, which alone can change it.
    package var isFromFile = false
    package var changedAt: Timestamp

    init(
        name: SourceName,
        definition: String,
        type: IRI,
        isFromFile: Bool,
        changedAt: Timestamp
    ) {
        self.name = name
        self.definition = definition
        self.type = type
        self.isFromFile = isFromFile
        self.changedAt = changedAt
    }

    /// What the party of the source may do: write the type that its map makes, and nothing else.
    var permission: Permission {
        Permission(
            assignee: .party(name.party),
            actions: [.write],
            target: .type(type),
            name: "source " + name.text
        )
    }

    var document: Document {
        let body: JSONObject = [
            "definition": .string(definition), "type": .string(type.text),
            "paused": .bool(isPaused), "fromFile": .bool(isFromFile),
            "changedAt": .number(JSONNumber(Int(changedAt.microseconds))),
        ]
        return Document(kind: .source, id: name.text, body: JSONValue.object(body).serialized)
    }

    /// Reads what `document` wrote; nil when the bytes are damaged.
    init?(_ document: Document) {
        guard let json = try? JSONReader.read(document.body).objectValue,
            let name = SourceName(document.id),
            let definition = json["definition"]?.stringValue,
            let type = json["type"]?.stringValue,
            let changedAt = json["changedAt"]?.numberValue?.intValue
        else { return nil }
        self.init(
            name: name,
            definition: definition,
            type: IRI(type),
            isFromFile: json["fromFile"]?.boolValue ?? false,
            changedAt: Timestamp(microseconds: Int64(changedAt))
        )
        isPaused = json["paused"]?.boolValue ?? false
    }
}
