package import ContextModel

/// What an entry of the record is about.
///
/// Names are lower-case words; one that this version does not know can still be read and checked.
package struct EntryKind: Sendable, Hashable {
    package let name: String

    private init(_ name: String) { self.name = name }

    /// Personal data left the hub.
    package static let read = EntryKind("read")
    /// A policy was put or removed.
    package static let policy = EntryKind("policy")
    /// A classification was put or removed.
    package static let classification = EntryKind("classification")
    /// A person objected, consented or withdrew.
    package static let choice = EntryKind("choice")
    /// A policy overrides what persons chose.
    package static let override = EntryKind("override")
    /// It was decided how another hub stands with this one.
    package static let member = EntryKind("member")
    /// A hub, a key or a subscription was suspended, or is not any more.
    package static let suspension = EntryKind("suspension")
    /// It was decided whose reports of incidents count, and who may read them.
    package static let reports = EntryKind("reports")
    /// A person's data were erased.
    package static let erasure = EntryKind("erasure")
    /// A statistic spent some of persons' budgets.
    package static let spending = EntryKind("spending")

    /// An exemption of the pilot space was published, changed or ended.
    package static let exemption = EntryKind("exemption")

    /// The bytes with which the lines of its entries begin.
    package var beginning: [UInt8] { Array("{\"type\":\"\(name)\",".utf8) }

    /// Nil for what is no lower-case word of at most 32 letters.
    package init?(name: String) {
        guard 1...32 ~= name.utf8.count, name.utf8.allSatisfy({ 0x61...0x7A ~= $0 }) else {
            return nil
        }
        self.name = name
    }
}

/// One entry of the record: a line of JSON that everybody may read.
///
///     {"type":"read","time":"2026-01-31T08:00:00Z","state":7,"people":{"count":2,"root":"…"}}
///
/// It says nothing of any person: of them it has the root of a tree of commitments (`Commitment`).
/// Each value has exactly one line, which is what the tree hashes: members in the order above, with
/// `details` before `people`, those left out that are empty, no white space.
package struct RecordEntry: Sendable, Hashable {
    /// The openings of an entry, as everybody may know them.
    package struct People: Sendable, Hashable {
        /// How many openings there are.
        package var count: Int
        /// The root of the tree of their commitments.
        package var root: TreeHash
    }
    package var kind: EntryKind
    /// When the decision was made, by the hub's clock.
    package var time: Timestamp
    /// How many entries were in force when the decision was made: all with a smaller number were.
    package var state: Int
    /// What everybody may know, such as a policy; a matter of the kind of entry.
    package var details: JSONObject
    package var people: People?

    package init(
        _ kind: EntryKind,
        time: Timestamp,
        state: Int,
        details: JSONObject = JSONObject(),
        people: People? = nil
    ) {
        self.kind = kind
        self.time = time
        self.state = state
        self.details = details
        self.people = people
    }
}

// MARK: - JSON

extension RecordEntry {
    /// The bytes that the tree hashes.
    package var bytes: [UInt8] {
        var writer = JSONWriter(reservingBytes: 256)
        writer.beginObject()
        writer.key("type")
        writer.string(kind.name)
        writer.key("time")
        writer.timestamp(time)
        writer.key("state")
        writer.number(state)
        if !details.isEmpty {
            writer.key("details")
            writer.value(.object(details))
        }
        if let people {
            writer.key("people")
            writer.beginObject()
            writer.key("count")
            writer.number(people.count)
            writer.key("root")
            writer.string(people.root.description)
            writer.endObject()
        }
        writer.endObject()
        return writer.bytes
    }

    /// Reads an entry; throws for bytes that are not exactly what `bytes` writes.
    package init(_ bytes: [UInt8]) throws(ProofError) {
        guard let entry = Self.read(bytes), entry.bytes == bytes else {
            throw ProofError(.malformed, "This is no entry of a record.")
        }
        self = entry
    }

    private static func read(_ bytes: [UInt8]) -> RecordEntry? {
        let limits = JSONLimits(maximumBytes: EntryBundle.maximumEntryBytes)
        guard let object = try? JSONReader.read(bytes, limits: limits).objectValue,
            let kind = object["type"]?.stringValue.flatMap(EntryKind.init(name:)),
            let time = object["time"]?.stringValue.flatMap(Timestamp.init(dateTime:)),
            let state = object.count("state")
        else { return nil }
        var people: People?
        if let value = object["people"] {
            guard let object = value.objectValue, let count = object.count("count"), count > 0,
                let root = object["root"]?.stringValue.flatMap({ TreeHash(base64: $0) })
            else { return nil }
            people = People(count: count, root: root)
        }
        return RecordEntry(
            kind,
            time: time,
            state: state,
            details: object["details"]?.objectValue ?? JSONObject(),
            people: people
        )
    }
}

extension JSONObject {
    /// The member as a number that counts something; nil for any other value.
    func count(_ name: String) -> Int? {
        self[name]?.numberValue.flatMap { DecimalNumber.read($0.literal) }
    }
}
