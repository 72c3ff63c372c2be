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
    /// The types of the entities that it writes.
    package var types: [IRI]
    /// Set where it is a group of devices, whose definition has no key.
    package var group: DeviceGroup?
    package var isPaused = false
    /// Whether the definition is a file of the operator's, which alone can change it.
    package var isFromFile = false
    package var changedAt: Timestamp

    init(
        name: SourceName,
        definition: String,
        types: [IRI],
        isFromFile: Bool,
        changedAt: Timestamp
    ) {
        self.name = name
        self.definition = definition
        self.types = types
        self.isFromFile = isFromFile
        self.changedAt = changedAt
    }

    /// A group of devices as a source.
    init(
        name: SourceName,
        group: DeviceGroup,
        types: [IRI],
        changedAt: Timestamp
    ) {
        self.init(
            name: name,
            definition: "",
            types: types,
            isFromFile: false,
            changedAt: changedAt
        )
        put(group)
    }

    /// Gives it another group, and the definition that shows it.
    mutating func put(_ group: DeviceGroup) {
        self.group = group
        definition = String(decoding: JSONValue.object(group.provision).serialized, as: UTF8.self)
    }

    /// What the party of the source may do: write the types that its map makes, and nothing else.
    var permission: Permission {
        let all = types.map { Condition.type($0) }
        return Permission(
            assignee: .party(name.party),
            actions: [.write],
            target: all.count == 1 ? all[0] : all.isEmpty ? .nothing : .any(all),
            name: "source " + name.text
        )
    }

    var document: Document {
        var body: JSONObject = [
            "definition": .string(definition),
            "types": .array(types.map { .string($0.text) }),
            "paused": .bool(isPaused), "fromFile": .bool(isFromFile),
            "changedAt": .number(JSONNumber(Int(changedAt.microseconds))),
        ]
        body["group"] = group?.document
        return Document(kind: .source, id: name.text, body: JSONValue.object(body).serialized)
    }

    /// Reads what `document` wrote; nil when the bytes are damaged.
    init?(_ document: Document) {
        guard let json = try? JSONReader.read(document.body).objectValue,
            let name = SourceName(document.id),
            let definition = json["definition"]?.stringValue,
            let types = json["types"]?.arrayValue?.compactMap(\.stringValue)
                ?? json["type"]?.stringValue.map({ [$0] }),
            let changedAt = json["changedAt"]?.numberValue?.intValue
        else { return nil }
        self.init(
            name: name,
            definition: definition,
            types: types.map { IRI($0) },
            isFromFile: json["fromFile"]?.boolValue ?? false,
            changedAt: Timestamp(microseconds: Int64(changedAt))
        )
        isPaused = json["paused"]?.boolValue ?? false
        // One that cannot be read is not at work; its rights stay known.
        group = json["group"].flatMap { DeviceGroup(document: $0) }
    }
}
