package import ContextModel
import Crypto
import Governance
import Storage

/// An EntityMap (clauses 4.5.25 and 5.2.39): which entities a query found, fixed for the pages that
/// follow.
///
/// It is its maker's alone, and a memory, not a right: whatever is read through it is decided anew.
package struct EntityMap: Sendable, Equatable {
    /// What the entities listed are asked for.
    package enum Subject: String, Sendable {
        case entities, evolutions
    }

    package let id: String
    let owner: Party
    let subject: Subject
    /// What tells the selection that made it from others: a few bytes, however long it was.
    let selection: String
    let createdAt: Timestamp
    /// How many entities it listed at first; unknown of those made by an earlier version.
    let size: Int
    package var expiresAt: Timestamp

    /// Tells the selection from others.
    static func digest(of selection: String) -> String {
        Hexadecimal.text(of: SHA256.hash(data: Array(selection.utf8)))
    }

    /// Whether the request asks with the selection that made the map; one of an earlier version has it
    /// in full.
    func isOf(_ request: EntityMapRequest) -> Bool {
        selection == Self.digest(of: request.selection) || selection == request.selection
    }

    /// The map as its maker sees it, with the entities given; the hub's own are "@none".
    func shown(listing ids: [EntityID]) -> ShownEntityMap {
        let entries = ids.map { (key: $0.uri, value: JSONValue.array(["@none"])) }
        let json: JSONObject = [
            "id": .string(id), "type": "EntityMap", "expiresAt": .string(expiresAt.text),
            "entityMap": .object(JSONObject(entries)), "linkedMaps": [:],
        ]
        return ShownEntityMap(json: json, ids: ids)
    }
}

// MARK: - As a document

extension EntityMap {
    var document: Document {
        let json: JSONValue = [
            "owner": owner.json, "subject": .string(subject.rawValue),
            "selection": .string(selection), "createdAt": .string(createdAt.text),
            "expiresAt": .string(expiresAt.text), "size": .number(JSONNumber(size)),
        ]
        return Document(kind: .entityMap, id: id, body: json.serialized)
    }

    /// Reads what `document` wrote; nil when the bytes are damaged.
    init?(_ document: Document) {
        guard let json = try? JSONReader.read(document.body).objectValue,
            let owner = json["owner"].flatMap(Party.init),
            let subject = json["subject"]?.stringValue.flatMap(Subject.init),
            let createdAt = json["createdAt"]?.stringValue.flatMap({ Timestamp($0) }),
            let expiresAt = json["expiresAt"]?.stringValue.flatMap({ Timestamp($0) })
        else { return nil }
        id = document.id
        self.owner = owner
        self.subject = subject
        selection = json["selection"]?.stringValue ?? ""
        self.createdAt = createdAt
        size = json["size"]?.numberValue.flatMap { Int(exactly: $0.doubleValue) } ?? 0
        self.expiresAt = expiresAt
    }
}

/// The entities of an EntityMap in the order of its query.
///
/// One that no longer fits leaves its place empty, so that the offsets of pages stay true.
struct EntityMapEntries: Sendable, Equatable {
    private(set) var places: [EntityID?]

    init(_ ids: [EntityID]) { places = ids }

    /// Those still in the map.
    var ids: [EntityID] { places.compactMap { $0 } }

    mutating func remove(_ ids: Set<EntityID>) {
        for index in places.indices where places[index].map(ids.contains) ?? false {
            places[index] = nil
        }
    }

    /// Where the page before the one at `offset` begins; nil when that is the first.
    func previousPage(before offset: Int, limit: Int) -> Int? {
        guard offset > 0, limit > 0 else { return nil }
        var (index, found) = (min(offset, places.count), 0)
        while index > 0, found < limit {
            index -= 1
            if places[index] != nil { found += 1 }
        }
        return index
    }

    /// A line each: no URI has a line break.
    func document(of map: String) -> Document {
        let lines = places.map { $0?.uri ?? "" }.joined(separator: "\n")
        return Document(kind: .entityMapEntries, id: map, body: Array(lines.utf8))
    }

    init(_ document: Document) {
        places = document.body.split(separator: 0x0A, omittingEmptySubsequences: false).map {
            $0.isEmpty ? nil : EntityID(String(decoding: $0, as: UTF8.self))
        }
    }
}

/// What a request says of EntityMaps (clauses 5.5.14 and 6.4.3.2).
package struct EntityMapRequest: Sendable, Equatable {
    /// The map to be used.
    package var id: String?
    /// How long a new one is wished to be kept.
    package var lifetime: ISODuration?
    /// The selection of the request in one text: a map's pages ask with the same.
    package var selection: String

    package init(id: String? = nil, lifetime: ISODuration? = nil, selection: String) {
        self.id = id
        self.lifetime = lifetime
        self.selection = selection
    }
}

/// How a request used an EntityMap.
package struct EntityMapUse: Sendable, Equatable {
    package var id: String
    /// Whether it was made for this request (201).
    package var isNew: Bool
    /// Where the pages around this one begin.
    package var previous: Int?
    package var next: Int?
}
