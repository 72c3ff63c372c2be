import Broker
import ContextModel
import Foundation
import Governance
import HTTPTypes
import HubNetwork
import NIOHTTP1
import Outbound
import Record
import Testing

@testable import Gateway

/// Incidents between hubs: what members say suspends, and what one of them alone cannot do.
@Suite(.timeLimit(.minutes(5))) struct CoordinationTests {
    /// Hub 0 hears the others, of which two are trusted, and two must say so.
    private static func running(
        _ body: @escaping @Sendable (World) async throws -> Void
    ) async throws {
        let closed = Array(repeating: Policy(permissions: []), count: 4)
        try await FederatedHub.running(4, policies: closed) { hubs in
            let keys = try await FederatedHub.join(hubs)
            let ids = keys.map { JSONValue.string(MemberID(firstKey: $0.id).text) }
            for hub in hubs[1...] { try await hub.decide(["readers": ["role:hub"]]) }
            try await hubs[0]
                .decide([
                    "heard": .array(Array(ids[1...])), "trusted": .array(Array(ids[1...2])),
                    "quorum": 2, "hours": 24,
                ])
            let web = OutboundWeb(allowsPrivateAddresses: true)
            let world = World(hubs: hubs, service: ReportService(hubs[0].hub, web))
            do { try await body(world) } catch {
                try await web.shutdown()
                throw error
            }
            try await web.shutdown()
        }
    }

    private struct World: Sendable {
        let hubs: [FederatedHub]
        let service: ReportService
        /// A member that others may accuse.
        let accused = MemberKey()

        var subject: ReportedSubject {
            ReportedSubject(.member, MemberID(firstKey: accused.id))
        }

        /// The hub's operator reports; returns the object as the hub has it.
        @discardableResult
        func report(
            _ hub: Int,
            _ subject: ReportedSubject? = nil,
            _ changes: [String: JSONValue] = [:]
        ) async throws -> JSONObject {
            let now = hubs[hub].hub.clock()
            let object = TestReport.sighting(at: now, of: subject ?? self.subject, changes)
            let answer = try await hubs[hub].add([object], as: "operator")
            #expect(answer.json["success_count"] == 1, "\(answer)")
            return object
        }

        func revoke(_ hub: Int, _ object: JSONObject) async throws {
            var revoked = object
            revoked["modified"] = .string(hubs[hub].hub.clock().text)
            revoked["revoked"] = true
            let answer = try await hubs[hub].add([revoked], as: "operator")
            #expect(answer.json["success_count"] == 1, "\(answer)")
        }

        /// Whether the accused is answered, by what it signs.
        func isAnswered(by key: MemberKey? = nil) async throws -> Bool {
            let path = "/ngsi-ld/v1/types"
            let signed = try hubs[0].signed(path, by: key ?? accused)
            let status = try await hubs[0].ask(path, signed).status
            #expect([.ok, .forbidden, .unauthorized].contains(status), "\(status)")
            return status != .unauthorized
        }

        func suspensions() async throws -> [JSONObject] {
            let caller = Caller(party: .operator)
            return try await hubs[0].hub.coordinating.suspensions(caller: caller)
                .compactMap(\.objectValue)
        }

        func standing() async throws -> String? {
            let id = MemberID(firstKey: accused.id).text
            return try await hubs[0].hub.networking.member(id)["standing"]?.stringValue
        }
    }

    @Test func `two trusted members suspend a third, until it is taken back`() async throws {
        try await Self.running { world in
            try await world.hubs[0].admit(world.accused)
            #expect(try await world.isAnswered())
            let first = try await world.report(1)
            await world.service.round()
            #expect(try await world.isAnswered())
            try await world.report(2)
            await world.service.round()
            #expect(try await !world.isAnswered())
            #expect(try await world.standing() == "suspended")
            let one = try #require(try await world.suspensions().first)
            #expect(one["inForce"] == true && one["by"]?.arrayValue?.count == 2)
            #expect(one["reason"]?.stringValue?.contains("2 trusted members") == true)
            // Another round changes nothing, and whoever has said so may take it back.
            await world.service.round()
            #expect(try await world.suspensions().count == 1)
            try await world.revoke(1, first)
            await world.service.round()
            #expect(try await world.isAnswered())
            #expect(try await world.standing() == "admitted")
            #expect(try await world.suspensions().first?["inForce"] == false)
        }
    }

    @Test func `one city alone cannot, with many sightings, many keys or others' words`()
        async throws
    {
        try await Self.running { world in
            let hub = world.hubs[0]
            try await hub.admit(world.accused)
            // A trusted city, many times; a city without trust, and hubs that it made up.
            for _ in 0..<20 { try await world.report(1) }
            try await world.report(3)
            var forged: [JSONValue] = []
            let others = world.hubs[2].hub.networking.ownID
            for number in 0..<20 {
                let key = MemberKey()
                if number < 5 { try await hub.admit(key) }
                let object = try STIXObject(
                    .object(TestReport.sighting(at: hub.hub.clock(), of: world.subject))
                )
                let name = number % 2 == 0 ? MemberID(firstKey: key.id) : others
                let said = try SignedReport(object, by: try #require(name), with: key)
                forged.append(.object(said.object.json))
            }
            let outcomes = try await hub.hub.coordinating.relayReports(forged)
            #expect(outcomes.count { $0.problem == nil } == 3)
            await world.service.round()
            await world.service.round()
            #expect(try await world.isAnswered())
            #expect(try await world.suspensions().isEmpty)
            // With the word of another trusted city it is done.
            try await world.report(2)
            await world.service.round()
            #expect(try await !world.isAnswered())
        }
    }

    @Test func `what was taken back is not said again by whoever sends it again`() async throws {
        try await Self.running { world in
            let hub = world.hubs[0]
            try await hub.admit(world.accused)
            let first = try await world.report(1)
            let id = first["id"]?.stringValue ?? ""
            let path = "/taxii2/hub/collections/\(Taxii.collectionID)/objects/\(id)/"
            let old = try #require(
                try await world.hubs[1].taxii(path, as: "operator").objects.first
            )
            try await world.revoke(1, first)
            await world.service.round()
            // An attacker kept it as it was signed, and brings it with the second word.
            let outcomes = try await hub.hub.coordinating.relayReports([.object(old)])
            #expect(outcomes[0].problem?.contains("older") == true)
            try await world.report(2)
            await world.service.round()
            #expect(try await world.isAnswered())
            // It does not take back what another has said, either.
            var forged = try await world.hubs[2].taxii(
                "/taxii2/hub/collections/\(Taxii.collectionID)/objects/",
                as: "operator"
            ).objects[0]
            forged["revoked"] = true
            forged["modified"] = .string(hub.hub.clock().text)
            let refused = try await hub.hub.coordinating.relayReports([.object(forged)])
            #expect(refused[0].problem?.contains("changed") == true)
        }
    }

    @Test func `an administrator reverses it, and the same sightings do not suspend again`()
        async throws
    {
        try await Self.running { world in
            let hub = world.hubs[0]
            try await hub.admit(world.accused)
            try await world.report(1)
            try await world.report(2)
            await world.service.round()
            let name = try #require(try await world.suspensions().first?["id"]?.stringValue)
            let path = "/network/v1/suspensions/\(name)"
            #expect(try await hub.send(path, as: "operator", .DELETE).status == 204)
            #expect(try await world.isAnswered())
            for _ in 0..<2 { await world.service.round() }
            #expect(try await world.isAnswered())
            // New ones of as many do.
            try await world.report(1)
            await world.service.round()
            #expect(try await world.isAnswered())
            try await world.report(2)
            await world.service.round()
            #expect(try await !world.isAnswered())
        }
    }

    @Test func `a key, and by an administrator a hub, are suspended and come back`() async throws {
        try await Self.running { world in
            let hub = world.hubs[0]
            try await hub.admit(world.accused)
            let other = MemberKey()
            try await hub.admit(other)
            let member = MemberID(firstKey: world.accused.id)
            let key = ReportedSubject(.key, member, world.accused.id)
            for city in 1...2 { try await world.report(city, key) }
            await world.service.round()
            #expect(try await !world.isAnswered())
            #expect(try await world.isAnswered(by: other))
            // The hub itself stands as before; its key does not.
            #expect(try await world.standing() == "admitted")

            let target = ReportedSubject(.member, MemberID(firstKey: other.id))
            let body: JSONObject = [
                "subject": .object(target.json), "hours": 1, "reason": "It floods us.",
            ]
            let made = try await hub.send(
                "/network/v1/suspensions",
                as: "operator",
                .POST,
                body: JSONValue.object(body).serialized,
                type: "application/json"
            )
            #expect(made.status == 201)
            #expect(try await !world.isAnswered(by: other))
            let place = try #require(made.headers.first(name: "Location"))
            #expect(try await hub.send(place, as: "operator", .DELETE).status == 204)
            #expect(try await world.isAnswered(by: other))
        }
    }

    @Test func `a server of another kind is no way around the signatures`() throws {
        let own = "http://127.0.0.1:9"
        #expect(TaxiiClient.address("/api1/", below: own) == own + "/api1/")
        #expect(TaxiiClient.address(own + "/api1", below: own) == own + "/api1/")
        for elsewhere in [
            "http://127.0.0.1:91/api1/", "https://evil.example/", "//evil.example/", "/a?b",
            "/../x",
            "/a#b", "api1", "/a%2f", "",
        ] { #expect(TaxiiClient.address(elsewhere, below: own) == nil, "\(elsewhere)") }
    }
}
