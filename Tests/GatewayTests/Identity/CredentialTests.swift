import Broker
import ContextModel
import Governance
import HTTPTypes
import Synchronization
import Testing

@testable import Gateway

/// The claims of a token become the caller.
@Suite struct CredentialTests {
    private let clinic = Party.named(PartyID("urn:city:clinic"))

    private func issued(_ credential: Credential, _ world: TokenWorld) throws -> String {
        try world.key.token(for: credential, seconds: 60, at: world.time.clock())
    }

    @Test func `party, roles, person and purpose are read from the token`() async throws {
        let world = try await TokenWorld()
        let credential = Credential(
            party: clinic,
            roles: .admin,
            subject: SubjectID("urn:person:1"),
            purpose: Purpose("dpv:PublicHealth")
        )
        let caller = try await world.caller(issued(credential, world))
        #expect(
            caller
                == Caller(
                    party: clinic,
                    roles: .admin,
                    subject: SubjectID("urn:person:1"),
                    purpose: Purpose("dpv:PublicHealth")
                )
        )
    }

    @Test func `a role that only policies know comes with the token, and is no role of the hub's`()
        async throws
    {
        let world = try await TokenWorld()
        let issued = try issued(
            Credential(party: clinic, roles: .admin, otherRoles: ["doctor", "Admin"]),
            world
        )
        let caller = try await world.caller(issued)
        #expect(caller.roles == .admin && caller.otherRoles == ["doctor", "Admin"])
        let names: [JSONValue] = ["root", "Admin", "", .string(String(repeating: "x", count: 129))]
        let token = try world.token { _, claims in claims["roles"] = .array(names) }
        #expect(try await world.caller(token).roles.isEmpty)
        #expect(try await world.caller(token).otherRoles == ["root", "Admin"])
    }

    @Test func `the operator's token is opaque and has the role admin`() async throws {
        let world = try await TokenWorld()
        #expect(
            try await world.caller("of the operator") == Caller(party: .operator, roles: .admin)
        )
    }

    @Test(
        arguments: [
            (nil, "dpv:Marketing"), ("dpv:Marketing", "dpv:Marketing"),
            ("DirectMarketing", "dpv:DirectMarketing"), ("dpv:Purpose", nil),
            ("dpv:PublicHealth", nil), ("dpv:Gossip", nil),
        ] as [(String?, String?)]
    )
    func `a request has no other purpose than its token`(
        asked: String?,
        becomes: String?
    ) async throws {
        let world = try await TokenWorld()
        let token = try issued(
            Credential(party: clinic, purpose: Purpose("dpv:Marketing")),
            world
        )
        let fields = asked.map { [HTTPField.Name.dataPurpose: $0] as HTTPFields } ?? [:]
        if let becomes {
            #expect(try await world.caller(token, fields).purpose == Purpose(becomes))
        } else {
            #expect(try await world.refusal(token, fields)?.code == .forbidden)
        }
    }

    /// Counts the questions for a key.
    private final class CountedKeys: KeySource {
        let current: Mutex<VerificationKeys>
        let count = Mutex(0)
        let refreshes = Mutex(0)
        init(_ keys: VerificationKeys) { current = Mutex(keys) }
        var keys: VerificationKeys {
            count.withLock { $0 += 1 }
            return current.withLock { $0 }
        }
        func refresh() async { refreshes.withLock { $0 += 1 } }
    }

    @Test func `a signature is verified once, and again after five minutes`() async throws {
        let world = try await TokenWorld()
        let own = world.key.issuer
        let keys = CountedKeys(own.keys.keys)
        var issuer = TokenIssuer(name: own.name, audiences: own.audiences, keys: keys)
        issuer.types = own.types
        world.verifier.replace(with: [issuer])
        let token = try world.key.token(
            for: Credential(party: clinic),
            seconds: 3600,
            at: world.time.clock()
        )
        for _ in 0..<10 { #expect(try await world.refusal(token) == nil) }
        #expect(keys.count.withLock { $0 } == 1)
        // After that time a key that the issuer has removed is not accepted.
        keys.current.withLock { $0 = VerificationKeys() }
        world.pass(299)
        #expect(try await world.refusal(token) == nil)
        world.pass(1)
        #expect(try await world.refusal(token)?.code == .unauthenticated)
        #expect(keys.refreshes.withLock { $0 } == 1)
    }

    @Test func `one party's tokens do not evict another's`() async throws {
        let world = try await TokenWorld(maximum: 16)
        let rare = try world.token()
        #expect(try await world.refusal(rare) == nil)
        for number in 0..<40 {
            let token = try world.token { _, claims in
                claims["sub"] = "urn:city:busy"
                claims["jti"] = .number(JSONNumber(number))
            }
            _ = try await world.caller(token)
        }
        #expect(world.verifier.remembered(TokenHash(of: rare)) != nil)
    }
}
