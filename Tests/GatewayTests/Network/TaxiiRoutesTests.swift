import AsyncHTTPClient
import Broker
import ContextModel
import Foundation
import Governance
import HTTPTypes
import HubNetwork
import NIOCore
import NIOHTTP1
import Testing

@testable import Gateway

/// The collection of reports, as clients and attackers meet it (TAXII 2.1).
@Suite(.timeLimit(.minutes(3))) struct TaxiiRoutesTests {
    private static let collection = "/taxii2/hub/collections/\(Taxii.collectionID)/"
    private static let objects = collection + "objects/"

    private static func sighting(
        _ hub: FederatedHub,
        _ changes: [String: JSONValue] = [:]
    )
        -> JSONObject
    {
        TestReport.sighting(at: hub.hub.clock(), changes)
    }

    @Test func `nobody reads or writes until an administrator has decided`() async throws {
        try await FederatedHub.running(1, policies: [Policy(permissions: [])]) { hubs in
            let hub = hubs[0]
            try await FederatedHub.join(hubs)
            for path in [
                "/taxii2/", "/taxii2/hub/", "/taxii2/hub/collections/", Self.collection,
                Self.objects, Self.collection + "manifest/", "/taxii2/hub/status/x/",
            ] {
                for (token, status) in [(nil, 401), ("reader", 403)] {
                    let answer = try await hub.taxii(path, as: token)
                    #expect(answer.status == status, "\(path): \(answer)")
                    #expect(answer.type == Taxii.mediaType)
                    #expect(answer.json["http_status"] == .string("\(status)"))
                    #expect(answer.json["title"] != nil)
                }
            }
            let refused = try await hub.add([Self.sighting(hub)], as: "reader")
            #expect(refused.status == 403)
            // A reader reads, and writes nothing.
            try await hub.decide(["readers": ["reader"]])
            #expect(try await hub.taxii(Self.objects, as: "reader").status == 200)
            #expect(try await hub.add([Self.sighting(hub)], as: "reader").status == 403)
            #expect(try await hub.taxii(Self.objects).status == 401)
            // A writer writes, and reads nothing.
            try await hub.decide(["writers": ["reader"]])
            #expect(try await hub.taxii(Self.objects, as: "reader").status == 403)
            #expect(try await hub.add([Self.sighting(hub)], as: "reader").status == 202)
            let list = try await hub.taxii("/taxii2/hub/collections/", as: "reader").json
            let one = list["collections"]?.arrayValue?.first?.objectValue
            #expect(one?["can_read"] == false && one?["can_write"] == true)
            // Administrators alone decide.
            let rules = try await hub.send("/network/v1/reports/rules", as: "reader")
            #expect(rules.status == 403)
        }
    }

    @Test func `objects are added, filtered, paged and told of by their versions`() async throws {
        try await FederatedHub.running(1) { hubs in
            let hub = hubs[0]
            try await FederatedHub.join(hubs)
            let all = (0..<5).map { _ in Self.sighting(hub) }
            let added = try await hub.add(all, as: "operator")
            #expect(added.json["success_count"] == 5 && added.json["status"] == "complete")
            let status = added.json["id"]?.stringValue ?? ""
            let kept = try await hub.taxii("/taxii2/hub/status/\(status)/", as: "operator")
            #expect(kept.json == added.json)
            // The same once more changes nothing; a newer version is another one.
            #expect(try await hub.add(all, as: "operator").json["failure_count"] == 0)
            var newer = all[2]
            newer["modified"] = .string(
                Timestamp(microseconds: hub.hub.clock().microseconds).text
            )
            newer["revoked"] = true
            #expect(try await hub.add([newer], as: "operator").json["success_count"] == 1)

            // Pages of two, in the order in which they came.
            var (found, next): ([JSONObject], String?) = ([], nil)
            repeat {
                let query = "?limit=2" + (next.map { "&next=\($0)" } ?? "")
                let page = try await hub.taxii(Self.objects + query, as: "operator")
                found += page.objects
                #expect(page.headers.first(name: "X-TAXII-Date-Added-First") != nil)
                next = page.json["next"]?.stringValue
                #expect((page.json["more"] == true) == (next != nil))
            } while next != nil && found.count < 10
            let ids = found.compactMap { $0["id"]?.stringValue }
            let expected = [0, 1, 3, 4, 2].compactMap { all[$0]["id"]?.stringValue }
            #expect(ids == expected && found.last?["revoked"] == true)
            // Each says by whom it is said.
            let own = try #require(hub.hub.networking.ownID)
            for object in found {
                #expect(try SignedReport(try STIXObject(.object(object))).hub == own)
            }
            try await expectFilters(hub, all, newer)
        }
    }

    private func expectFilters(
        _ hub: FederatedHub,
        _ all: [JSONObject],
        _ newer: JSONObject
    ) async throws {
        let id = newer["id"]?.stringValue ?? ""
        func count(_ query: String) async throws -> Int {
            try await hub.taxii(Self.objects + query, as: "operator").objects.count
        }
        #expect(try await count("?match[id]=\(id)") == 1)
        #expect(try await count("?match%5Bid%5D=\(id),\(all[0]["id"]?.stringValue ?? "")") == 2)
        #expect(try await count("?match[type]=indicator") == 0)
        #expect(try await count("?match[type]=indicator,sighting") == 5)
        #expect(try await count("?match[spec_version]=2.0") == 0)
        #expect(try await count("?match[version]=all") == 6)
        #expect(try await count("?match[version]=first,last&match[id]=\(id)") == 2)
        let version = all[2]["modified"]?.stringValue ?? ""
        #expect(try await count("?match[version]=\(version)&match[id]=\(id)") == 1)
        let last = try await hub.taxii(Self.objects, as: "operator").headers
            .first(name: "X-TAXII-Date-Added-Last")
        #expect(try await count("?added_after=\(last ?? "")") == 0)
        // One object, its versions, and the manifest.
        let one = try await hub.taxii(Self.objects + "\(id)/", as: "operator")
        #expect(one.objects.count == 1 && one.objects[0]["revoked"] == true)
        let versions = try await hub.taxii(Self.objects + "\(id)/versions/", as: "operator")
        #expect(versions.json["versions"]?.arrayValue?.count == 2)
        let manifest = try await hub.taxii(Self.collection + "manifest/", as: "operator")
        #expect(manifest.objects.count == 5 && manifest.objects[0]["date_added"] != nil)
        for (path, status) in [
            (Self.objects + "sighting--b0702b4c-3b34-4dd5-83a4-3e5c9fb6c286/", 404),
            ("/taxii2/hub/collections/x/objects/", 404), ("/taxii2/hub/collections/x/", 404),
            ("/taxii2/other/", 404), ("/taxii2/hub/status/x/", 404),
            (Self.objects + "?limit=0", 400), (Self.objects + "?limit=x", 400),
            (Self.objects + "?next=x", 400), (Self.objects + "?added_after=x", 400),
            (Self.objects + "?match[version]=newest", 400), (Self.objects + "?match[color]=x", 400),
        ] {
            let answer = try await hub.taxii(path, as: "operator")
            #expect(answer.status == status, "\(path): \(answer)")
            #expect(answer.type == Taxii.mediaType && answer.json["http_status"] != nil)
        }
    }

    @Test func `what is not TAXII or STIX is refused with the reason`() async throws {
        try await FederatedHub.running(1) { hubs in
            let hub = hubs[0]
            try await FederatedHub.join(hubs)
            let good = Self.sighting(hub)
            var spec = good
            spec["spec_version"] = "2.0"
            var late = good
            late["modified"] = "2999-01-01T00:00:00Z"
            let added = try await hub.add([spec, late, good, ["a": 1]], as: "operator")
            #expect(added.status == 202 && added.json["success_count"] == 1)
            #expect(added.json["failure_count"] == 3)
            let failures = (added.json["failures"]?.arrayValue ?? []).compactMap(\.objectValue)
            #expect(failures.allSatisfy { !($0["message"]?.stringValue ?? "").isEmpty })
            // Another text with the same version is a lie to somebody.
            var other = good
            other["count"] = 7
            #expect(try await hub.add([other], as: "operator").json["failure_count"] == 1)
            for (body, type, status) in [
                ("{\"objects\": []}", Taxii.mediaType, 400), ("[]", Taxii.mediaType, 400),
                ("{\"objects\": [{}], \"x\": 1}", Taxii.mediaType, 400),
                ("{", Taxii.mediaType, 400),
                ("{\"objects\": [{}]}", "application/json", 415),
                ("{\"objects\": [{}]}", "application/taxii+json;version=2.0", 415),
                (String(repeating: " ", count: (1 << 20) + 1), Taxii.mediaType, 413),
            ] {
                let answer = try await hub.send(
                    Self.objects,
                    as: "operator",
                    .POST,
                    body: Array(body.utf8),
                    type: type
                )
                #expect(answer.status == status, "\(body.prefix(40)): \(answer.status)")
            }
            for (accept, status) in [
                ("application/taxii+json", 200), ("*/*", 200), ("application/json", 406),
                ("application/taxii+json;version=2.0", 406),
                ("application/json, application/taxii+json; version=2.1", 200),
            ] {
                let answer = try await hub.send("/taxii2/", as: "operator", accept: accept)
                #expect(answer.status == status, "\(accept)")
            }
        }
    }

    @Test func `one city cannot fill the collection, and its own oldest goes`() async throws {
        try await FederatedHub.running(1) { hubs in
            let hub = hubs[0]
            try await FederatedHub.join(hubs)
            let first = Self.sighting(hub)
            #expect(try await hub.add([first], as: "reader").json["success_count"] == 1)
            let flood = try (0..<ReportShelf.maximumOfOne + 10)
                .map { _ in
                    try STIXObject(.object(Self.sighting(hub)))
                }
            let flooder = MemberKey()
            try await hub.admit(flooder)
            for start in stride(from: 0, to: flood.count, by: 500) {
                let signed = try flood[start..<min(start + 500, flood.count)]
                    .map { object in
                        let hub = MemberID(firstKey: flooder.id)
                        let report = try SignedReport(object, by: hub, with: flooder)
                        return JSONValue.object(report.object.json)
                    }
                let outcomes = try await hub.hub.coordinating.relayReports(signed)
                #expect(outcomes.allSatisfy { $0.problem == nil })
            }
            let id = first["id"]?.stringValue ?? ""
            #expect(try await hub.taxii(Self.objects + "\(id)/", as: "operator").status == 200)
            let oldest = try await hub.taxii(Self.objects + "\(flood[0].id)/", as: "operator")
            #expect(oldest.status == 404)
            let kept = try await hub.hub.coordinating.queryReports(
                ReportFilter(),
                limit: 1_000,
                caller: Caller(party: .operator)
            )
            #expect(kept.reports.count <= 1_000)
            let newest = try await hub.taxii(
                Self.objects + "\(flood[flood.count - 1].id)/",
                as: "operator"
            )
            #expect(newest.status == 200)
        }
    }
}

/// Objects of STIX that tests send.
enum TestReport {
    static func sighting(at now: Timestamp, _ changes: [String: JSONValue] = [:]) -> JSONObject {
        // Of two that are made at once, each has a moment of its own.
        let made = Timestamp(microseconds: now.microseconds - 1_000_000)
        var object: JSONObject = [
            "type": "sighting", "spec_version": "2.1",
            "id": .string("sighting--\(UUID().uuidString.lowercased())"),
            "created": .string(made.text), "modified": .string(made.text),
            "sighting_of_ref": "indicator--165bea92-fa7a-4b01-81e7-553376045ad1",
        ]
        for (name, value) in changes { object[name] = value }
        return object
    }

    /// One that wants something suspended.
    static func sighting(
        at now: Timestamp,
        of subject: ReportedSubject,
        _ changes: [String: JSONValue] = [:]
    ) -> JSONObject {
        var object = sighting(at: now, changes)
        object["extensions"] = [
            STIXClaim.extensionID: [
                "extension_type": "property-extension", "subject": .object(subject.json),
            ]
        ]
        return object
    }
}

/// An answer of the collection.
struct TaxiiAnswer: Sendable {
    var status: Int
    var headers: HTTPHeaders
    var json: JSONObject

    var type: String? { headers.first(name: "Content-Type") }
    var objects: [JSONObject] { (json["objects"]?.arrayValue ?? []).compactMap(\.objectValue) }
}

extension FederatedHub {
    func taxii(_ path: String, as token: String? = nil) async throws -> TaxiiAnswer {
        try await send(path, as: token, accept: Taxii.mediaType)
    }

    func add(_ objects: [JSONObject], as token: String) async throws -> TaxiiAnswer {
        let body: JSONObject = ["objects": .array(objects.map { .object($0) })]
        return try await send(
            "/taxii2/hub/collections/\(Taxii.collectionID)/objects/",
            as: token,
            .POST,
            body: JSONValue.object(body).serialized,
            type: Taxii.mediaType
        )
    }

    /// Decides whose reports count.
    func decide(_ rules: JSONObject) async throws {
        let answer = try await send(
            "/network/v1/reports/rules",
            as: "operator",
            .PUT,
            body: JSONValue.object(rules).serialized,
            type: "application/json"
        )
        #expect(answer.status == 204, "\(answer)")
    }

    func send(
        _ path: String,
        as token: String?,
        _ method: HTTPMethod = .GET,
        body: [UInt8]? = nil,
        type: String? = nil,
        accept: String? = nil
    ) async throws -> TaxiiAnswer {
        var request = HTTPClientRequest(url: url + Self.encoded(path))
        request.method = method
        if let token { request.headers.add(name: "Authorization", value: "Bearer \(token)") }
        if let type { request.headers.add(name: "Content-Type", value: type) }
        if let accept { request.headers.add(name: "Accept", value: accept) }
        if let body { request.body = .bytes(ByteBuffer(bytes: body)) }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(60))
        let bytes = try await response.body.collect(upTo: 16 << 20)
        let json = try? JSONReader.read(Array(bytes.readableBytesView)).objectValue
        return TaxiiAnswer(
            status: Int(response.status.code),
            headers: response.headers,
            json: json ?? JSONObject()
        )
    }

    /// Brackets are no part of an address.
    private static func encoded(_ path: String) -> String {
        path.replacing("[", with: "%5B").replacing("]", with: "%5D")
    }
}
