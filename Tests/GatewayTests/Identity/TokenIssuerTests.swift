import Broker
import ContextModel
import Crypto
import Governance
import Synchronization
import Testing

@testable import Gateway

/// Tokens of identity providers and of verifiers of credentials.
@Suite struct TokenIssuerTests {
    private static let name = "https://id.city.example"
    private let key = P256.Signing.PrivateKey()
    private let time = TokenWorld.Seconds()

    /// What the provider publishes.
    private var keySet: JSONValue {
        let raw = key.publicKey.rawRepresentation
        return [
            "keys": [
                [
                    "kty": "EC", "crv": "P-256", "kid": "one", "use": "sig",
                    "x": .string(Base64URL.text(of: raw.prefix(32))),
                    "y": .string(Base64URL.text(of: raw.suffix(32))),
                ]
            ]
        ]
    }

    /// A token as FIWARE's verifier and many providers make it, with these claims.
    private func token(_ more: JSONObject, _ header: JSONObject = [:]) throws -> String {
        let now = time.now.withLock { Int($0) }
        var claims: JSONObject = [
            "iss": .string(Self.name), "aud": ["balai"], "iat": .number(JSONNumber(now)),
            "exp": .number(JSONNumber(now + 1800)), "sub": "did:key:ann", "nonce": "n-1",
        ]
        for (name, value) in more.members { claims[name] = value }
        var head: JSONObject = ["alg": "ES256", "kid": "one", "typ": "JWT"]
        for (name, value) in header.members { head[name] = value }
        let signed = [head, claims].map { Base64URL.text(of: JSONValue.object($0).serialized) }
            .joined(separator: ".")
        let signature = try key.signature(for: Array(signed.utf8)).rawRepresentation
        return signed + "." + Base64URL.text(of: signature)
    }

    private func credential(
        _ token: String,
        _ set: (inout TokenIssuer) -> Void = { _ in }
    ) async throws -> Credential {
        let keys = FixedKeys(try await VerificationKeys(set: keySet))
        var issuer = TokenIssuer(name: Self.name, audiences: ["balai", "hub"], keys: keys)
        set(&issuer)
        let verifier = TokenVerifier([issuer], clock: time.clock)
        return try await verifier.credential(of: token, TokenHash(of: token))
    }

    /// The same token with the other signature that holds: of (r, s) it is (r, n - s).
    private func twin(of token: String) throws -> String {
        let parts = token.split(separator: ".").map(String.init)
        let signature = try #require(Base64URL.bytes(of: parts[2]))
        let order = try #require(
            Hexadecimal.bytes(
                of: "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"
            )
        )
        var (other, borrow) = ([UInt8](repeating: 0, count: 32), 0)
        for place in (0..<32).reversed() {
            let difference = Int(order[place]) - Int(signature[32 + place]) - borrow
            borrow = difference < 0 ? 1 : 0
            other[place] = UInt8(truncatingIfNeeded: difference)
        }
        return "\(parts[0]).\(parts[1])." + Base64URL.text(of: signature.prefix(32) + other)
    }

    @Test func `a token that is taken back stays so with another signature that holds`()
        async throws
    {
        let token = try token(["jti": "Of-Another-Form"])
        let twin = try twin(of: token)
        #expect(twin != token)
        let keys = FixedKeys(try await VerificationKeys(set: keySet))
        let issuer = TokenIssuer(name: Self.name, audiences: ["balai"], keys: keys)
        let verifier = TokenVerifier([issuer], clock: time.clock)
        func holds(_ token: String) async -> Bool {
            (try? await verifier.credential(of: token, TokenHash(of: token))) != nil
        }
        #expect(await holds(token))
        #expect(await holds(twin))
        for entry in [
            RevokedTokens.Entry.token(TokenHash(ofSignedPartOf: token)),
            .token(TokenHash(ofSignedPartOf: twin)), .id("of-another-FORM"),
        ] {
            var revoked = RevokedTokens()
            revoked.insert(entry)
            verifier.replace(revoked: revoked)
            #expect(await !holds(token))
            #expect(await !holds(twin))
        }
        verifier.replace(revoked: RevokedTokens())
        #expect(await holds(twin))
    }

    private func isRefused(
        _ token: String,
        _ set: (inout TokenIssuer) -> Void = { _ in }
    ) async throws -> Bool {
        do {
            _ = try await credential(token, set)
            return false
        } catch let error as BrokerError { return error.code == .unauthenticated }
    }

    @Test func `claims are found by their paths, and get what makes names of them`() async throws {
        let token = try token([
            "sub": "ann", "realm_access": ["roles": ["user", "balai-admin"]], "why": "Marketing",
        ])
        let credential = try await credential(token) {
            $0.partyPrefix = "urn:city:user:"
            $0.claims.roles = "realm_access.roles"
            $0.claims.subject = "sub"
            $0.subjectPrefix = "urn:city:person:"
            $0.claims.purpose = "why"
            $0.roles = ["balai-admin": .admin]
            $0.rolePrefix = "city:"
        }
        #expect(
            credential
                == Credential(
                    party: .named(PartyID("urn:city:user:ann")),
                    roles: .admin,
                    otherRoles: ["city:user", "city:balai-admin"],
                    subject: SubjectID("urn:city:person:ann"),
                    purpose: Purpose("dpv:Marketing")
                )
        )
    }

    @Test func `nobody is an admin whom the configuration does not make one`() async throws {
        let token = try token(["roles": ["admin"]])
        #expect(try await credential(token).roles.isEmpty)
        // Policies call that name the hub's own role.
        #expect(try await credential(token).otherRoles.isEmpty)
    }

    private func shown(_ type: String, by issuer: String, _ roles: JSONValue) -> JSONValue {
        [
            "@context": ["https://www.w3.org/2018/credentials/v1"], "id": "urn:uuid:1",
            "type": ["VerifiableCredential", .string(type)], "issuer": .string(issuer),
            "issuanceDate": "2026-01-01T00:00:00Z",
            "credentialSubject": ["id": "did:key:ann", "firstName": "Ann", "roles": roles],
        ]
    }

    private func dataSpace(_ issuer: inout TokenIssuer) {
        issuer.credentialTypes = ["OperatorCredential"]
        issuer.claims.party = "verifiableCredential.issuer"
        issuer.claims.roles = "verifiableCredential.credentialSubject.roles"
        issuer.rolesTarget = "did:web:city.example"
        issuer.roles = ["OPERATOR": .admin]
    }

    @Test func `a credential that FIWARE's verifier puts into its token names party and roles`()
        async throws
    {
        let roles: JSONValue = [
            ["names": ["OPERATOR"], "target": "did:web:city.example"],
            ["names": ["READER"], "target": "did:web:elsewhere.example"],
        ]
        let one = shown("OperatorCredential", by: "did:web:bus.example", roles)
        let expected = Credential(
            party: .named(PartyID("did:web:bus.example")),
            roles: .admin,
            otherRoles: ["OPERATOR"]
        )
        let single = try token(["verifiableCredential": one])
        #expect(try await credential(single, dataSpace) == expected)
        // Of several, those of the types that count.
        let other = shown(
            "CustomerCredential",
            by: "did:web:shop.example",
            [["names": ["OPERATOR"], "target": "did:web:city.example"]]
        )
        let several = try token(["verifiablePresentation": [other, one]])
        #expect(try await credential(several, dataSpace) == expected)
    }

    @Test func `a role for somebody else is none here`() async throws {
        let roles: JSONValue = [["names": ["OPERATOR"], "target": "did:web:elsewhere.example"]]
        let one = shown("OperatorCredential", by: "did:web:bus.example", roles)
        let token = try token(["verifiableCredential": one])
        #expect(try await credential(token, dataSpace).standing == Standing())
        #expect(
            try await credential(token) {
                dataSpace(&$0)
                $0.rolesTarget = nil
            }.standing == Standing()
        )
    }

    @Test func `a token whose credentials do not count, or disagree, is refused`() async throws {
        let customer = shown("CustomerCredential", by: "did:web:bus.example", [])
        #expect(try await isRefused(token(["verifiableCredential": customer]), dataSpace))
        #expect(try await isRefused(token([:]), dataSpace))
        let two: JSONValue = .array(
            ["did:web:bus.example", "did:web:ferry.example"].map {
                shown("OperatorCredential", by: $0, [])
            }
        )
        #expect(try await isRefused(token(["verifiablePresentation": two]), dataSpace))
        let one = shown("OperatorCredential", by: "did:web:bus.example", [["names": 1]])
        #expect(try await isRefused(token(["verifiableCredential": one]), dataSpace))
        #expect(
            try await isRefused(token(["verifiablePresentation": two])) {
                dataSpace(&$0)
                $0.credentialIssuers = ["did:web:train.example"]
            }
        )
    }

    @Test(
        arguments: [
            ["alg": "RS256"], ["alg": "EdDSA"], ["alg": "ES384"], ["alg": "HS256"], ["kid": "two"],
            ["typ": "dpop+jwt"],
        ] as [JSONObject]
    )
    func `a header that does not fit the issuer's key is refused`(header: JSONObject) async throws {
        #expect(try await isRefused(token([:], header)))
        #expect(try await !isRefused(token([:])))
    }

    @Test func `an algorithm that the issuer does not use is refused, whatever its keys`()
        async throws
    {
        #expect(try await isRefused(token([:])) { $0.algorithms = [.rs256] })
    }

    @Test func `a token that names no key is taken where the issuer has one`() async throws {
        let now = time.now.withLock { Int($0) }
        let claims: JSONObject = [
            "iss": .string(Self.name), "aud": "hub", "sub": "ann",
            "exp": .number(JSONNumber(now + 9)),
        ]
        let signed = [["alg": "ES256"], claims]
            .map { Base64URL.text(of: JSONValue.object($0).serialized) }.joined(separator: ".")
        let signature = try key.signature(for: Array(signed.utf8)).rawRepresentation
        let token = signed + "." + Base64URL.text(of: signature)
        #expect(try await credential(token).party == .named(PartyID("ann")))
    }

    @Test(arguments: [
        ("{}", false), ("[]", false), ("{\"keys\": 1}", false), ("{\"keys\": []}", true),
        ("{\"keys\": [{\"kty\": \"oct\", \"k\": \"AAAA\", \"kid\": \"one\"}]}", true),
        (
            "{\"keys\": [{\"kty\": \"RSA\", \"use\": \"enc\", \"n\": \"AQAB\", \"e\": \"AQAB\"}]}",
            true
        ),
        (
            "{\"keys\": [{\"kty\": \"RSA\", \"kid\": \"a\", \"n\": \"AQAB\", \"e\": \"AQAB\"}]}",
            false
        ),
        ("{\"keys\": [{\"kty\": \"OKP\", \"crv\": \"Ed25519\", \"x\": \"AAAA\"}]}", false),
        (
            "{\"keys\": [{\"kty\": \"EC\", \"crv\": \"P-256\", \"x\": \"AAAA\", \"y\": \"AAAA\"}]}",
            false
        ),
        ("{\"keys\": [{\"kty\": \"EC\", \"crv\": \"secp256k1\", \"x\": \"AAAA\"}]}", true),
    ])
    func `a key set is read whole, or refused`(text: String, isGood: Bool) async throws {
        let value = try JSONReader.read(text)
        do {
            #expect(try await VerificationKeys(set: value).isEmpty)
            #expect(isGood)
        } catch { #expect(!isGood, "\(error)") }
    }

    @Test func `two keys of one name are refused`() async throws {
        let one = try #require(keySet.objectValue?["keys"]?.arrayValue?.first)
        await #expect(throws: KeySetError.self) {
            try await VerificationKeys(set: ["keys": [one, one]])
        }
    }
}
