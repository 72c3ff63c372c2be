package import ContextModel
package import Crypto

/// The signature by which a hub asks another one: a use of RFC 9421 that covers all that a request means.
///
/// It covers the method, the address, the body and each of `coveredFields` that the request has. It is good for
/// `maximumSeconds`, for one request.
package struct HubSignature: Sendable, Equatable {
    /// What the signature is for, as its `tag`.
    package static let tag = "balai-hub"
    /// Its name in `Signature-Input` and `Signature`; others may stand beside it.
    package static let label = "hub"
    /// Seconds that it is good for at most.
    package static let maximumSeconds: Int64 = 60
    /// Seconds that clocks of hubs may differ.
    package static let skewSeconds: Int64 = 5
    /// The longest nonce, in bytes.
    package static let maximumNonceBytes = 64
    /// The names, in lower case, of the header fields that change what a request means.
    package static let coveredFields = [
        Requester.field, "data-purpose", "content-type", "content-digest", "via", "link", "accept",
        "prefer", "last-event-id", "ngsild-tenant", "ngsild-snapshot", "ngsild-entitymap",
        "fiware-service", "fiware-servicepath",
    ]

    /// The hub that says it has made it.
    package let member: MemberID
    /// The key that made it, by its thumbprint.
    package let keyID: String
    package let nonce: String
    /// When it was made, in seconds since 1970.
    package let created: Int64
    /// When it ends, in seconds since 1970.
    package let expires: Int64
    package let requester: Requester
}

extension HubSignature {
    /// Signs the request: adds who asks, the digest of the body, and the signature itself.
    package static func sign(
        _ request: inout SignableRequest,
        body: [UInt8],
        from requester: Requester,
        by member: MemberID,
        with key: MemberKey,
        nonce: String,
        at now: Timestamp
    ) throws {
        request.add(Requester.field, try requester.text())
        if !body.isEmpty { request.add("content-digest", ContentDigest.text(of: body)) }
        var input = SignatureInput(
            [.method, .authority, .path, .query]
                + coveredFields.filter(request.has).map { .field($0) }
        )
        input.created = now.microseconds / 1_000_000
        input.expires = now.microseconds / 1_000_000 + maximumSeconds
        input.nonce = nonce
        input.algorithm = MessageSignature.algorithm
        // Its hub is named, too, so that no other one can claim the key.
        input.keyID = member.text + "#" + key.id
        input.tag = tag
        let made = try MessageSignature.sign(request, input, label: label, with: key.secret)
        request.add("signature-input", made.input)
        request.add("signature", made.signature)
    }

    /// Reads the signature of a request, without verifying it; nil where no hub has signed the request.
    package init?(of request: SignableRequest) throws(SignatureError) {
        guard let field = request.value(of: "signature-input"),
            try SignatureInput.tags(in: field)
                .contains(where: { $0.label == Self.label && $0.tag == Self.tag })
        else { return nil }
        let input = try SignatureInput(Self.label, in: field)
        let names = input.keyID?.split(separator: "#", omittingEmptySubsequences: false) ?? []
        guard names.count == 2, let member = MemberID(String(names[0])), let nonce = input.nonce,
            let created = input.created,
            let expires = input.expires, !nonce.isEmpty, nonce.utf8.count <= Self.maximumNonceBytes
        else {
            throw SignatureError(
                .incomplete,
                "A signature between hubs has created, expires, nonce, and a keyid of a hub and a key."
            )
        }
        guard input.algorithm ?? MessageSignature.algorithm == MessageSignature.algorithm else {
            throw SignatureError(.malformed, "Signatures between hubs are by ed25519.")
        }
        let covered = Set(input.components)
        for component in [SignatureComponent.method, .authority, .path, .query]
        where !covered.contains(component) {
            throw SignatureError(.incomplete, "The signature does not cover \(component.name).")
        }
        for name in Self.coveredFields
        where request.has(name) && !covered.contains(.field(name)) {
            throw SignatureError(.incomplete, "The signature does not cover \(name).")
        }
        guard let text = request.value(of: Requester.field) else {
            throw SignatureError(.incomplete, "The request does not say who asks (Data-Requester).")
        }
        requester = try Requester(text)
        self.member = member
        keyID = String(names[1])
        self.nonce = nonce
        self.created = created
        self.expires = expires
    }

    /// Throws unless it is good at this time: neither early nor over, and for no longer than it may be.
    package func requireTimely(at now: Timestamp) throws(SignatureError) {
        let seconds = now.microseconds / 1_000_000
        guard created <= seconds + Self.skewSeconds else {
            throw SignatureError(.untimely, "The signature is of a time to come: check the clocks.")
        }
        guard expires > seconds else {
            throw SignatureError(.untimely, "The signature is over: check the clocks.")
        }
        guard expires > created, expires - created <= Self.maximumSeconds else {
            throw SignatureError(
                .untimely,
                "A signature is good for \(Self.maximumSeconds) seconds at most."
            )
        }
    }

    /// Throws unless the key made it for the request.
    package func verify(
        _ request: SignableRequest,
        by key: Curve25519.Signing.PublicKey
    ) throws(SignatureError) {
        try MessageSignature.verify(request, label: Self.label, by: key)
    }
}
