import ContextModel
import Testing

@testable import HubNetwork

/// Who of the hubs that are known may sign.
struct NetworkDirectoryTests {
    private func request(by key: MemberKey) throws -> (SignableRequest, HubSignature) {
        var request = SignableRequest(method: "GET", authority: "b", path: "/")
        try HubSignature.sign(
            &request,
            body: [],
            from: Requester(),
            by: MemberID(firstKey: key.id),
            with: key,
            nonce: "n",
            at: SampleHub.moment
        )
        return (request, try #require(try HubSignature(of: request)))
    }

    @Test(
        "an admitted member is known by what it signs, others are not",
        arguments: MemberStanding.allCases
    )
    func standing(_ standing: MemberStanding) throws {
        let hub = try SampleHub()
        let membership = Membership(try hub.dossier, standing, since: SampleHub.moment)
        let directory = NetworkDirectory([membership])
        let (request, signature) = try request(by: hub.key)
        guard standing == .admitted else {
            let error = #expect(throws: SignatureError.self) {
                try directory.verify(signature, of: request, at: SampleHub.moment)
            }
            #expect(error?.kind == .stranger)
            #expect(directory.member(at: "https://phuket.example") == nil)
            return
        }
        let found = try directory.verify(signature, of: request, at: SampleHub.moment)
        #expect(found.id == hub.description.id)
        #expect(directory.member(at: "https://Phuket.example/")?.id == hub.description.id)
        #expect(directory.member(at: "https://phuket.example.evil") == nil)
    }

    @Test("a member that has left signs nothing")
    func left() throws {
        var hub = try SampleHub()
        hub.description.hasLeft = true
        let membership = Membership(try hub.dossier, .admitted, since: SampleHub.moment)
        let (request, signature) = try request(by: hub.key)
        #expect(throws: SignatureError.self) {
            try NetworkDirectory([membership]).verify(signature, of: request, at: SampleHub.moment)
        }
    }

    @Test("one member cannot sign with another's key named")
    func otherKey() throws {
        let (one, two) = (
            try SampleHub(), try SampleHub("Penang", address: "https://penang.example")
        )
        let directory = NetworkDirectory(
            try [one, two].map { Membership(try $0.dossier, .admitted, since: SampleHub.moment) }
        )
        let (request, signature) = try request(by: one.key)
        let named = HubSignature(
            member: two.description.id,
            keyID: two.key.id,
            nonce: signature.nonce,
            created: signature.created,
            expires: signature.expires,
            requester: signature.requester
        )
        let error = #expect(throws: SignatureError.self) {
            try directory.verify(named, of: request, at: SampleHub.moment)
        }
        #expect(error?.kind == .wrong)
    }

    @Test("a member that names another's key takes nothing from it")
    func claimedKey() throws {
        let one = try SampleHub()
        var two = try SampleHub("Penang", address: "https://penang.example")
        two.description.keys.append(.init(one.key.publicKey, SampleHub.year))
        let directory = NetworkDirectory(
            try [one, two].map { Membership(try $0.dossier, .admitted, since: SampleHub.moment) }
        )
        let (request, signature) = try request(by: one.key)
        let found = try directory.verify(signature, of: request, at: SampleHub.moment)
        #expect(found.id == one.description.id)
    }
}
