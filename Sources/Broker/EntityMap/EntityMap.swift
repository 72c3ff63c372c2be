package import ContextModel
import Crypto
import Governance
import Storage

/// An EntityMap (clauses 4.5.25 and 5.2.39): the entities that a query found, fixed for later
/// pages.
///
/// Only its maker can use it. It gives no rights: every read through it is decided anew.
package struct EntityMap: Sendable, Equatable {
    /// The operation for which the entities are listed.
    package enum Subject: String, Sendable {
        case entities, evolutions
    }

    package let id: String
    let owner: Party
    let subject: Subject
    /// A digest of the selection that created it, a few bytes long.
    let selection: String
    let createdAt: Timestamp
    /// The number of entities listed at first; unknown for maps of an earlier version.
    let size: Int
    package var expiresAt: Timestamp

    /// A digest that tells the selection from others.
    static func digest(of selection: String) -> String {
        Hexadecimal.text(of: SHA256.hash(data: Array(selection.utf8)))
    }

    /// Whether the request has the selection that created the map; a map of an earlier version has
    /// the full selection.
    func hasSelection(_ request: EntityMapRequest) -> Bool {
        selection == Self.digest(of: request.selection) || selection == request.selection
    }

    /// The map as its maker sees it, with these entities; their source is the hub itself, "@none".
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

    /// Reads the result of `document`; nil when the bytes are damaged.
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
/// The place of an entity that was removed stays empty, so that the offsets of pages stay valid.
struct EntityMapEntries: Sendable, Equatable {
    private(set) var places: [EntityID?]

    init(_ ids: [EntityID]) { places = ids }

    /// The entities that are still in the map.
    var ids: [EntityID] { places.compactMap { $0 } }

    mutating func remove(_ ids: Set<EntityID>) {
        for index in places.indices where places[index].map(ids.contains) ?? false {
            places[index] = nil
        }
    }

    /// The offset of the page before the one at `offset`; nil when that is the first.
    func previousPage(before offset: Int, limit: Int) -> Int? {
        guard offset > 0, limit > 0 else { return nil }
        var (index, found) = (min(offset, places.count), 0)
        while index > 0, found < limit {
            index -= 1
            if places[index] != nil { found += 1 }
        }
        return index
    }

    /// Each entity on a line: no URI has a line break.
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

/// The parameters of a request about EntityMaps (clauses 5.5.14 and 6.4.3.2).
package struct EntityMapRequest: Sendable, Equatable {
    /// The map to use.
    package var id: String?
    /// The requested lifetime of a new map.
    package var lifetime: ISODuration?
    /// The selection of the request as one text, which must be the same for all pages of a map.
    package var selection: String

    package init(id: String? = nil, lifetime: ISODuration? = nil, selection: String) {
        self.id = id
        self.lifetime = lifetime
        self.selection = selection
    }
}

/// The use of an EntityMap by a request.
package struct EntityMapUse: Sendable, Equatable {
    package var id: String
    /// Whether the map was created for this request (201).
    package var isNew: Bool
    /// The offsets of the pages before and after this one.
    package var previous: Int?
    package var next: Int?
}
