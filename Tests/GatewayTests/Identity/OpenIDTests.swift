import Broker
import ContextModel
import Crypto
import Foundation
import Governance
import HTTPTypes
import Synchronization
import Testing

@testable import Gateway

/// People who sign in at an identity provider, and whoever would like to be them.
@Suite struct OpenIDTests {
    private func isRefused(
        _ code: BrokerError.Code,
        _ body: () async throws -> Void
    ) async throws -> Bool {
        do {
            try await body()
            return false
        } catch let error as BrokerError { return error.code == code }
    }

    @Test func `a browser is sent to the provider with PKCE, a state and a nonce of its own`()
        async throws
    {
        let world = try await OpenIDWorld()
        let begun = try await world.signIn.begin(at: "city", authority: OpenIDWorld.authority)
        #expect(begun.address.hasPrefix(OpenIDWorld.issuer + "/authorize?response_type=code&"))
        #expect(begun.cookie.hasSuffix("; Path=/; HttpOnly; SameSite=Lax; Max-Age=600"))
        let (asked, cookie) = try await world.begin()
        #expect(asked["client_id"] == "balai" && asked["scope"] == "openid profile")
        #expect(asked["redirect_uri"] == "http://127.0.0.1:1026/sign-in/from/city")
        #expect(asked["code_challenge_method"] == "S256")
        let secrets = try ["state", "nonce", "code_challenge"].map { try #require(asked[$0]) }
        #expect(Set(secrets).count == 3 && secrets.allSatisfy { $0.utf8.count == 43 })
        let other = try await world.begin()
        for name in ["state", "nonce", "code_challenge"] {
            #expect(other.asked[name] != asked[name])
            #expect(!cookie.contains(asked[name] ?? ""))
        }
    }

    @Test func `who comes back with a code has a session, and the provider saw the verifier`()
        async throws
    {
        let world = try await OpenIDWorld()
        let (asked, cookie) = try await world.begin()
        let nonce = asked["nonce"] ?? ""
        let token = try world.token(["nonce": .string(nonce)])
        world.set { $0.token = { _ in (200, ["id_token": .string(token)]) } }
        let done = try await world.finish(["state": asked["state"] ?? "", "code": "c 1"], cookie)
        #expect(done.party == .named(PartyID("urn:city:user:ann")))
        let session = String(try #require(done.cookies.first).prefix { $0 != ";" })
        let credential = await world.signIn.credential(cookies: session)
        #expect(
            credential
                == Credential(party: done.party, subject: SubjectID("urn:city:person:ann"))
        )
        #expect(done.cookies.last?.hasPrefix("balai-flow=; ") == true)
        let form = try #require(world.forms.first)
        #expect(form.fields["grant_type"] == "authorization_code" && form.fields["code"] == "c 1")
        #expect(form.fields["redirect_uri"] == asked["redirect_uri"])
        let verifier = Array((form.fields["code_verifier"] ?? "").utf8)
        #expect(Base64URL.text(of: SHA256.hash(data: verifier)) == asked["code_challenge"])
        let basic = Data("balai:its%3A%20secret".utf8).base64EncodedString()
        #expect(form.authorization == "Basic " + basic && form.fields["client_secret"] == nil)
    }

    @Test func `a client without a secret, or one that sends it in the form`() async throws {
        let open = try await OpenIDWorld(secret: nil)
        #expect(try await open.signsIn())
        let form = try #require(open.forms.first)
        #expect(form.authorization == nil && form.fields["client_id"] == "balai")
        let posting = try await OpenIDWorld()
        posting.set {
            $0.metadata["token_endpoint_auth_methods_supported"] = ["client_secret_post"]
        }
        #expect(try await posting.signsIn())
        #expect(posting.forms.first?.fields["client_secret"] == "its: secret")
        #expect(posting.forms.first?.authorization == nil)
    }

    @Test func `an answer is for the browser that began, and for nobody else's`() async throws {
        let world = try await OpenIDWorld()
        let (asked, cookie) = try await world.begin()
        let attacker = try await world.begin()
        let state = asked["state"] ?? ""
        for (answer, cookies) in [
            // Nobody began: a link of an attacker, whose account it would be (login CSRF).
            (["state": attacker.asked["state"] ?? "", "code": "c"], nil),
            (["state": attacker.asked["state"] ?? "", "code": "c"], cookie),
            (["state": state, "code": "c"], attacker.cookie),
            (["state": "", "code": "c"], cookie), (["code": "c"], cookie),
            (["state": state, "code": "c"], cookie + "; " + attacker.cookie),
            (["state": state, "code": "c"], "balai-session" + cookie.dropFirst(10)),
            (["state": state, "code": "c", "iss": "https://evil.example"], cookie),
            (["state": state, "error": "access_denied"], cookie),
            (["state": state], cookie),
        ] as [([String: String], String?)] {
            #expect(try await isRefused(.forbidden) { _ = try await world.finish(answer, cookies) })
        }
        #expect(world.forms.isEmpty)
        #expect(
            try await isRefused(.resourceNotFound) {
                _ = try await world.signIn.begin(at: "elsewhere", authority: OpenIDWorld.authority)
            }
        )
    }

    @Test func `a code that was given to somebody else is of no use`() async throws {
        let world = try await OpenIDWorld()
        let victim = try await world.begin()
        let attacker = try await world.begin()
        // A provider that looks at no verifier: the nonce in its token is the victim's.
        let token = try world.token(["nonce": .string(victim.asked["nonce"] ?? "")])
        world.set { $0.token = { _ in (200, ["id_token": .string(token)]) } }
        let answer = ["state": attacker.asked["state"] ?? "", "code": "of the victim"]
        #expect(
            try await isRefused(.unauthenticated) {
                _ = try await world.finish(answer, attacker.cookie)
            }
        )
    }

    @Test func `an answer counts once, and for ten minutes`() async throws {
        let world = try await OpenIDWorld()
        let (asked, cookie) = try await world.begin()
        let token = try world.token(["nonce": .string(asked["nonce"] ?? "")])
        world.set { $0.token = { _ in (200, ["id_token": .string(token)]) } }
        let answer = ["state": asked["state"] ?? "", "code": "c"]
        _ = try await world.finish(answer, cookie)
        let (name, value) = ("balai-flow=", cookie.dropFirst("balai-flow=".count))
        // However its cookie is written: the number in it may have a sign, or begin with zeros.
        for again in ["", "+", "0", "+00"] {
            #expect(
                try await isRefused(.forbidden) {
                    _ = try await world.finish(answer, name + again + value)
                }
            )
        }
        let slow = try await world.begin()
        world.time.now.withLock { $0 += OpenIDFlow.seconds }
        let late = ["state": slow.asked["state"] ?? "", "code": "c"]
        #expect(try await isRefused(.forbidden) { _ = try await world.finish(late, slow.cookie) })
    }

    @Test(
        arguments: [
            (["iss": "https://evil.example"], [:]), (["aud": "another"], [:]), (["aud": []], [:]),
            (["aud": ["balai", "another"]], [:]), (["azp": "another"], [:]),
            (["aud": ["balai", "another"], "azp": "another"], [:]),
            (["exp": 1_799_999_000], [:]), (["exp": .null], [:]), (["iat": 1_800_009_000], [:]),
            (["iat": .null], [:]), (["nonce": "another"], [:]), (["nonce": .null], [:]),
            (["sub": .null], [:]), (["sub": ""], [:]), ([:], ["alg": "none"]),
            ([:], ["alg": "HS256"]), ([:], ["alg": "RS256"]), ([:], ["kid": "two"]),
            ([:], ["typ": "at+jwt"]), ([:], ["crit": ["exp"]]),
        ] as [(JSONObject, JSONObject)]
    )
    func `a forged ID token signs nobody in`(
        claims: JSONObject,
        header: JSONObject
    ) async throws {
        let world = try await OpenIDWorld()
        #expect(try await world.signsIn(claims, header) == false)
        // The same world takes a right one, and one for several that names this client.
        #expect(try await world.signsIn())
        #expect(try await world.signsIn(["aud": ["balai", "another"], "azp": "balai"]))
    }

    @Test func `an ID token that another key, or a public one, signed is refused`() async throws {
        let world = try await OpenIDWorld()
        let other = P256.Signing.PrivateKey()
        #expect(
            try await world.signsIn { signed in
                Base64URL.text(of: try other.signature(for: Array(signed.utf8)).rawRepresentation)
            } == false
        )
        let secret = SymmetricKey(data: world.key.publicKey.rawRepresentation)
        #expect(
            try await world.signsIn([:], ["alg": "HS256"]) { signed in
                let code = HMAC<SHA256>.authenticationCode(
                    for: Array(signed.utf8),
                    using: secret
                )
                return Base64URL.text(of: code)
            } == false
        )
        #expect(try await world.signsIn([:], ["alg": "none"]) { _ in "" } == false)
    }

    @Test(
        arguments: [
            (["issuer": "https://evil.example"], true),
            (["authorization_endpoint": "http://id.city.example/authorize"], true),
            (["token_endpoint": "http://127.0.0.1.evil.example/token"], true),
            (["jwks_uri": "file:///etc/keys"], true), (["jwks_uri": .null], true),
            (["code_challenge_methods_supported": ["plain"]], true),
            (["code_challenge_methods_supported": ["plain", "S256"]], false),
            (["token_endpoint": "http://127.0.0.1:9000/token"], false),
        ] as [(JSONObject, Bool)]
    )
    func `a provider is used as far as what it says of itself is safe`(
        metadata: JSONObject,
        isWrong: Bool
    ) async throws {
        let world = try await OpenIDWorld()
        world.set { $0.metadata = metadata }
        #expect(try await isRefused(.overloaded) { _ = try await world.begin() } == isWrong)
        // Nobody makes the hub ask it again and again.
        for _ in 0..<20 { _ = try? await world.begin() }
        #expect(world.documents.count == 1)
        world.set { $0.metadata = [:] }
        world.time.now.withLock { $0 += 10 }
        _ = try await world.begin()
    }

    @Test func `where people are sent back to is the hub's own address`() async throws {
        let plain = try await OpenIDWorld()
        #expect(
            try await isRefused(.operationNotSupported) {
                _ = try await plain.signIn.begin(at: "city", authority: "evil.example")
            }
        )
        let secure = try await OpenIDWorld(publicURL: "https://hub.city.example")
        let (asked, cookie) = try await secure.begin()
        #expect(asked["redirect_uri"] == "https://hub.city.example/sign-in/from/city")
        #expect(cookie.hasPrefix("__Host-balai-flow="))
        let signedIn = try await secure.signsIn()
        #expect(signedIn)
    }
}
