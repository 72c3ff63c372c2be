import Borders
import Broker
import ContextModel
import Governance
import HTTPTypes
import HummingbirdTesting
import NIOCore
import HubNetwork
import Testing

@testable import Gateway

/// Questions between hubs of different states: what the rules about borders refuse is in no answer.
@Suite(.timeLimit(.minutes(3))) struct BorderCrossingTests {
    private static let names = ["Park", "Pump", "Visit", "Care"]
    private static let categories: [String: DataCategory] = [
        "Park": .public, "Pump": .internal, "Visit": .personal, "Care": .sensitive,
    ]
    private static let purpose = Purpose("dpv:PublicHealth")

    /// Hubs may read all of it, and data about people for a purpose that no objection ends.
    private static var policy: Policy {
        let types = names.map { Condition.type(LDContext.core.expand($0)) }
        var permission = Permission(
            assignee: .otherRole(Caller.hubRole),
            actions: [.read],
            target: .any(of: types),
            purposes: [purpose]
        )
        permission.basis = .override
        return Policy(permissions: [permission])
    }

    /// What the data of the types is; what it does not name is internal.
    private static let classification: JSONValue = [
        "Park": ["class": "public", "attributes": ["visitor": "internal"]],
        "Visit": ["class": "personal", "subject": "visitor"],
        "Care": ["class": "sensitive", "subject": "visitor"],
    ]

    private static func classify(_ hub: FederatedHub) async throws {
        let answer = try await hub.client.execute(
            uri: "/governance/v1/classification",
            method: .put,
            headers: [.authorization: "Bearer operator", .contentType: "application/json"],
            body: ByteBuffer(bytes: classification.serialized)
        )
        #expect(answer.status == .noContent, "\(String(buffer: answer.body))")
    }

    private static func entity(_ type: String) -> JSONValue {
        [
            "id": .string("urn:x:\(type)"), "type": .string(type),
            "visitor": ["type": "Property", "value": "urn:person:1"],
        ]
    }

    private static let headers: HTTPFields = [
        .authorization: "Bearer operator", .dataPurpose: purpose.text,
    ]

    private static func found(_ hub: FederatedHub) async throws -> [String: JSONObject] {
        let list = names.joined(separator: ",")
        let response = try await hub.send(.get, "entities?type=\(list)", nil, headers)
        let warning = response.headers[.ngsildWarning]
        #expect(warning == nil, "\(warning ?? "")")
        let answer = try JSONReader.read(Array(response.body.readableBytesView))
        var found: [String: JSONObject] = [:]
        for entity in (answer.arrayValue ?? []).compactMap(\.objectValue) {
            found[entity["type"]?.stringValue ?? ""] = entity
        }
        return found
    }

    @Test func `what a state's law refuses is not in the answer to a hub of another state`()
        async throws
    {
        let open = Policy(permissions: [], isOpen: true)
        try await FederatedHub.running(2, policies: [open, Self.policy]) { hubs in
            let keys = try await FederatedHub.join(hubs)
            try await Self.classify(hubs[1])
            for name in Self.names { try await hubs[1].put(Self.entity(name)) }
            try await hubs[0].link(to: hubs[1], types: Self.names)
            var refused = 0
            for (source, destination) in [
                ("TH", "TH"), ("VN", "ID"), ("SG", "MY"), ("BN", "SG"), ("ID", "VN"), ("LA", "KH"),
            ] {
                try await hubs[1].state(source, keys[1])
                try await hubs[0].state(destination, keys[0])
                try await FederatedHub.tell(hubs)
                let found = try await Self.found(hubs[0])
                for (name, category) in Self.categories {
                    let question = BorderQuestion(
                        from: try #require(StateCode(source)),
                        to: try #require(StateCode(destination)),
                        category: category,
                        controller: .public,
                        date: hubs[1].hub.clock().date
                    )
                    // Who may have open data anyway needs no hub to carry it over.
                    let isAllowed =
                        category == .public
                        || BorderRuleTable.asean.verdict(on: question).isAllowed
                    refused += isAllowed ? 0 : 1
                    let way = "\(name) from \(source) to \(destination)"
                    #expect((found[name] != nil) == isAllowed, "\(way)")
                    if name == "Park", isAllowed {
                        var inside = question
                        inside.category = .internal
                        let isShown = BorderRuleTable.asean.verdict(on: inside).isAllowed
                        #expect((found[name]?["visitor"] != nil) == isShown, "\(way)")
                    }
                }
            }
            #expect(refused > 3)
        }
    }

    @Test func `an exemption lifts a refusal for its participants, purpose and time`() async throws
    {
        let open = Policy(permissions: [], isOpen: true)
        try await FederatedHub.running(2, policies: [open, Self.policy]) { hubs in
            let keys = try await FederatedHub.join(hubs)
            try await Self.classify(hubs[1])
            try await hubs[1].state("SG", keys[1])
            try await hubs[0].state("MY", keys[0])
            try await FederatedHub.tell(hubs)
            try await hubs[1].put(Self.entity("Visit"))
            try await hubs[0].link(to: hubs[1], types: Self.names)
            #expect(try await Self.found(hubs[0]).isEmpty)
            let now = hubs[1].hub.clock()
            func later(_ days: Int64) -> Timestamp {
                Timestamp(microseconds: now.microseconds + days * 86_400_000_000)
            }
            let begin = Timestamp(microseconds: now.microseconds + 200_000)
            let body: JSONValue = [
                "title": "Clinics", "purpose": .string(Self.purpose.text),
                "participants": [.string(MemberID(firstKey: keys[0].id).text)],
                "categories": ["personal"], "source": "SG", "destinations": ["MY"],
                "from": .string(begin.text), "until": .string(later(30).text),
                "report": .string(later(40).date.text),
            ]
            let boss = Caller(party: .operator)
            _ = try await hubs[1].hub.governing.putExemption("urn:e:1", body, caller: boss)
            while hubs[1].hub.clock() < begin { try await Task.sleep(for: .milliseconds(20)) }
            #expect(try await Self.found(hubs[0])["Visit"] != nil)
            // Another purpose, and the same after its end.
            let other = try await hubs[0].get(
                "entities?type=Visit",
                [.dataPurpose: "dpv:Marketing"]
            )
            #expect(other.arrayValue?.isEmpty == true)
            try await hubs[1].hub.governing.endExemption("urn:e:1", caller: boss)
            #expect(try await Self.found(hubs[0]).isEmpty)
        }
    }
}

extension FederatedHub {
    /// Says that the hub is in another state.
    fileprivate func state(_ code: String, _ key: MemberKey) async throws {
        let profile = HubProfile(
            name: "City",
            state: try #require(StateCode(code)),
            longitude: 100,
            latitude: 13,
            address: url
        )
        try await hub.networking.describe(profile, with: key)
    }

    /// Has each hub hear what the others say.
    fileprivate static func tell(_ hubs: [FederatedHub]) async throws {
        for hub in hubs {
            for other in hubs where other.url != hub.url {
                let members = try await other.hub.networking.members().compactMap(\.objectValue)
                let own = members.first { $0["standing"]?.stringValue == "own" }
                let texts = own?["descriptions"]?.arrayValue?.compactMap(\.stringValue) ?? []
                try await hub.hub.networking.receive([texts])
                // Another state is another law, so that is decided again.
                let id = own?["id"]?.stringValue ?? ""
                let standing = try await hub.hub.networking.member(id)["standing"]
                #expect(standing == "suspended" || own?["state"] == "TH")
                try await hub.hub.governing.decide(
                    .admitted,
                    of: id,
                    reason: nil,
                    caller: Caller(party: .operator)
                )
            }
        }
    }
}
