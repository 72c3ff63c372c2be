package import Borders
package import ContextModel
package import Record

/// What a hub says of itself to the network: a name, a place, a state, an address, keys, and what it offers.
package struct MemberDescription: Sendable, Hashable {
    /// The longest description, in bytes.
    package static let maximumBytes = 16_384
    /// Keys that a description has at most.
    package static let maximumKeys = 16

    /// A key and when it counts.
    package struct Key: Sendable, Hashable {
        package var publicKey: PublicMemberKey
        package var validity: Range<Timestamp>

        package init(_ publicKey: PublicMemberKey, _ validity: Range<Timestamp>) {
            self.publicKey = publicKey
            self.validity = validity
        }
    }

    package var id: MemberID
    /// Grows by one at least with each description: of two the greater one counts.
    package var number: Int
    package var name: String
    package var state: StateCode
    /// Degrees east and north (WGS 84).
    package var longitude: Double
    package var latitude: Double
    /// Where its API is, without a slash at the end.
    package var address: String
    package var keys: [Key]
    /// The services that it offers to other hubs, such as `context-source` and `witness`.
    package var offers: Set<String>
    /// The key of its public record, with the key by which it stamps that and is a witness of others'; nil where it says
    /// nothing of a record.
    package var record: FollowedKeys?
    package var made: Timestamp
    /// Whether it says that it is in the network no more.
    package var hasLeft: Bool

    package init(
        id: MemberID,
        number: Int,
        name: String,
        state: StateCode,
        longitude: Double,
        latitude: Double,
        address: String,
        keys: [Key],
        offers: Set<String> = [],
        record: FollowedKeys? = nil,
        made: Timestamp,
        hasLeft: Bool = false
    ) {
        self.id = id
        self.number = number
        self.name = name
        self.state = state
        self.longitude = longitude
        self.latitude = latitude
        self.address = address
        self.keys = keys
        self.offers = offers
        self.record = record
        self.made = made
        self.hasLeft = hasLeft
    }

    /// The key with the thumbprint that counts at the moment; nil where there is none.
    package func key(_ id: String, at moment: Timestamp) -> PublicMemberKey? {
        keys.first { $0.publicKey.id == id && $0.validity.contains(moment) }?.publicKey
    }
}

/// Why a description of a member is not taken.
package struct MemberError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of reason it is.
    package enum Kind: Sendable, Hashable {
        /// It is not wholly understood.
        case malformed
        /// It is not signed as it must be.
        case unsigned
        /// The hub has said other things with the same number before.
        case contradiction
        /// It is older than what is known.
        case old
        /// The hub that should take it knows too many.
        case tooMany
    }
    package let kind: Kind
    /// In a sentence.
    package let description: String

    package init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}

// MARK: - JSON

extension MemberDescription {
    package var json: JSONObject {
        var json: JSONObject = [
            "id": .string(id.text), "number": .number(JSONNumber(number)), "name": .string(name),
            "state": .string(state.text),
            "place": [
                "type": "Point",
                "coordinates": [
                    .number(JSONNumber(longitude)), .number(JSONNumber(latitude)),
                ],
            ], "address": .string(address),
            "keys": .array(
                keys.map { key in
                    [
                        "kty": "OKP", "crv": "Ed25519", "x": .string(key.publicKey.x),
                        "from": .string(key.validity.lowerBound.text),
                        "until": .string(key.validity.upperBound.text),
                    ]
                }
            ), "offers": .array(offers.sorted().map { .string($0) }),
            "made": .string(made.text), "left": .bool(hasLeft),
        ]
        json["recordKey"] = (record?.record.description).map { .string($0) }
        json["witnessKey"] = (record?.stamp?.description).map { .string($0) }
        return json
    }

    /// Reads what `json` writes.
    ///
    /// Throws `malformed` where there is anything that is not understood.
    package init(_ json: JSONValue) throws(MemberError) {
        let object = try Self.members(
            of: json,
            named: [
                "id", "number", "name", "state", "place", "address", "keys", "offers", "made",
                "left", "recordKey", "witnessKey",
            ]
        )
        guard let id = object["id"]?.stringValue.flatMap({ MemberID($0) }) else {
            throw Self.error("id", "the name of a hub (urn:balai:hub:…)")
        }
        guard let number = object["number"]?.numberValue?.intValue, number > 0 else {
            throw Self.error("number", "a whole number above 0")
        }
        guard let name = object["name"]?.stringValue, (1...200).contains(name.utf8.count) else {
            throw Self.error("name", "a text of at most 200 bytes")
        }
        guard let state = object["state"]?.stringValue.flatMap({ StateCode($0) }) else {
            throw Self.error("state", "the code of a state, as in ISO 3166-1")
        }
        guard let address = object["address"]?.stringValue, Self.isAddress(address) else {
            throw Self.error("address", "an address with http or https, without a slash at the end")
        }
        guard let made = object["made"]?.stringValue.flatMap({ Timestamp(dateTime: $0) }) else {
            throw Self.error("made", "a moment")
        }
        guard let hasLeft = object["left"]?.boolValue else {
            throw Self.error("left", "true or false")
        }
        let offers = object["offers"]?.arrayValue?.compactMap(\.stringValue)
        guard let offers, offers.count == object["offers"]?.arrayValue?.count, offers.count <= 32
        else { throw Self.error("offers", "an array of at most 32 texts") }
        let (longitude, latitude) = try Self.place(object["place"])
        self.init(
            id: id,
            number: number,
            name: name,
            state: state,
            longitude: longitude,
            latitude: latitude,
            address: address,
            keys: try Self.keys(object["keys"]),
            offers: Set(offers),
            record: try Self.record(object),
            made: made,
            hasLeft: hasLeft
        )
    }

    private static func place(
        _ json: JSONValue?
    ) throws(MemberError) -> (longitude: Double, latitude: Double) {
        let point = try members(of: json ?? .null, named: ["type", "coordinates"])
        let degrees = point["coordinates"]?.arrayValue?.compactMap(\.numberValue?.doubleValue) ?? []
        guard point["type"]?.stringValue == "Point", degrees.count == 2,
            (-180.0...180).contains(degrees[0]), (-90.0...90).contains(degrees[1])
        else { throw error("place", "a point of GeoJSON") }
        return (degrees[0], degrees[1])
    }

    /// The keys of its record: both or none.
    private static func record(_ object: JSONObject) throws(MemberError) -> FollowedKeys? {
        let names = ["recordKey", "witnessKey"]
        guard names.contains(where: { object[$0] != nil }) else { return nil }
        let keys = names.compactMap { name in
            object[name]?.stringValue.flatMap { text in
                text.utf8.count <= 512 ? try? NoteKey(text) : nil
            }
        }
        guard keys.count == 2, let record = FollowedKeys(record: keys[0], stamp: keys[1]) else {
            throw error(
                names.joined(separator: "' and '"),
                "the keys of a record and of a witness (C2SP signed-note)"
            )
        }
        return record
    }

    private static func keys(_ json: JSONValue?) throws(MemberError) -> [Key] {
        let array = json?.arrayValue ?? []
        guard (1...maximumKeys).contains(array.count) else {
            throw error("keys", "an array of 1 to \(maximumKeys) keys")
        }
        var keys: [Key] = []
        for json in array {
            let key = try members(of: json, named: ["kty", "crv", "x", "from", "until"])
            let moments = ["from", "until"].compactMap {
                key[$0]?.stringValue.flatMap { Timestamp(dateTime: $0) }
            }
            guard key["kty"]?.stringValue == "OKP", key["crv"]?.stringValue == "Ed25519",
                let publicKey = key["x"]?.stringValue.flatMap({ PublicMemberKey(x: $0) }),
                moments.count == 2, moments[0] < moments[1]
            else { throw error("keys", "keys of Ed25519 (RFC 8037) with from and until") }
            keys.append(Key(publicKey, moments[0]..<moments[1]))
        }
        guard Set(keys.map(\.publicKey)).count == keys.count else {
            throw error("keys", "keys that differ")
        }
        return keys
    }

    /// An object with these members at most.
    private static func members(
        of json: JSONValue,
        named names: Set<String>
    ) throws(MemberError) -> JSONObject {
        guard let object = json.objectValue else {
            throw MemberError(.malformed, "A description of a hub is made of JSON objects.")
        }
        if let unknown = object.members.first(where: { !names.contains($0.key) }) {
            throw MemberError(.malformed, "'\(unknown.key)' is not understood.")
        }
        return object
    }

    private static func error(_ member: String, _ form: String) -> MemberError {
        MemberError(.malformed, "'\(member)' must be \(form).")
    }

    private static func isAddress(_ text: String) -> Bool {
        let rest = ["https://", "http://"].first(where: text.hasPrefix).map {
            text.dropFirst($0.count)
        }
        guard let rest, !rest.isEmpty, text.utf8.count <= 512, !text.hasSuffix("/") else {
            return false
        }
        return text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } && !rest.contains("@")
            && !rest.contains("?") && !rest.contains("#")
    }
}
