package import ContextModel
package import Governance
package import Storage

/// An `@context` that the hub keeps (clause 5.13.1).
package struct StoredLDContext: Sendable, Equatable {
    /// The kinds of clause 5.13.1.
    package enum Kind: String, Sendable, CaseIterable {
        /// Fetched from elsewhere, kept to spare fetching it again.
        case cached = "Cached"
        /// Given to the hub by a client.
        case hosted = "Hosted"
        /// Made by the hub for a request that needed a URL for its `@context`.
        case implicitlyCreated = "ImplicitlyCreated"
    }
    package var localID: String
    /// Where it came from, or where the hub serves it.
    package var url: String
    /// Where a redirect led to from there.
    package var redirectedTo: String?
    package var kind: Kind
    /// A document with the member `@context`.
    package var body: JSONValue
    package var createdAt: Timestamp
    /// When a cached one is to be fetched anew.
    package var expiresAt: Timestamp?
    /// For whom it is kept; the room for copies is shared fairly among parties.
    package var owner: Party
    /// The tenant a hosted one was given for: callers of others do not know of it (clause 5.5.10).
    package var tenant: TenantName?

    /// What relative URLs in it are relative to.
    var baseURL: String { redirectedTo ?? url }

    /// Whether callers of the tenant know of it.
    func isKnown(to tenant: TenantName?) -> Bool { kind != .hosted || self.tenant == tenant }

    /// Whether this copy was fetched, or changed after that, no earlier than the other one of its URL.
    ///
    /// Of two of the same moment all processes choose the same.
    func isNoOlder(than other: StoredLDContext) -> Bool {
        (createdAt, expiresAt ?? createdAt, localID)
            >= (other.createdAt, other.expiresAt ?? other.createdAt, other.localID)
    }

    /// Makes this copy later than another one of its URL, which was there when it came.
    mutating func follow(_ other: StoredLDContext) {
        guard createdAt <= other.createdAt else { return }
        createdAt = Timestamp(microseconds: other.createdAt.microseconds + 1)
    }

    /// The metadata of clause 5.13.3.5.
    package var details: JSONValue {
        var json: JSONObject = [
            "URL": .string(url), "localId": .string(localID), "kind": .string(kind.rawValue),
            "createdAt": .string(createdAt.text),
        ]
        json["expiresAt"] = expiresAt.map { .string($0.text) }
        return .object(json)
    }
}

extension StoredLDContext {
    package var document: Document {
        var json = details.objectValue ?? JSONObject()
        json["body"] = body
        json["owner"] = owner.json
        json["redirectedTo"] = redirectedTo.map { .string($0) }
        json["tenant"] = tenant.map { .string($0.text) }
        return Document(
            kind: .ldContext,
            id: localID,
            body: JSONValue.object(json).serialized
        )
    }

    /// Reads what `document` wrote; nil when the bytes are damaged.
    package init?(_ document: Document) {
        guard let json = try? JSONReader.read(document.body).objectValue,
            let url = json["URL"]?.stringValue, let body = json["body"],
            let kind = json["kind"]?.stringValue.flatMap(Kind.init),
            let createdAt = json["createdAt"]?.stringValue.flatMap({ Timestamp($0) })
        else { return nil }
        self.init(
            localID: document.id,
            url: url,
            redirectedTo: json["redirectedTo"]?.stringValue,
            kind: kind,
            body: body,
            createdAt: createdAt,
            expiresAt: json["expiresAt"]?.stringValue.flatMap { Timestamp($0) },
            owner: json["owner"].flatMap { Party($0) } ?? .operator,
            tenant: json["tenant"]?.stringValue.flatMap { TenantName($0) }
        )
    }
}
