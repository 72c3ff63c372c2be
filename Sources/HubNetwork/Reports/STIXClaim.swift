package import ContextModel
import Crypto

/// What an object of STIX says in this network's own extension (STIX 2.1, clause 7.3): which hub says it, and what it wants
/// to have suspended.
package struct STIXClaim: Sendable, Hashable {
    /// The definition of the extension.
    package static let extensionID = "extension-definition--5d1c9f4e-6f0b-4a3e-9f57-2b7f0c1d8e64"

    /// The bytes of a signature, which has the object in it, at most.
    package static let maximumSignedBytes = 32_768

    /// What a sighting is about; nil where it asks for nothing to be suspended.
    package let subject: ReportedSubject?
    /// The hub that says it; nil as long as no hub has signed it.
    package let saidBy: MemberID?
    /// The signature; nil where there is none.
    package let signed: String?

    /// Reads the property `extensions`.
    ///
    /// Throws `STIXError` where there is any other extension, or a member that is not understood.
    init(extensions value: JSONValue, of type: String) throws(STIXError) {
        guard let all = value.objectValue, all.count == 1,
            let own = all[Self.extensionID]?.objectValue
        else { throw STIXError("'extensions' has what is not understood here.") }
        let known = ["extension_type", "subject", "said_by", "signed"]
        if let other = own.members.first(where: { !known.contains($0.key) }) {
            throw STIXError("'\(other.key)' of the extension is not understood.")
        }
        guard own["extension_type"]?.stringValue == "property-extension" else {
            throw STIXError("'extension_type' of the extension must be \"property-extension\".")
        }
        subject = try own["subject"].map { value throws(STIXError) in try ReportedSubject(value) }
        guard subject == nil || type == "sighting" else {
            throw STIXError("A sighting alone has a 'subject'.")
        }
        saidBy = own["said_by"]?.stringValue.flatMap { MemberID($0) }
        guard (own["said_by"] == nil) == (saidBy == nil) else {
            throw STIXError("'said_by' of the extension must be the name of a hub.")
        }
        signed = own["signed"]?.stringValue
        guard (own["signed"] == nil) == (signed == nil),
            signed?.utf8.count ?? 0 <= Self.maximumSignedBytes
        else {
            throw STIXError(
                "'signed' of the extension must be a text of at most \(Self.maximumSignedBytes) bytes."
            )
        }
    }
}

/// What sightings may have suspended: a hub, one of its keys, or a subscription at a hub.
package struct ReportedSubject: Sendable, Hashable {
    /// What it is.
    package enum Kind: String, Sendable, CaseIterable {
        case member, key, subscription
    }
    package let kind: Kind
    /// The hub; of a subscription, the one that keeps it.
    package let hub: MemberID
    /// The thumbprint of the key, or the identifier of the subscription; empty for the hub itself.
    package let id: String

    package init(_ kind: Kind, _ hub: MemberID, _ id: String = "") {
        self.kind = kind
        self.hub = hub
        self.id = id
    }

    /// Reads what `json` writes; throws `STIXError` where it is not wholly understood.
    package init(_ value: JSONValue) throws(STIXError) {
        let object = value.objectValue ?? JSONObject()
        guard let kind = object["kind"]?.stringValue.flatMap({ Kind(rawValue: $0) }),
            let hub = object["hub"]?.stringValue.flatMap({ MemberID($0) })
        else {
            throw STIXError("'subject' must have a kind (member, key, subscription) and a hub.")
        }
        let id = object["id"]?.stringValue ?? ""
        guard (kind == .member) == (object["id"] == nil), id.utf8.count <= 512,
            kind == .member || !id.isEmpty, object.count == (kind == .member ? 2 : 3)
        else {
            throw STIXError(
                "'subject' must have an 'id' of at most 512 bytes for a key or a subscription, and nothing else."
            )
        }
        self.init(kind, hub, id)
    }

    package var json: JSONObject {
        var json: JSONObject = ["kind": .string(kind.rawValue), "hub": .string(hub.text)]
        if kind != .member { json["id"] = .string(id) }
        return json
    }

    /// The same for each subject alone, for lists and paths: letters, digits, `-` and `_`.
    package var name: String {
        Base64URL.text(of: SHA256.hash(data: Array("\(kind.rawValue) \(hub.text) \(id)".utf8)))
    }
}
