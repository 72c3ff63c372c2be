package import ContextModel
import Crypto

/// An object of STIX with the signature of the hub that says it: a JSON Web Signature in its compact serialization
/// (RFC 7515), by Ed25519 (RFC 8037), over the object as it is without the signature.
///
/// So whoever passes it on, the hub that says it is known.
package struct SignedReport: Sendable, Hashable {
    package let object: STIXObject
    /// The hub that says it.
    package let hub: MemberID
    /// The thumbprint of the key that signed.
    package let keyID: String

    private static let type = "balai-report+jwt"

    /// Has the hub say what the object says.
    ///
    /// A signature that it had is replaced. Throws `STIXError` for an object that would be too long, and where the system
    /// cannot sign.
    package init(_ object: STIXObject, by hub: MemberID, with key: MemberKey) throws {
        var claim: JSONObject = ["extension_type": "property-extension"]
        claim["subject"] = object.claim?.subject.map { .object($0.json) }
        claim["said_by"] = .string(hub.text)
        let header: JSONObject = [
            "alg": "EdDSA", "kid": .string(hub.text + "#" + key.id), "typ": .string(Self.type),
        ]
        let signed = [header, object.claiming(claim)]
            .map { Base64URL.text(of: JSONValue.object($0).serialized) }.joined(separator: ".")
        let signature = try key.secret.signature(for: Array(signed.utf8))
        claim["signed"] = .string(signed + "." + Base64URL.text(of: Array(signature)))
        self.object = try STIXObject(.object(object.claiming(claim)))
        self.hub = hub
        keyID = key.id
    }

    /// Reads what a hub has signed, without checking by which key: `isSigned(by:)` does.
    ///
    /// Throws `STIXError` where it has no signature, or that of something else.
    package init(_ object: STIXObject) throws(STIXError) {
        guard let claim = object.claim, let hub = claim.saidBy, let signed = claim.signed else {
            throw STIXError("No hub has signed it.")
        }
        let parts = signed.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3, let header = CompactSignature.json(parts[0])?.objectValue,
            header.count == 3,
            header["alg"]?.stringValue == "EdDSA", header["typ"]?.stringValue == Self.type,
            let names = header["kid"]?.stringValue?.split(separator: "#").map(String.init),
            names.count == 2, names[0] == hub.text, Base64URL.bytes(of: parts[2]) != nil
        else { throw STIXError("It is signed in a way that is not understood.") }
        guard CompactSignature.json(parts[1]) == .object(object.unsigned) else {
            throw STIXError("It was changed after it was signed.")
        }
        self.object = object
        self.hub = hub
        keyID = names[1]
    }

    /// Whether the key has made the signature.
    package func isSigned(by key: PublicMemberKey) -> Bool {
        guard key.id == keyID, let text = object.claim?.signed else { return false }
        return CompactSignature.isValid(text, by: key)
    }
}

extension NetworkDirectory {
    /// Throws `STIXError` unless an admitted member has signed the report by a key that counts at the moment.
    package func verify(_ report: SignedReport, at now: Timestamp) throws(STIXError) {
        guard let member = members[report.hub], member.counts,
            let key = member.dossier.newest.key(report.keyID, at: now),
            !isSuspended(key, of: member.id)
        else {
            throw STIXError("The hub that says it is not admitted here, or its key does not count.")
        }
        guard report.isSigned(by: key) else { throw STIXError("Its signature is wrong.") }
    }
}
