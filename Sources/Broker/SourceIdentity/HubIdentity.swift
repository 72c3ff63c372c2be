import ContextModel
import Crypto
package import Storage

/// What tells this hub from every other: made at its first start and kept in its store.
package struct HubIdentity: Sendable, Equatable {
    /// Names the hub to other context sources.
    package let name: String
    /// Known to this hub alone, so that nobody else can compute what it makes identifiers of.
    private let secret: String

    package init(name: String, secret: String) {
        self.name = name
        self.secret = secret
    }

    /// The identity that the store keeps; a new one when it has none yet.
    ///
    /// Throws `damaged` rather than become another hub unnoticed.
    package static func kept(
        in store: any Store,
        makeIdentifier: @escaping @Sendable () -> String
    ) async throws -> HubIdentity {
        let new = HubIdentity(name: makeIdentifier(), secret: makeIdentifier())
        let key = DocumentKey.document(.hubIdentity, id: documentID)
        return try await store.makeTenant(nil).changeDocuments(reading: [key]) { changes in
            if let document = try changes.document(.hubIdentity, id: documentID) {
                guard let identity = HubIdentity(document) else {
                    throw StorageError(.damaged, note: "The identity of the hub is damaged.")
                }
                return identity
            }
            changes.put(new.document)
            return new
        }
    }

    /// A name for what these parts tell apart: always the same for the same, and telling whoever
    /// gets it nothing about them.
    func opaqueName(of parts: [String]) -> String {
        // Each part goes in with its length: no two lists run into one text.
        let text = parts.map { "\($0.utf8.count):\($0)" }.joined()
        let key = SymmetricKey(data: Array(secret.utf8))
        let code = HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: key)
        return Hexadecimal.text(of: code.prefix(16))
    }

    // MARK: In the store

    private static let documentID = "hub"

    private var document: Document {
        let json: JSONValue = ["name": .string(name), "secret": .string(secret)]
        return Document(kind: .hubIdentity, id: Self.documentID, body: json.serialized)
    }

    private init?(_ document: Document) {
        guard let json = try? JSONReader.read(document.body).objectValue,
            let name = json["name"]?.stringValue, let secret = json["secret"]?.stringValue
        else { return nil }
        self.init(name: name, secret: secret)
    }
}
