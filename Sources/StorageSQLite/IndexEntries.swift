internal import ContextModel
internal import Storage

/// The entries of one entity in the geo index and the value indexes.
///
/// Indexes narrow a query down; the evaluator decides.
struct IndexEntries: Equatable {
    struct Value: Hashable {
        var name: Int64
        var value: Scalar
    }
    /// The box around all GeoProperties of the entity.
    var box: Box?
    /// The values of the attributes that have a value index.
    var values: Set<Value> = []
    /// The attributes with so many values that the entity has one entry for "any value".
    var crowded: Set<Int64> = []

    /// Adds the entries of the attribute.
    mutating func add(_ attribute: NamedAttribute, name: Int64) {
        var scalars: Set<Scalar> = []
        for instance in attribute.instances {
            for scalar in instance.scalars {
                guard scalars.count < Limits.indexedValues || scalars.contains(scalar) else {
                    crowded.insert(name)
                    return
                }
                scalars.insert(scalar)
            }
        }
        for scalar in scalars { values.insert(Value(name: name, value: scalar)) }
    }
}

extension IndexWriter {
    func add(_ entity: Entity, key: Int64) throws {
        try reindex(key: key, from: IndexEntries(), to: entries(entity))
    }

    func update(key: Int64, from old: Entity, to new: Entity) throws {
        guard touchesIndexes(old, new) else { return }
        try reindex(key: key, from: entries(old), to: entries(new))
    }

    func remove(_ entity: Entity, key: Int64) throws {
        try reindex(key: key, from: entries(entity), to: IndexEntries())
    }

    func entries(_ entity: Entity) -> IndexEntries {
        var entries = IndexEntries()
        for attribute in entity.attributes {
            for instance in attribute.instances where instance.kind == .geoProperty {
                if let box = Box(geoJSON: instance.value) {
                    entries.box = entries.box?.union(box) ?? box
                }
            }
            if let name = vocabulary.current.numbers[attribute.name.text], indexed.contains(name) {
                entries.add(attribute, name: name)
            }
        }
        return entries
    }

    /// Whether the indexes may have entries for what differs; they rarely do for a reading.
    private func touchesIndexes(_ old: Entity, _ new: Entity) -> Bool {
        guard old.attributes.count == new.attributes.count else { return true }
        return zip(old.attributes, new.attributes).contains { before, after in
            (before.name != after.name || before.instances != after.instances)
                && (isIndexed(before) || isIndexed(after))
        }
    }

    private func isIndexed(_ attribute: NamedAttribute) -> Bool {
        attribute.instances.contains { $0.kind == .geoProperty }
            || vocabulary.current.numbers[attribute.name.text].map(indexed.contains) ?? false
    }

    /// Writes the difference alone: a changed reading writes nothing to the geo index.
    private func reindex(key: Int64, from old: IndexEntries, to new: IndexEntries) throws {
        guard old != new else { return }
        noteChange(of: key)
        for entry in old.values.subtracting(new.values) {
            try statements.deleteValue.bind(1, entry.name).bind(2, entry.value).bind(3, key).run()
        }
        for entry in new.values.subtracting(old.values) { try insert(entry, key: key) }
        for name in old.crowded.subtracting(new.crowded) {
            try statements.deleteCrowded.bind(1, name).bind(2, key).run()
        }
        for name in new.crowded.subtracting(old.crowded) { try insert(crowded: name, key: key) }
        guard old.box != new.box else { return }
        if old.box != nil { try statements.deleteBox.bind(1, key).run() }
        if let box = new.box {
            try statements.insertBox.bind(1, key).bind(2, box.west).bind(3, box.east)
                .bind(4, box.south).bind(5, box.north).run()
        }
    }

    func insert(_ entry: IndexEntries.Value, key: Int64) throws {
        try statements.insertValue.bind(1, entry.name).bind(2, entry.value).bind(3, key).run()
    }

    func insert(crowded name: Int64, key: Int64) throws {
        try statements.insertCrowded.bind(1, name).bind(2, key).run()
    }
}

/// The statements that keep the indexes.
struct IndexStatements {
    let insertValue, deleteValue, insertCrowded, deleteCrowded, insertBox, deleteBox: Statement
    /// The entry for "any value".
    ///
    /// No value is a blob.
    static let anyValue = "x''"

    init(_ connection: Connection) throws {
        insertValue = try connection.prepare(
            "INSERT OR IGNORE INTO attribute_value VALUES (?1, ?2, ?3)"
        )
        deleteValue = try connection.prepare(
            "DELETE FROM attribute_value WHERE name = ?1 AND value = ?2 AND key = ?3"
        )
        insertCrowded = try connection.prepare(
            "INSERT OR IGNORE INTO attribute_value VALUES (?1, \(Self.anyValue), ?2)"
        )
        deleteCrowded = try connection.prepare(
            "DELETE FROM attribute_value WHERE name = ?1 AND value = \(Self.anyValue) AND key = ?2"
        )
        insertBox = try connection.prepare("INSERT INTO box VALUES (?1, ?2, ?3, ?4, ?5)")
        deleteBox = try connection.prepare("DELETE FROM box WHERE key = ?1")
    }
}

/// A box of longitudes and latitudes in degrees.
struct Box: Equatable {
    var west, east, south, north: Double

    func union(_ other: Box) -> Box {
        Box(
            west: min(west, other.west),
            east: max(east, other.east),
            south: min(south, other.south),
            north: max(north, other.north)
        )
    }

    init(west: Double, east: Double, south: Double, north: Double) {
        self.west = west
        self.east = east
        self.south = south
        self.north = north
    }

    /// The box around all positions of a GeoJSON geometry; nil when it has none.
    init?(geoJSON value: JSONValue) {
        guard let object = value.objectValue else { return nil }
        var box: Box?
        func visit(_ value: JSONValue) {
            guard let array = value.arrayValue else { return }
            if array.count >= 2, let x = array[0].numberValue?.doubleValue,
                let y = array[1].numberValue?.doubleValue
            {
                let point = Box(west: x, east: x, south: y, north: y)
                box = box?.union(point) ?? point
            } else {
                array.forEach(visit)
            }
        }
        if let coordinates = object["coordinates"] { visit(coordinates) }
        for part in object["geometries"]?.arrayValue ?? [] {
            guard let inner = Box(geoJSON: part) else { continue }
            box = box?.union(inner) ?? inner
        }
        guard let box else { return nil }
        self = box
    }
}

extension Attribute {
    /// The values by which a comparison of clause 4.9 can find the instance.
    var scalars: [Scalar] {
        if kind == .languageProperty {
            return value.objectValue?.members.flatMap(\.value.scalars) ?? []
        }
        return value.scalars
    }
}

extension JSONValue {
    /// The value itself, the elements of an array, the value of a typed value, or whom an object names.
    fileprivate var scalars: [Scalar] {
        switch self {
        case .array(let elements): elements.flatMap(\.scalars)
        case .object(let object):
            (object["@value"]?.scalars ?? []) + (object["object"]?.scalars ?? [])
        default: scalar.map { [$0.indexed] } ?? []
        }
    }
}

extension Scalar {
    /// The value as a value index stores it.
    fileprivate var indexed: Scalar {
        if case .text(let text) = self { .text(text.indexed) } else { self }
    }
}

extension String {
    /// The text as a value index stores it.
    var indexed: String {
        // A longer text is cut between characters, so that it keeps its place in the order.
        utf8.count <= Limits.indexedTextBytes
            ? self : String(unicodeScalars.prefix(Limits.indexedTextBytes / 4))
    }
}
