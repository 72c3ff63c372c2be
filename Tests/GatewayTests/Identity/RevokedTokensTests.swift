import Broker
import ContextModel
import Governance
import HTTPTypes
import Synchronization
import Testing

@testable import Gateway

/// Tokens and sessions that are taken back.
@Suite struct RevokedTokensTests {
    @Test func `a token that is taken back is refused, by its hash or its identifier`() async throws
    {
        let world = try await TokenWorld()
        func token(_ id: String) throws -> String {
            try world.token { _, claims in claims["jti"] = .string(id) }
        }
        let (first, second, third) = (try token("1"), try token("2"), try token("3"))
        // They were seen before, and are remembered.
        for one in [first, second, third] { #expect(try await world.refusal(one) == nil) }
        var revoked = RevokedTokens()
        revoked.insert(.token(TokenHash(ofSignedPartOf: first)))
        revoked.insert(.id("2"))
        world.verifier.replace(revoked: revoked)
        for one in [first, second] {
            #expect(try await world.refusal(one)?.code == .unauthenticated)
        }
        #expect(try await world.refusal(third) == nil)
        world.verifier.replace(revoked: RevokedTokens())
        #expect(try await world.refusal(first) == nil)
    }

    /// A session of the person, as its cookie.
    private func session(
        _ signIn: SignIn,
        _ key: HubKey,
        _ time: TokenWorld.Seconds,
        party: Party = .named(PartyID("residents")),
        _ person: String
    ) async throws -> String {
        let link = try key.token(
            .link,
            for: Credential(party: party, subject: SubjectID(person)),
            seconds: SignIn.linkSeconds,
            at: time.clock(),
            id: "\(person) \(time.now.withLock { $0 }) \(Int.random(in: 0 ... .max))"
        )
        return String(try await signIn.cookie(forLink: link).prefix { $0 != ";" })
    }

    @Test func `signing out ends this session, and signing out everywhere all of the person's`()
        async throws
    {
        let (time, key) = (TokenWorld.Seconds(), try await HubKey.make())
        let signIn = SignIn(key: key, publicURL: nil, clock: time.clock)
        let first = try await session(signIn, key, time, "urn:x:ann")
        let second = try await session(signIn, key, time, "urn:x:ann")
        let others = try await session(signIn, key, time, "urn:x:bob")
        func areIn(_ cookies: [String]) async -> [Bool] {
            var known: [Bool] = []
            for cookie in cookies { known.append(await signIn.credential(cookies: cookie) != nil) }
            return known
        }
        #expect(await areIn([first, second, others]) == [true, true, true])
        try await signIn.signOut(cookies: first, everywhere: false)
        #expect(await areIn([first, second, others]) == [false, true, true])
        // A session that has ended ends no others.
        try await signIn.signOut(cookies: first, everywhere: true)
        try await signIn.signOut(cookies: "", everywhere: true)
        #expect(await areIn([second, others]) == [true, true])
        try await signIn.signOut(cookies: second, everywhere: true)
        #expect(await areIn([second, others]) == [false, true])
        time.now.withLock { $0 += 1 }
        let new = try await session(signIn, key, time, "urn:x:ann")
        #expect(await areIn([new]) == [true])
    }

    @Test func `all sessions of a party end together, and its tokens go on`() async throws {
        let (time, key) = (TokenWorld.Seconds(), try await HubKey.make())
        let signIn = SignIn(key: key, publicURL: nil, clock: time.clock)
        let ann = try await session(signIn, key, time, "urn:x:ann")
        let boss = try await session(signIn, key, time, party: .operator, "urn:x:boss")
        var revoked = RevokedTokens()
        let now = time.now.withLock { $0 }
        revoked.insert(.sessions(.init(party: "residents", subject: nil), upTo: now))
        // An earlier moment takes nothing back of a later one.
        revoked.insert(.sessions(.init(party: "residents", subject: nil), upTo: now - 9))
        signIn.replace(revoked: revoked)
        #expect(await signIn.credential(cookies: ann) == nil)
        #expect(await signIn.credential(cookies: boss)?.party == .operator)
        let verifier = TokenVerifier([key.issuer], clock: time.clock)
        verifier.replace(revoked: revoked)
        let token = try key.token(
            for: Credential(party: .named(PartyID("residents"))),
            seconds: 60,
            at: time.clock()
        )
        let credential = try await verifier.credential(of: token, TokenHash(of: token))
        #expect(credential.party == .named(PartyID("residents")))
    }

    @Test func `where a session cannot be taken back, signing out fails`() async throws {
        let (time, key) = (TokenWorld.Seconds(), try await HubKey.make())
        let signIn = SignIn(key: key, publicURL: nil, clock: time.clock) { _, _ in
            throw BrokerError(.storageFull, "The disk is full.")
        }
        let cookie = try await session(signIn, key, time, "urn:x:ann")
        await #expect(throws: BrokerError(.storageFull, "")) {
            try await signIn.signOut(cookies: cookie, everywhere: false)
        }
        #expect(await signIn.credential(cookies: cookie) != nil)
    }
}
