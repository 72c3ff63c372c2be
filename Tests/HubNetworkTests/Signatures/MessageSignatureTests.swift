import ContextModel
import Crypto
import Testing

@testable import HubNetwork

/// Signatures of requests (RFC 9421).
struct MessageSignatureTests {
    /// The request and the key of RFC 9421, appendix B.
    private static let standard: SignableRequest = {
        var request = SignableRequest(
            method: "POST",
            authority: "example.com",
            path: "/foo",
            query: "param=Value&Pet=dog"
        )
        request.add("Date", "Tue, 20 Apr 2021 02:07:55 GMT")
        request.add("Content-Type", "application/json")
        request.add("Content-Length", "18")
        return request
    }()

    private static func standardKey() throws -> Curve25519.Signing.PrivateKey {
        // The last 32 bytes of test-key-ed25519 (appendix B.1.4).
        let pem = "MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF"
        let bytes = try #require(Base64.bytes(of: pem))
        return try Curve25519.Signing.PrivateKey(rawRepresentation: bytes.suffix(32))
    }

    private static func standardInput() -> SignatureInput {
        var input = SignatureInput([
            .field("date"), .method, .path, .authority, .field("content-type"),
            .field("content-length"),
        ])
        input.created = 1_618_884_473
        input.keyID = "test-key-ed25519"
        return input
    }

    @Test("the example of RFC 9421, appendix B.2.6, has the base that it prints")
    func standardBase() throws {
        let input = Self.standardInput()
        let base = try MessageSignature.base(
            of: Self.standard,
            input.components,
            try input.text()
        )
        #expect(
            base == """
                "date": Tue, 20 Apr 2021 02:07:55 GMT
                "@method": POST
                "@path": /foo
                "@authority": example.com
                "content-type": application/json
                "content-length": 18
                "@signature-params": ("date" "@method" "@path" "@authority" "content-type" \
                "content-length");created=1618884473;keyid="test-key-ed25519"
                """
        )
    }

    @Test("the signature of RFC 9421, appendix B.2.6, is valid, and for no other request")
    func standardSignature() throws {
        var request = Self.standard
        request.add(
            "Signature-Input",
            "sig-b26=(\"date\" \"@method\" \"@path\" \"@authority\" \"content-type\" "
                + "\"content-length\");created=1618884473;keyid=\"test-key-ed25519\""
        )
        request.add(
            "Signature",
            "sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u"
                + "02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==:"
        )
        let key = try Self.standardKey().publicKey
        #expect(
            Base64URL.text(of: key.rawRepresentation)
                == "JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs"
        )
        try MessageSignature.verify(request, label: "sig-b26", by: key)

        var other = request
        other.path = "/bar"
        expectWrong(other, key)
        other = request
        other.method = "PUT"
        expectWrong(other, key)
        other = request
        other.add("Content-Type", "text/plain")
        expectWrong(other, key)
        expectWrong(request, Curve25519.Signing.PrivateKey().publicKey)
        // The query is not among what this signature covers.
        other = request
        other.query = "param=Other"
        try MessageSignature.verify(other, label: "sig-b26", by: key)
    }

    private func expectWrong(_ request: SignableRequest, _ key: Curve25519.Signing.PublicKey) {
        let error = #expect(throws: SignatureError.self) {
            try MessageSignature.verify(request, label: "sig-b26", by: key)
        }
        #expect(error?.kind == .wrong)
    }

    @Test(
        "what is not wholly understood is refused",
        arguments: [
            "hub=(\"@method\";req)", "hub=(\"@status\")", "hub=(\"@target-uri\")",
            "hub=(\"Date\")", "hub=(\"date\" \"date\")", "hub=(date)", "hub=(\"@method\");more=1",
            "hub=(\"@method\");created=\"now\"", "hub=\"@method\"", "hub=(\"@method\"", "",
            "other=(\"@method\")",
        ]
    )
    func notUnderstood(_ field: String) {
        let error = #expect(throws: SignatureError.self) { try SignatureInput("hub", in: field) }
        #expect(error?.kind == .malformed)
    }

    @Test("several values of a field are one, without blanks around them (clause 2.1)")
    func severalValues() {
        var request = SignableRequest(method: "GET", authority: "Example.COM", path: "")
        request.add("Via", "  1.1 a ")
        request.add("VIA", "1.1 b\t")
        #expect(request.value(of: "via") == "1.1 a, 1.1 b")
        #expect(SignatureComponent.authority.value(in: request) == "example.com")
        #expect(SignatureComponent.path.value(in: request) == "/")
        #expect(SignatureComponent.query.value(in: request) == "?")
    }

    @Test("an address is taken apart as it is sent")
    func addresses() throws {
        let request = try #require(
            SignableRequest(method: "GET", url: "https://City.example:443/a%20b?x=1&y=?#z")
        )
        #expect(request.authority == "city.example")
        #expect(request.path == "/a%20b")
        #expect(request.query == "x=1&y=?")
        let short = try #require(SignableRequest(method: "GET", url: "http://127.0.0.1:1026"))
        #expect(short.authority == "127.0.0.1:1026")
        #expect(short.path == "/")
        #expect(short.query == nil)
        #expect(SignableRequest(method: "GET", url: "https://me@city.example/") == nil)
        #expect(SignableRequest(method: "GET", url: "ftp://city.example/") == nil)
    }

    @Test("a value with a line feed is not signed: it could make another line of the base")
    func lineFeed() {
        var request = SignableRequest(method: "GET", authority: "a", path: "/")
        request.add("via", "x\n\"@method\": DELETE")
        #expect(throws: SignatureError.self) {
            try MessageSignature.sign(
                request,
                SignatureInput([.field("via")]),
                label: "hub",
                with: Curve25519.Signing.PrivateKey()
            )
        }
    }

    @Test("a digest is of one body (RFC 9530)")
    func digest() throws {
        let body = Array("{\"hello\": \"world\"}".utf8)
        let field = ContentDigest.text(of: body)
        // RFC 9530, appendix B has this value for this body without its line feed.
        #expect(field == "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:")
        try ContentDigest.verify(field, of: body)
        #expect(throws: SignatureError.self) { try ContentDigest.verify(field, of: body + [10]) }
        #expect(throws: SignatureError.self) {
            try ContentDigest.verify("sha-512=:AA==:", of: body)
        }
    }
}
