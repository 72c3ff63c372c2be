import Borders
import Broker
import ContextModel
import HTTPTypes
import HubNetwork
import Outbound
import Synchronization
import Testing

@testable import Gateway

/// Every route of the hub is governed: it tells of people as policies and choices let it, or not at all.
@Suite(.timeLimit(.minutes(10))) struct RightsCoverageTests {
    private static let data = RightsClass.personal
    /// The operator last: it alone may change things.
    private static let askers = [
        RightsAsker(.anonymous), RightsAsker(.stranger), RightsAsker(.clinic),
        RightsAsker(.person), RightsAsker(.admin),
    ]

    @Test func `every route has an entry, and every entry a route`() async throws {
        let world = try await RightsWorld()
        let routes = Set(world.routes.descriptions.map(\.name))
        try await world.test { _ in }
        #expect(
            routes.subtracting(RightsCoverage.all.keys).isEmpty,
            "Say in RightsCoverage how rights govern a new route, and in RightsPath how it is asked."
        )
        #expect(Set(RightsCoverage.all.keys).subtracting(routes).isEmpty)
    }

    @Test func `routes that tell of people heed choices`() async throws {
        let world = try await RightsWorld()
        let asked = Self.routes(of: world, .byRules)
        try await world.test { client in
            try await client.prepare()
            let values = try await client.values(Self.data)
            for route in asked {
                let told = try await Self.tellers(route, values, client)
                #expect(told == [.clinic], "\(route.name) tells \(told)")
            }
            try await client.choose("object")
            for route in asked {
                let told = try await Self.tellers(route, values, client)
                #expect(told.isEmpty, "\(route.name) tells \(told) after the objection")
            }
        }
    }

    @Test func `what a person may see of itself it alone sees`() async throws {
        let world = try await RightsWorld()
        let asked = Self.routes(of: world, .ownData)
        try await world.test { client in
            try await client.prepare()
            let values = try await client.values(Self.data)
            for choice in ["consent", "object"] {
                try await client.choose(choice)
                for route in asked {
                    let told = try await Self.tellers(route, values, client)
                    #expect(told == [.person], "\(route.name) tells \(told)")
                }
            }
        }
    }

    @Test func `no other route tells of people, not even with their consent`() async throws {
        let unproved = Mutex<Set<String>>([])
        let first = try await RightsWorld()
        let asked = Self.routes(of: first, .nothing)
        try await first.test { _ in }
        for route in asked {
            // What one request changes the next does not see.
            try await RightsWorld().test { client in
                try await client.prepare()
                let values = try await client.values(Self.data)
                var isGood = false
                for asker in Self.askers {
                    let answer = try await Self.ask(route, values, asker, client)
                    isGood = isGood || (200..<300).contains(answer.status)
                    #expect(
                        !answer.text.contains(Self.data.marker + " "),
                        "\(route.name) tells \(asker.title): \(answer)"
                    )
                }
                if !isGood { unproved.withLock { _ = $0.insert(route.name) } }
            }
        }
        #expect(unproved.withLock { $0 } == RightsCoverage.unproved)
        #expect(RightsCoverage.unproved.count <= 26, "the list may only shrink")
    }

    private static func routes(
        of world: RightsWorld,
        _ coverage: RightsCoverage
    ) -> [RouteDescription] {
        world.routes.descriptions.filter { RightsCoverage.all[$0.name] == coverage }
    }

    /// Whom the route tells of the person's visit.
    private static func tellers(
        _ route: RouteDescription,
        _ values: [String: String],
        _ client: RightsClient
    ) async throws -> [RightsParty] {
        var tellers: [RightsParty] = []
        for asker in askers {
            let answer = try await ask(route, values, asker, client)
            // A form that repeats the type that was asked for tells nothing.
            let body = answer.body.replacing(#"name="type" value="\#(data.type)""#, with: "")
            // What was asked for by its name is not told by an error.
            let tells =
                answer.text.contains(data.marker + " ")
                || (answer.status < 300 && answer.text.contains(data.marker))
                || (answer.status < 300 && answer.body.contains(#"\#(data.entity)""#))
                // That there are entities of its type tells of it, too.
                || (answer.status < 300 && body.contains(#""\#(data.type)""#))
            if tells { tellers.append(asker.party) }
        }
        return tellers
    }

    private static func ask(
        _ route: RouteDescription,
        _ values: [String: String],
        _ asker: RightsAsker,
        _ client: RightsClient
    ) async throws -> RightsAnswer {
        let sample = try #require(AccessSample.all[route.name])
        return try await client.send(
            WorldRequest(
                method: route.method,
                uri: sample.uri(route.path, .covered, values),
                body: sample.body(.covered, values),
                headers: route.accepts.isEmpty ? [:] : ["Content-Type": route.sampleType]
            ),
            as: asker
        )
    }
}

extension RouteDescription {
    fileprivate var name: String { "\(method.rawValue) \(path)" }
}

extension RightsClient {
    /// Makes what the samples of routes are about, for the clinic where it is somebody's own; their names.
    func values(_ data: RightsClass) async throws -> [String: String] {
        func last(_ answer: RightsAnswer) -> String {
            String(answer.location?.split(separator: "/").last ?? "")
        }
        let clinic = RightsAsker(.clinic)
        let subscription = """
            {"type": "Subscription", "entities": [{"type": "\(data.type)"}],
             "notification": {"endpoint": {"uri": "http://receiver.example/"}}}
            """
        let own = try await make("/ngsi-ld/v1/subscriptions", subscription, as: .clinic)
        try await make(
            "/ngsi-ld/v1/csourceRegistrations",
            """
            {"id": "urn:ngsi-ld:ContextSourceRegistration:1", "type": "ContextSourceRegistration",
             "information": [{"entities": [{"type": "Elsewhere"}]}],
             "endpoint": "http://source.example/"}
            """
        )
        let context = try await make(
            "/ngsi-ld/v1/jsonldContexts",
            #"{"@context": {"colour": "https://example.org/colour"}}"#
        )
        let history = try await send(
            WorldRequest(uri: "/ngsi-ld/v1/temporal/entities/\(data.entity)"),
            as: clinic
        )
        let instance = history.body.matches(of: /"instanceId": ?"([^"]+)"/).first?.output.1
        let map = try #require(RightsPath.all.first { $0.name == "Retrieve an EntityMap" })
        let snapshot = try #require(RightsPath.all.first { $0.name == "Query in a snapshot" })
        return [
            "type": data.type, "entity": data.entity, "entityId": data.entity,
            "attribute": data.marker, "attrId": data.marker,
            "collectionId": data.type, "featureId": data.entity,
            "subjectId": RightsWorld.person, "policyId": "urn:policy:clinic",
            "subscriptionId": last(own), "contextId": last(context),
            "instanceId": String(try #require(instance)),
            "entityMapId": try #require(try await map.prepare(self, data, clinic)),
            "snapshotId": try #require(try await snapshot.prepare(self, data, clinic)),
        ]
        .merging(try await incidents()) { $1 }
    }

    /// Puts the hub into a network, with a report and a suspension; their names.
    private func incidents() async throws -> [String: String] {
        let profile = HubProfile(
            name: "Phuket",
            state: try #require(StateCode("TH")),
            longitude: 98.4,
            latitude: 7.9,
            address: "http://hub.example"
        )
        try await world.parts.hub.networking.describe(profile, with: MemberKey())
        let reported = try await send(
            WorldRequest(
                method: .post,
                uri: Taxii.objects.replacing("{collectionId}", with: Taxii.collectionID),
                body: AccessSample.report,
                headers: ["Content-Type": Taxii.mediaType]
            ),
            as: RightsAsker(.admin)
        )
        let status = try JSONReader.read(Array(reported.body.utf8)).objectValue?["id"]?.stringValue
        let suspension = try await make(
            "/network/v1/suspensions",
            """
            {"subject": {"kind": "member", "hub": "\(SampleMember.id.text)"}, "hours": 1,
             "reason": "test"}
            """
        )
        return [
            "statusId": try #require(status), "objectId": AccessSample.reportID,
            "suspensionId": String(suspension.location?.split(separator: "/").last ?? ""),
        ]
    }
}
