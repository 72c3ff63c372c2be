import Broker
import ContextModel
import Crypto
import Governance
import HTTPTypes
import Testing

@testable import Gateway

/// Tokens that are forged, come from elsewhere, or have expired.
@Suite struct TokenForgeryTests {
    @Test func `a token that the hub signed is accepted`() async throws {
        let world = try await TokenWorld()
        let caller = try await world.caller(world.token())
        #expect(caller == Caller(party: .named(PartyID("urn:city:clinic"))))
    }

    static let changedHeaders: [(String, JSONValue)] = [
        ("alg", "none"), ("alg", "None"), ("alg", ""), ("alg", "HS256"), ("alg", "RS256"),
        ("alg", "ES256"), ("alg", "eddsa"), ("alg", .array(["EdDSA"])), ("alg", .null),
        ("kid", "another"), ("kid", ""), ("kid", 1), ("typ", "JWT"), ("typ", "dpop+jwt"),
        ("typ", .null), ("cty", "JWT"), ("crit", .array(["exp"])), ("b64", false),
    ]

    @Test(arguments: changedHeaders)
    func `a header with another algorithm or type is refused`(
        member: String,
        value: JSONValue
    ) async throws {
        let world = try await TokenWorld()
        let token = try world.token { header, _ in header[member] = value }
        #expect(try await world.refusal(token)?.code == .unauthenticated)
    }

    static let changedClaims: [(String, JSONValue?)] = [
        ("iss", "urn:balai:hub:another"), ("iss", nil), ("iss", 1),
        ("aud", "urn:balai:hub:another"),
        ("aud", nil), ("aud", .array([])), ("aud", .array([1])), ("exp", nil),
        ("exp", 1_800_000_000),
        ("exp", "1900000000"), ("exp", .null), ("exp", -1), ("nbf", 1_800_000_100),
        ("iat", 1_800_000_100), ("nbf", "now"), ("sub", nil), ("sub", ""), ("sub", "operator"),
        ("sub", "anonymous"), ("sub", "service:demo-city"), ("sub", "a b"), ("sub", 7),
        ("sub", .string("urn:" + String(repeating: "x", count: 300))), ("roles", .array([1])),
        ("roles", .object(["admin": true])), ("subject", "nobody"), ("subject", .array([])),
        ("purpose", ""), ("purpose", .array(["dpv:Marketing"])),
    ]

    @Test(arguments: changedClaims)
    func `claims for another hub, another time or no party are refused`(
        claim: String,
        value: JSONValue?
    ) async throws {
        let world = try await TokenWorld()
        let token = try world.token { _, claims in claims[claim] = value }
        #expect(try await world.refusal(token)?.code == .unauthenticated)
    }

    @Test func `a token signed with another key is refused, whatever it claims`() async throws {
        let world = try await TokenWorld()
        let other = try await HubKey.make()
        let token = try world.token(by: other)
        let refusal = try await world.refusal(token)
        #expect(refusal?.detail == "The token is not signed by its issuer.")
        let theirs = try world.token(by: other) { header, claims in
            header["kid"] = .string(other.id)
            claims["iss"] = .string(other.issuerName)
        }
        #expect(try await world.refusal(theirs)?.code == .unauthenticated)
        let unknown = try world.token(by: other) { header, _ in header["kid"] = .string(other.id) }
        // The answer does not reveal whether the key exists.
        #expect(try await world.refusal(unknown)?.detail == refusal?.detail)
    }

    @Test func `a key in the token's own header is not used`() async throws {
        let world = try await TokenWorld()
        let other = try await HubKey.make()
        let token = try world.token(by: other) { header, _ in
            header["kid"] = .string(other.id)
            header["jwk"] = .object(["kty": "OKP", "crv": "Ed25519", "kid": .string(other.id)])
            header["jku"] = "https://attacker.example/keys"
        }
        #expect(try await world.refusal(token)?.code == .unauthenticated)
    }

    /// If the public key were used as a secret, everybody could sign.
    @Test func `the public key cannot be used as a secret`() async throws {
        let world = try await TokenWorld()
        let parts = try world.token { header, _ in header["alg"] = "HS256" }.split(separator: ".")
        for secret in [world.key.id, world.key.pem, world.key.issuerName] {
            let signed = Array("\(parts[0]).\(parts[1])".utf8)
            let key = SymmetricKey(data: Array(secret.utf8))
            let code = HMAC<SHA256>.authenticationCode(for: signed, using: key)
            let token = "\(parts[0]).\(parts[1]).\(Base64URL.text(of: code))"
            #expect(try await world.refusal(token)?.code == .unauthenticated)
        }
    }

    @Test func `a token with a missing, cut or foreign signature is refused`() async throws {
        let world = try await TokenWorld()
        let parts = try world.token().split(separator: ".").map(String.init)
        let others = try world.token { _, claims in claims["sub"] = "urn:city:mayor" }
            .split(separator: ".").map(String.init)
        for token in [
            "\(parts[0]).\(parts[1]).", "\(parts[0]).\(parts[1])", "..", "a.b.c",
            "\(parts[0]).\(parts[1]).\(parts[2].dropLast(4))", "\(parts[0]).\(parts[1]).AAAA",
            "\(parts[0]).\(others[1]).\(parts[2])", "\(parts[0]).\(parts[1]).\(others[2])",
            "\(parts[0]).\(parts[1]).\(parts[2]).", "\(parts[0]).\(parts[1]).\(parts[2]).a.b",
            "\(parts[0])=.\(parts[1]).\(parts[2])", "\(parts[0]).\(parts[1]).\(parts[2])==",
        ] {
            #expect(try await world.refusal(token)?.code == .unauthenticated, "\(token)")
        }
    }

    @Test(arguments: ["alg", "kid", "exp", "sub"])
    func `a repeated member is refused`(name: String) async throws {
        let world = try await TokenWorld()
        let twice = [world.key.header(), JSONObject([("sub", "urn:x:a"), ("exp", 1)])].map {
            let text = JSONValue.object($0).text
            return "{\"\(name)\":\"x\"," + text.dropFirst()
        }
        let parts = try world.token().split(separator: ".").map(String.init)
        let text = Base64URL.text(of: Array(twice[["alg", "kid"].contains(name) ? 0 : 1].utf8))
        let token =
            ["alg", "kid"].contains(name)
            ? "\(text).\(parts[1]).\(parts[2])" : "\(parts[0]).\(text).\(parts[2])"
        let refusal = try await world.refusal(token)
        #expect(refusal?.detail.contains("is given twice") == true)
    }

    @Test func `a token that is too long is refused before it is read`() async throws {
        let world = try await TokenWorld()
        let token = try world.token { _, claims in
            claims["padding"] = .string(String(repeating: "x", count: UnverifiedToken.maximumBytes))
        }
        #expect(try await world.refusal(token)?.detail.contains("longer than") == true)
    }

    @Test func `a token is accepted again until it expires`() async throws {
        let world = try await TokenWorld()
        let token = try world.token()
        for _ in 0..<2 { #expect(try await world.refusal(token) == nil) }
        world.pass(59)
        #expect(try await world.refusal(token) == nil)
        world.pass(1)
        #expect(try await world.refusal(token)?.detail == "The token has expired.")
    }

    @Test func `an algorithm that the issuer does not use is refused`() async throws {
        let world = try await TokenWorld()
        let token = try world.token()
        var issuer = world.key.issuer
        // Whoever gets hold of a key of its that is for something else signs nothing with it.
        issuer.algorithms = [.es256]
        world.verifier.replace(with: [issuer])
        let refusal = try await world.refusal(token)
        #expect(refusal?.code == .unauthenticated && refusal?.detail.contains("algorithm") == true)
    }

    @Test func `a token of a removed key is refused at once`() async throws {
        let world = try await TokenWorld()
        let token = try world.token()
        #expect(try await world.refusal(token) == nil)
        world.verifier.replace(with: [try await HubKey.make().issuer])
        #expect(try await world.refusal(token)?.code == .unauthenticated)
    }

    @Test func `a second Authorization or Data-Purpose is refused`() async throws {
        let world = try await TokenWorld()
        for name in [HTTPField.Name.authorization, .dataPurpose] {
            var fields = HTTPFields()
            for _ in 0..<2 { fields.append(HTTPField(name: name, value: "Bearer x")) }
            var request = HTTPRequest(method: .get, scheme: "http", authority: "hub", path: "/")
            request.headerFields = fields
            let authentication = Authentication(
                tokens: TokenList(),
                verifier: world.verifier,
                isOpen: false
            )
            let error = await #expect(throws: BrokerError.self) {
                try await authentication.caller(of: request)
            }
            #expect(error?.code == .badRequestData)
        }
    }
}
