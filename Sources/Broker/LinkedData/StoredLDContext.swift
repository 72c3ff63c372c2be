package import ContextModel
package import Governance
package import Storage

/// An `@context` that the hub stores (clause 5.13.1).
package struct StoredLDContext: Sendable, Equatable {
    /// The kinds of clause 5.13.1.
    package enum Kind: String, Sendable, CaseIterable {
        /// Fetched from another server, and stored to avoid fetching it again.
        case cached = "Cached"
        /// Given to the hub by a client.
        case hosted = "Hosted"
        /// Created by the hub for a request that needed a URL for its `@context`.
        case implicitlyCreated = "ImplicitlyCreated"
    }
    package var localID: String
    /// The URL from which it was fetched, or at which the hub serves it.
    package var url: String
    /// The URL to which that was redirected.
    package var redirectedTo: String?
    package var kind: Kind
    /// A document with the member `@context`.
    package var body: JSONValue
    package var createdAt: Timestamp
    /// When a cached one must be fetched again.
    package var expiresAt: Timestamp?
    /// The party for which it is stored; places for copies are shared fairly among parties.
    package var owner: Party
    /// The tenant for which a hosted one was given: callers of other tenants do not see it (clause
    /// 5.5.10).
    package var tenant: TenantName?

    /// The base of relative URLs in it.
    var baseURL: String { redirectedTo ?? url }

    /// Whether callers of the tenant may see it.
    func isKnown(to tenant: TenantName?) -> Bool { kind != .hosted || self.tenant == tenant }

    /// Whether this copy was fetched or changed no earlier than the other one of its URL.
    ///
    /// For copies of the same moment, all processes give the same answer.
    func isNoOlder(than other: StoredLDContext) -> Bool {
        (createdAt, expiresAt ?? createdAt, localID)
            >= (other.createdAt, other.expiresAt ?? other.createdAt, other.localID)
    }

    /// Makes this copy later than an existing one of its URL.
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

    /// Reads the result of `document`; nil when the bytes are damaged.
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
