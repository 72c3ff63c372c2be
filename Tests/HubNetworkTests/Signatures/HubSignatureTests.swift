import ContextModel
import Crypto
import Testing

@testable import HubNetwork

/// Signatures by which hubs ask each other: nothing that a request means can be changed, nor the request sent twice.
struct HubSignatureTests {
    private let key = MemberKey()
    private let now = Timestamp(microseconds: 1_800_000_000_500_000)
    private var id: MemberID { MemberID(firstKey: key.id) }
    private let body = Array("{}".utf8)

    private func signed(
        _ requester: Requester = Requester(party: "traffic"),
        at moment: Timestamp? = nil,
        nonce: String = "n1"
    ) throws -> SignableRequest {
        var request = SignableRequest(
            method: "POST",
            authority: "b.example",
            path: "/ngsi-ld/v1/entityOperations/query",
            query: "limit=1000"
        )
        request.add("Data-Purpose", "dpv:ServiceProvision")
        request.add("NGSILD-Tenant", "city")
        request.add("Content-Type", "application/json")
        request.add("Via", "1.1 a")
        request.add("Accept", "application/json")
        try HubSignature.sign(
            &request,
            body: body,
            from: requester,
            by: id,
            with: key,
            nonce: nonce,
            at: moment ?? now
        )
        return request
    }

    @Test("what one hub signs, another one verifies")
    func roundTrip() throws {
        let requester = Requester(
            party: "Ban quản lý",
            through: [MemberID(firstKey: MemberKey().id)],
            ground: "contract \"7\""
        )
        let request = try signed(requester)
        let signature = try #require(try HubSignature(of: request))
        #expect(signature.requester == requester)
        #expect(signature.member == id)
        #expect(signature.keyID == key.id)
        try signature.requireTimely(at: now)
        try signature.verify(request, by: key.secret.publicKey)
        let digest = try #require(request.value(of: "content-digest"))
        try ContentDigest.verify(digest, of: body)
    }

    /// Changes of a signed request, by what they do.
    private static let changes: [(String, @Sendable (SignableRequest) -> SignableRequest)] = [
        (
            "method",
            {
                var request = $0; request.method = "DELETE"; return request
            }
        ),
        (
            "authority",
            {
                var request = $0; request.authority = "c.example"; return request
            }
        ),
        (
            "path",
            {
                var request = $0; request.path += "/x"; return request
            }
        ),
        (
            "query",
            {
                var request = $0; request.query = "limit=1"; return request
            }
        ),
        (
            "no query",
            {
                var request = $0; request.query = nil; return request
            }
        ),
    ]

    @Test("a request at another address, path, method or query is not what was signed")
    func otherRequest() throws {
        let request = try signed()
        for (name, change) in Self.changes {
            let other = change(request)
            let signature = try #require(try HubSignature(of: other))
            let error = #expect(throws: SignatureError.self, "\(name)") {
                try signature.verify(other, by: key.secret.publicKey)
            }
            #expect(error?.kind == .wrong, "\(name)")
        }
    }

    @Test("no field that gives the request its meaning can be added, changed or left out")
    func otherFields() throws {
        let request = try signed()
        for name in HubSignature.coveredFields {
            var added = request
            added.add(name, "other")
            #expect(throws: SignatureError.self, "\(name) added") {
                let signature = try HubSignature(of: added)
                try signature?.verify(added, by: key.secret.publicKey)
            }
            guard request.has(name) else { continue }
            let removed = request.without(name)
            #expect(throws: SignatureError.self, "\(name) left out") {
                let signature = try HubSignature(of: removed)
                try signature?.verify(removed, by: key.secret.publicKey)
            }
        }
    }

    @Test("the signature must cover the method, the address and each meaningful field")
    func incomplete() throws {
        let request = try signed()
        let field = try #require(request.value(of: "signature-input"))
        for name in ["@method", "@authority", "@path", "@query", "data-purpose", "content-digest"] {
            var less = request.without("signature-input")
            less.add("Signature-Input", field.replacing("\"\(name)\" ", with: ""))
            let error = #expect(throws: SignatureError.self, "\(name)") {
                try HubSignature(of: less)
            }
            #expect(error?.kind == .incomplete, "\(name)")
        }
    }

    @Test("signatures of another use are none of a hub's")
    func otherUse() throws {
        var request = SignableRequest(method: "GET", authority: "b", path: "/")
        #expect(try HubSignature(of: request) == nil)
        request.add("Signature-Input", "hub=(\"@method\");tag=\"other\", sig=(\"@path\")")
        #expect(try HubSignature(of: request) == nil)
    }

    @Test("a signature is good for a minute, and clocks may differ by seconds")
    func timely() throws {
        let signature = try #require(try HubSignature(of: signed()))
        func at(_ seconds: Int64) -> Timestamp {
            Timestamp(microseconds: now.microseconds + seconds * 1_000_000)
        }
        try signature.requireTimely(at: at(59))
        try signature.requireTimely(at: at(-5))
        for seconds: Int64 in [-7, 60, 3_600] {
            let error = #expect(throws: SignatureError.self, "\(seconds)") {
                try signature.requireTimely(at: at(seconds))
            }
            #expect(error?.kind == .untimely)
        }
    }

    @Test("a signature counts once, and none of an earlier run of the hub counts")
    func replay() throws {
        let nonces = UsedNonces(at: now)
        let signature = try #require(try HubSignature(of: signed()))
        try nonces.use(signature, of: id, at: now)
        #expect(throws: SignatureError.self) { try nonces.use(signature, of: id, at: now) }
        // Another one of the same hub, and the same nonce of another hub.
        try nonces.use(try #require(try HubSignature(of: signed(nonce: "n2"))), of: id, at: now)
        try nonces.use(signature, of: MemberID(firstKey: MemberKey().id), at: now)
        let before = Timestamp(microseconds: now.microseconds - 2_000_000)
        let old = try #require(try HubSignature(of: signed(at: before)))
        let error = #expect(throws: SignatureError.self) { try nonces.use(old, of: id, at: now) }
        #expect(error?.kind == .untimely)
    }

    @Test("what is remembered of a hub is bounded, and goes when it is over")
    func bounded() throws {
        let nonces = UsedNonces(at: now)
        var signature = try #require(try HubSignature(of: signed()))
        for number in 0..<UsedNonces.maximumPerMember {
            signature = signature.named("n\(number)")
            try nonces.use(signature, of: id, at: now)
        }
        let next = signature.named("next")
        #expect(throws: SignatureError.self) { try nonces.use(next, of: id, at: now) }
        let later = Timestamp(microseconds: now.microseconds + 61_000_000)
        try nonces.use(next, of: id, at: later)
    }

    @Test(
        "who asks must be wholly understood",
        arguments: [
            "party=7", "party=\"a\", role=\"admin\"", "through=(\"urn:balai:hub:short\")",
            "party=\"a\";x", "through=\"urn\"",
        ]
    )
    func requesters(_ field: String) {
        #expect(throws: SignatureError.self) { try Requester(field) }
    }

    @Test("a question does not go through hubs without end")
    func manyHubs() throws {
        let hubs = (0..<8).map { _ in MemberID(firstKey: MemberKey().id) }
        let text = try Requester(through: hubs).text()
        #expect(throws: SignatureError.self) { try Requester(text) }
        #expect(try Requester(Requester(through: Array(hubs.dropLast())).text()).through.count == 7)
    }
}

extension SignableRequest {
    /// The same without the field.
    fileprivate func without(_ name: String) -> SignableRequest {
        var request = SignableRequest(
            method: method,
            authority: authority,
            path: path,
            query: query
        )
        for field in fields where field.name != name { request.add(field.name, field.value) }
        return request
    }
}

extension HubSignature {
    fileprivate func named(_ nonce: String) -> HubSignature {
        HubSignature(
            member: member,
            keyID: keyID,
            nonce: nonce,
            created: created,
            expires: expires,
            requester: requester
        )
    }
}
