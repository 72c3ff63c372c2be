import ContextModel
import Crypto
package import Storage

/// The identity of this hub, which is created at its first start and stored.
package struct HubIdentity: Sendable, Equatable {
    /// The name of the hub for other context sources.
    package let name: String
    /// A secret of this hub, so that nobody else can compute the identifiers that it makes with
    /// it.
    private let secret: String

    package init(name: String, secret: String) {
        self.name = name
        self.secret = secret
    }

    /// The stored identity; a new one when there is none yet.
    ///
    /// Throws `damaged` when it cannot be read, because the hub must not change its identity
    /// unnoticed.
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

    /// A name that is a function of these parts and tells its reader nothing about them.
    func opaqueName(of parts: [String]) -> String {
        // Each part has its length before it, so that different lists have different texts.
        let text = parts.map { "\($0.utf8.count):\($0)" }.joined()
        let key = SymmetricKey(data: Array(secret.utf8))
        let code = HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: key)
        return Hexadecimal.text(of: code.prefix(16))
    }

    /// A key of 256 bits that only this hub can make, for a use and its parts (RFC 5869).
    func key(for use: String, _ part: [UInt8]) -> SymmetricKey {
        HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: Array(secret.utf8)),
            salt: Array(use.utf8),
            info: part,
            outputByteCount: 32
        )
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
