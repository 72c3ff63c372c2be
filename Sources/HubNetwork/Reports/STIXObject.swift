package import ContextModel

/// An object of STIX 2.1 that is wholly understood: what one city tells others of an incident.
///
/// Of the types of STIX those are taken that say nothing of persons (`STIXSchema`).
package struct STIXObject: Sendable, Hashable {
    /// The longest object, in bytes of JSON without the signature.
    package static let maximumBytes = 16_384

    /// As it was written, with the signature where it has one.
    package let json: JSONObject
    /// Its type and a UUID (STIX 2.1, clause 2.9).
    package let id: String
    package let type: String
    /// When this version was made (`modified`; clause 3.6): of two versions the later one counts.
    package let version: Timestamp
    package let isRevoked: Bool
    /// What it says in this network's own extension; nil where it has none.
    package let claim: STIXClaim?

    /// Reads an object.
    ///
    /// Throws `STIXError` for what is not wholly understood, with the property and the reason.
    package init(_ value: JSONValue) throws(STIXError) {
        guard let json = value.objectValue else {
            throw STIXError("An object of STIX is a JSON object, not \(value.excerpt).")
        }
        guard let type = json["type"]?.stringValue else { throw STIXError("'type' is missing.") }
        guard json["spec_version"]?.stringValue == "2.1" else {
            throw STIXError("'spec_version' must be \"2.1\".")
        }
        let schema = try STIXSchema(of: type)
        for (name, value) in json.members { try schema.check(name, value) }
        if let missing = schema.required.first(where: { json[$0] == nil }) {
            throw STIXError("'\(missing)' is missing.")
        }
        guard let id = json["id"]?.stringValue, STIXIdentifier(id)?.type == type else {
            throw STIXError("'id' must be \(type)-- and a UUID.")
        }
        claim = try json["extensions"].map { value throws(STIXError) in
            try STIXClaim(extensions: value, of: type)
        }
        self.json = json
        self.id = id
        self.type = type
        version = try Self.moment("modified", json)
        isRevoked = json["revoked"]?.boolValue ?? false
        try checkOrder()
        guard JSONValue.object(unsigned).serialized.count <= Self.maximumBytes else {
            throw STIXError("An object has \(Self.maximumBytes) bytes at most.")
        }
    }

    /// The object without its signature: what is signed.
    package var unsigned: JSONObject {
        guard var extensions = json["extensions"]?.objectValue,
            var own = extensions[STIXClaim.extensionID]?.objectValue
        else { return json }
        own["signed"] = nil
        extensions[STIXClaim.extensionID] = .object(own)
        var object = json
        object["extensions"] = .object(extensions)
        return object
    }

    /// The object with these values of this network's own extension.
    func claiming(_ members: JSONObject) -> JSONObject {
        var extensions = json["extensions"]?.objectValue ?? JSONObject()
        extensions[STIXClaim.extensionID] = .object(members)
        var object = json
        object["extensions"] = .object(extensions)
        return object
    }

    /// Pairs of moments of which the second is not before the first.
    private static let pairs = [
        ("created", "modified"), ("first_seen", "last_seen"), ("valid_from", "valid_until"),
        ("start_time", "stop_time"),
    ]

    private func checkOrder() throws(STIXError) {
        for (first, second) in Self.pairs where json[first] != nil && json[second] != nil {
            guard try Self.moment(first, json) <= Self.moment(second, json) else {
                throw STIXError("'\(second)' is before '\(first)'.")
            }
        }
    }

    private static func moment(_ name: String, _ json: JSONObject) throws(STIXError) -> Timestamp {
        guard let text = json[name]?.stringValue, let moment = Timestamp(dateTime: text) else {
            throw STIXError("'\(name)' must be a moment, as 2026-12-01T08:00:00.000Z.")
        }
        return moment
    }
}

/// Why an object of STIX is not taken.
package struct STIXError: Error, Sendable, Hashable, CustomStringConvertible {
    /// In a sentence.
    package let description: String

    package init(_ description: String) { self.description = description }
}

/// An identifier of STIX: a type and a UUID (clause 2.9).
package struct STIXIdentifier: Sendable, Hashable {
    package let type: String

    /// Nil for what is none.
    package init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count > 38, bytes.suffix(38).starts(with: "--".utf8) else { return nil }
        let (type, uuid) = (bytes.dropLast(38), bytes.suffix(36))
        let isUUID =
            uuid.enumerated()
            .allSatisfy { place, byte in
                [8, 13, 18, 23].contains(place)
                    ? byte == UInt8(ascii: "-")
                    : byte >= 0x30 && byte <= 0x39 || byte >= 0x61 && byte <= 0x66
            }
        let isType =
            (3...250).contains(type.count)
            && type.allSatisfy {
                $0 >= 0x61 && $0 <= 0x7A || $0 >= 0x30 && $0 <= 0x39 || $0 == UInt8(ascii: "-")
            }
        guard isUUID, isType else { return nil }
        self.type = String(decoding: type, as: UTF8.self)
    }
}
