import AsyncHTTPClient
import Borders
import Broker
import ContextModel
import Governance
import HTTPTypes
import HummingbirdTesting
import NIOCore
import NIOHTTP1
import HubNetwork
import Testing

@testable import Gateway

/// Questions between hubs of a network: who asks travels, and nothing else of the caller.
@Suite(.timeLimit(.minutes(3))) struct SignedQuestionTests {
    private static let boss: HTTPFields = [.authorization: "Bearer operator"]
    private static let me: HTTPFields = [.authorization: "Bearer reader"]

    /// Hubs may read buses, and nobody else may; `all` says which hubs.
    private static func policy(_ hubs: [Permission.Assignee]) -> Policy {
        let bus = Condition.type(LDContext.core.expand("Bus"))
        var permissions = hubs.map {
            Permission(assignee: $0, actions: [.read], target: bus)
        }
        permissions.append(
            Permission(assignee: .party(PartyID("reader")), actions: [.read], target: bus)
        )
        return Policy(permissions: permissions)
    }

    private static let anyHub = policy([.otherRole(Caller.hubRole)])

    private static func bus(_ number: Int) -> JSONValue {
        [
            "id": .string("urn:x:\(number)"), "type": "Bus",
            "speed": ["type": "Property", "value": .number(JSONNumber(number))],
        ]
    }

    private static func ids(_ found: JSONValue) -> [String] {
        (found.arrayValue ?? []).compactMap { $0.objectValue?["id"]?.stringValue }.sorted()
    }

    @Test func `a member is asked in the hub's name, and a suspended one as nobody`() async throws {
        try await FederatedHub.running(2, policies: [Self.anyHub, Self.anyHub]) { hubs in
            let keys = try await FederatedHub.join(hubs)
            try await hubs[1].put(Self.bus(1))
            try await hubs[0].link(to: hubs[1])
            #expect(Self.ids(try await hubs[0].get("entities?type=Bus", Self.me)) == ["urn:x:1"])
            // Nobody in particular gets what anybody may have there.
            #expect(Self.ids(try await hubs[0].get("entities?type=Bus")) == [])
            try await hubs[1].hub.governing.decide(
                .suspended,
                of: MemberID(firstKey: keys[0].id).text,
                reason: "test",
                caller: Caller(party: .operator)
            )
            let answer = try await hubs[0].send(.get, "entities?type=Bus", nil, Self.me)
            #expect(answer.headers[.ngsildWarning]?.contains("401") == true)
            let body = try JSONReader.read(Array(answer.body.readableBytesView))
            #expect(Self.ids(body) == [])
        }
    }

    @Test func `a question that goes through two hubs may do what both may`() async throws {
        // The third hub trusts the second alone.
        let keys = [MemberKey(), MemberKey(), MemberKey()]
        let second = Permission.Assignee.party(PartyID(MemberID(firstKey: keys[1].id).text))
        let first = Permission.Assignee.party(PartyID(MemberID(firstKey: keys[0].id).text))
        for (trusted, expected) in [([second], []), ([second, first], ["urn:x:3"])] {
            let policies = [Self.anyHub, Self.anyHub, Self.policy(trusted)]
            try await FederatedHub.running(3, policies: policies) { hubs in
                try await FederatedHub.join(hubs, keys)
                try await hubs[2].put(Self.bus(3))
                try await hubs[0].link(to: hubs[1])
                try await hubs[1].link(to: hubs[2])
                #expect(
                    Self.ids(try await hubs[1].get("entities?type=Bus", Self.me)) == ["urn:x:3"]
                )
                let found = Self.ids(try await hubs[0].get("entities?type=Bus", Self.me))
                #expect(found == expected, "\(trusted)")
            }
        }
    }

    @Test func `what is signed is worth nothing elsewhere, later, or beside a token`() async throws
    {
        try await FederatedHub.running(2, policies: [Self.anyHub, Self.anyHub]) { hubs in
            let keys = try await FederatedHub.join(hubs)
            try await hubs[1].put(Self.bus(1))
            try await hubs[0].put(Self.bus(1))
            let path = "/ngsi-ld/v1/entities/urn:x:1"
            let signed = try hubs[1].signed(path, by: keys[0])
            #expect(try await hubs[1].ask(path, signed).status == .ok)
            // The same once more: a replay.
            #expect(try await hubs[1].ask(path, signed).status == .unauthorized)
            // For another hub, another path.
            let other = try hubs[1].signed(path, by: keys[0])
            let elsewhere = try hubs[1].signed(path, by: keys[0], host: "elsewhere.example")
            #expect(try await hubs[1].ask(path, elsewhere).status == .unauthorized)
            // Also where whoever sends it on says that it is for the other hub.
            let sentOn = try await hubs[1].ask(path, elsewhere, host: "elsewhere.example")
            #expect(sentOn.status == .unauthorized)
            #expect(try await hubs[0].ask(path, other).status == .unauthorized)
            #expect(try await hubs[1].ask(path + "/attrs/speed", other).status == .unauthorized)
            #expect(
                try await hubs[1].ask(path + "?format=simplified", other).status == .unauthorized
            )
            // With what it says of the asker changed, or left out.
            var changed = other
            changed[.requester] = "party=\"operator\", through=()"
            #expect(try await hubs[1].ask(path, changed).status == .unauthorized)
            changed[.requester] = nil
            #expect(try await hubs[1].ask(path, changed).status == .unauthorized)
            // Beside a token.
            changed = try hubs[1].signed(path, by: keys[0])
            changed[.authorization] = "Bearer reader"
            #expect(try await hubs[1].ask(path, changed).status == .badRequest)
            // By a stranger.
            let stranger = try hubs[1].signed(path, by: MemberKey())
            #expect(try await hubs[1].ask(path, stranger).status == .unauthorized)
            // It was not used up by all that.
            #expect(try await hubs[1].ask(path, other).status == .ok)
        }
    }

    @Test func `a body is the one that was signed`() async throws {
        try await FederatedHub.running(1, policies: [Self.anyHub]) { hubs in
            let keys = try await FederatedHub.join(hubs, [MemberKey()])
            let other = MemberKey()
            try await hubs[0].admit(other)
            try await hubs[0].put(Self.bus(1))
            let path = "/ngsi-ld/v1/entityOperations/query"
            let body: JSONValue = ["type": "Query", "entities": [["type": "Bus"]]]
            let more: JSONValue = [
                "type": "Query", "entities": [["type": "Bus"], ["type": "Safe"]],
            ]
            var signed = try hubs[0].signed(path, by: other, body: body)
            #expect(try await hubs[0].ask(path, signed, body).status == .ok)
            signed = try hubs[0].signed(path, by: other, body: body)
            #expect(try await hubs[0].ask(path, signed, more).status == .unauthorized)
            signed = try hubs[0].signed(path, by: other)
            #expect(try await hubs[0].ask(path, signed, body).status == .unauthorized)
            #expect(keys.count == 1)
        }
    }

    @Test func `hubs neither subscribe in another's place nor run the hub`() async throws {
        try await FederatedHub.running(1, policies: [Self.anyHub]) { hubs in
            try await FederatedHub.join(hubs, [MemberKey()])
            let other = MemberKey()
            try await hubs[0].admit(other)
            let path = "/ngsi-ld/v1/subscriptions"
            let body: JSONValue = [
                "type": "Subscription", "entities": [["type": "Bus"]],
                "notification": ["endpoint": ["uri": "http://127.0.0.1:9/x"]],
            ]
            let signed = try hubs[0].signed(path, by: other, body: body)
            #expect(try await hubs[0].ask(path, signed, body).status == .forbidden)
            let members = "/network/v1/members"
            let own = try hubs[0].signed(members + "/x", by: other, method: .delete)
            let answer = try await hubs[0].ask(members + "/x", own, method: .DELETE)
            #expect(answer.status == .forbidden)
        }
    }
}

extension FederatedHub {
    /// Makes the hubs members of one network, each admitted by each.
    @discardableResult
    static func join(
        _ hubs: [FederatedHub],
        _ given: [MemberKey]? = nil
    ) async throws -> [MemberKey] {
        let keys = given ?? hubs.map { _ in MemberKey() }
        let state = try #require(StateCode("TH"))
        for (number, (hub, key)) in zip(hubs, keys).enumerated() {
            let profile = HubProfile(
                name: "City \(number)",
                state: state,
                longitude: 100,
                latitude: 13,
                address: hub.url
            )
            try await hub.hub.networking.describe(profile, with: key)
        }
        for hub in hubs {
            for (other, key) in zip(hubs, keys) where other.url != hub.url {
                let member = try await other.hub.networking.member(MemberID(firstKey: key.id).text)
                let texts = member["descriptions"]?.arrayValue?.compactMap(\.stringValue) ?? []
                try await hub.hub.networking.receive([texts])
                try await hub.admit(MemberID(firstKey: key.id))
            }
        }
        return keys
    }

    private func admit(_ id: MemberID) async throws {
        try await hub.governing.decide(
            .admitted,
            of: id.text,
            reason: nil,
            caller: Caller(party: .operator)
        )
    }

    /// Admits a hub that nobody runs.
    func admit(_ key: MemberKey, at address: String = "http://127.0.0.1:9") async throws {
        let now = hub.clock()
        let end = Timestamp(microseconds: now.microseconds + 86_400_000_000)
        let description = MemberDescription(
            id: MemberID(firstKey: key.id),
            number: 1,
            name: "Elsewhere",
            state: try #require(StateCode("MY")),
            longitude: 101,
            latitude: 3,
            address: address,
            keys: [.init(key.publicKey, now..<end)],
            made: now
        )
        try await hub.networking.receive([[try SignedDescription(description, with: key).text]])
        try await admit(MemberID(firstKey: key.id))
    }

    func put(_ entity: JSONValue) async throws {
        let boss: HTTPFields = [.authorization: "Bearer operator"]
        let answer = try await send(.post, "entities?local=true", entity, boss)
        #expect(answer.status == .created, "\(String(buffer: answer.body))")
    }

    /// Registers another hub here, as the operator.
    func link(to other: FederatedHub, types: [String] = ["Bus"]) async throws {
        let entities = JSONValue.array(types.map { ["type": .string($0)] })
        let body: JSONValue = [
            "id": .string("urn:r:\(other.client.port ?? 0)"), "type": "ContextSourceRegistration",
            "endpoint": .string(other.url), "information": [["entities": entities]],
            "management": Self.patience,
        ]
        let boss: HTTPFields = [.authorization: "Bearer operator"]
        let answer = try await send(.post, "csourceRegistrations", body, boss)
        #expect(answer.status == .created, "\(String(buffer: answer.body))")
    }

    /// The fields that a hub with the key sends with a request to this one, or to a host.
    func signed(
        _ path: String,
        by key: MemberKey,
        body: JSONValue? = nil,
        method: HTTPRequest.Method? = nil,
        host: String? = nil
    ) throws -> HTTPFields {
        let method = method ?? (body == nil ? .get : .post)
        let signer = RequestSigner(
            MemberID(firstKey: key.id),
            key,
            Requester(party: "traffic"),
            nonce: { [id = hub.makeIdentifier()] in id },
            clock: { [hub] in hub.clock() }
        )
        var given: [KeyValuePair] = []
        if body != nil {
            given.append(KeyValuePair(key: "Content-Type", value: "application/json"))
        }
        let fields = try signer.fields(
            method: method.rawValue,
            url: host.map { "http://\($0)\(path)" } ?? url + path,
            fields: given,
            body: body?.serialized ?? []
        )
        var headers = HTTPFields()
        for field in given + fields {
            headers.append(HTTPField(name: .known(field.key), value: field.value))
        }
        return headers
    }

    /// Sends what was signed: over a client that names the hub by its address, unlike that of other tests.
    func ask(
        _ path: String,
        _ headers: HTTPFields,
        _ body: JSONValue? = nil,
        method: HTTPMethod? = nil,
        host: String? = nil
    ) async throws -> (status: HTTPResponse.Status, text: String) {
        var request = HTTPClientRequest(url: url + path)
        request.method = method ?? (body == nil ? .GET : .POST)
        for field in headers { request.headers.add(name: field.name.rawName, value: field.value) }
        if let host { request.headers.replaceOrAdd(name: "Host", value: host) }
        if let body {
            request.headers.replaceOrAdd(name: "Content-Type", value: "application/json")
            request.body = .bytes(ByteBuffer(bytes: body.serialized))
        }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(60))
        let text = String(buffer: try await response.body.collect(upTo: 1 << 20))
        return (HTTPResponse.Status(code: Int(response.status.code)), text)
    }
}

extension HTTPField.Name {
    fileprivate static let requester = known("Data-Requester")
    static let ngsildWarning = known("NGSILD-Warning")
}
