package import ContextModel
import JWTKit

/// The public keys of one issuer.
package protocol KeySource: Sendable {
    /// The keys that are known now.
    var keys: VerificationKeys { get }
    /// Asks the issuer for new keys, if it may be asked again; returns when `keys` are those.
    func refresh() async
}

/// Public keys by their identifiers, each for the algorithms that it is for.
package struct VerificationKeys: Sendable {
    /// A key's identifier (nil where it has none) with one algorithm.
    private struct Name: Hashable {
        var id: String?
        var algorithm: TokenAlgorithm
    }
    private var verifiers: [Name: any JWTAlgorithm] = [:]

    package init() {}

    /// Reads a JSON Web Key Set (RFC 7517 section 5).
    ///
    /// Keys that are not for signatures, or of a kind the hub does not know, are left out, and so is all but
    /// the public half. Throws `KeySetError` for what is no set, for a key that is broken and for two of one
    /// name.
    package init(set: JSONValue) async throws(KeySetError) {
        guard let keys = set.objectValue?["keys"]?.arrayValue else {
            throw KeySetError(description: "A key set is a JSON object with an array \"keys\".")
        }
        guard keys.count <= Self.maximumKeys else {
            throw KeySetError(description: "A key set has at most \(Self.maximumKeys) keys.")
        }
        for key in keys { try await add(key.objectValue ?? JSONObject()) }
    }

    /// A verifier of our own making.
    init(_ verifier: any JWTAlgorithm, _ algorithm: TokenAlgorithm, id: String) {
        verifiers[Name(id: id, algorithm: algorithm)] = verifier
    }

    package var isEmpty: Bool { verifiers.isEmpty }

    /// Whether the token is signed with the key that it names; nil when there is no such key.
    func verify(_ token: UnverifiedToken) -> Bool? {
        guard let verifier = verifier(token.keyID, token.algorithm) else { return nil }
        // A signature of another form than the key's is none.
        do { return try verifier.verify(token.signature, signs: token.signed) } catch {
            return false
        }
    }

    /// The key of that identifier for the algorithm; without an identifier the only one for it.
    private func verifier(_ id: String?, _ algorithm: TokenAlgorithm) -> (any JWTAlgorithm)? {
        if let id { return verifiers[Name(id: id, algorithm: algorithm)] }
        let candidates = verifiers.filter { $0.key.algorithm == algorithm }
        return candidates.count == 1 ? candidates.first?.value : nil
    }

    private mutating func add(_ key: JSONObject) async throws(KeySetError) {
        guard key["use"]?.stringValue ?? "sig" == "sig", let type = key["kty"]?.stringValue else {
            return
        }
        let id = key["kid"]?.stringValue
        let own = key["alg"]?.stringValue
        for algorithm in Self.algorithms(type, curve: key["crv"]?.stringValue)
        where own == nil || own == algorithm.rawValue {
            let verifier: any JWTAlgorithm
            do { verifier = try await Self.verifier(key, algorithm) } catch {
                throw KeySetError(description: "The key \"\(id ?? "")\" is broken.")
            }
            guard verifiers.updateValue(verifier, forKey: Name(id: id, algorithm: algorithm)) == nil
            else {
                throw KeySetError(description: "Two keys are called \"\(id ?? "")\".")
            }
        }
    }

    /// What keys of that type can sign with.
    private static func algorithms(_ type: String, curve: String?) -> [TokenAlgorithm] {
        switch (type, curve) {
        case ("OKP", "Ed25519"): [.eddsa]
        case ("EC", "P-256"): [.es256]
        case ("EC", "P-384"): [.es384]
        case ("EC", "P-521"): [.es512]
        case ("RSA", _): [.rs256, .rs384, .rs512, .ps256, .ps384, .ps512]
        default: []
        }
    }

    /// The public half alone, under a name and for an algorithm that leave nothing to choose.
    private static func verifier(
        _ key: JSONObject,
        _ algorithm: TokenAlgorithm
    ) async throws -> any JWTAlgorithm {
        var plain: JSONObject = ["kid": "key", "alg": .string(algorithm.rawValue)]
        for name in ["kty", "crv", "x", "y", "n", "e"] { plain[name] = key[name] }
        let text = String(decoding: JSONValue.object(plain).serialized, as: UTF8.self)
        let collection = JWTKeyCollection()
        try await collection.add(jwk: JWK(json: text))
        return try await collection.getKey(for: "key", alg: algorithm.rawValue)
    }

    private static let maximumKeys = 64
}

/// Keys that stay as they are until they are read again.
package struct FixedKeys: KeySource {
    package let keys: VerificationKeys
    package init(_ keys: VerificationKeys) { self.keys = keys }
    package func refresh() async {}
}

/// Why a key set cannot be used.
package struct KeySetError: Error, Equatable, CustomStringConvertible {
    package let description: String
    package init(description: String) { self.description = description }
}
