import Broker
import Clauses
import ContextModel
import Governance
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import Testing

@testable import Gateway

@Suite(.clause("6.3.22")) struct SnapshotRoutesTests {
    private static let ofBuses: JSONValue = [
        "type": "Snapshot",
        "snapshotQueries": [["type": "Query", "entities": [["type": "Bus"]], "q": "speed>1"]],
        "snapshotTemporalQueries": [
            [
                "type": "Query", "entities": [["type": "Bus"]],
                "temporalQ": [
                    "timerel": "before", "timeAt": "2999-01-01T00:00:00Z",
                    "timeproperty": "createdAt",
                ],
            ]
        ],
    ]

    /// Fills what was ordered, and runs the body with the path and the name of a snapshot.
    private func withSnapshot(
        _ body:
            @escaping @Sendable (ServedClient, ServedHub, _ place: String, _ id: String)
            async throws -> Void
    ) async throws {
        let served = try ServedHub()
        try await served.test { client in
            try await client.makeBuses([1, 2, 3])
            let made = try await client.send(.post, "snapshots", Self.ofBuses)
            #expect(made.status == .created)
            let place = try #require(made.headers[.location])
            await served.makeSnapshots()
            try await body(client, served, place, String(place.split(separator: "/").last ?? ""))
        }
    }

    @Test func `requests that name a snapshot use it, and their answers name it`() async throws {
        try await withSnapshot { client, _, place, id in
            let status = try await client.send(.get, place)
            #expect(status.status == .ok)
            let json = try status.json
            #expect(json["id"]?.stringValue == id && json["snapshotStatus"] == "success")
            #expect(json["snapshotTemporalQueriesDetails"] == [["resultStatus": "success"]])

            let slower: JSONValue = ["speed": ["type": "Property", "value": 0]]
            _ = try await client.send(.patch, "entities/urn:x:3/attrs", slower)
            let inside: HTTPFields = [.snapshot: id]
            let page = try await client.send(.get, "entities?type=Bus", headers: inside)
            #expect(page.headers[.snapshot] == id && page.headers[.ngsildTenant] == nil)
            #expect(try page.ids == ["urn:x:2", "urn:x:3"])
            let bus = try await client.send(.get, "entities/urn:x:3", headers: inside)
            #expect(try bus.json["speed"]?.objectValue?["value"] == 3)
            let past = try await client.send(.get, "temporal/entities/urn:x:1", headers: inside)
            #expect(past.status == .ok)
            let changed = try await client.send(
                .patch,
                "entities/urn:x:2/attrs",
                slower,
                headers: inside
            )
            #expect(changed.status == .noContent && changed.headers[.snapshot] == id)
            let outside = try await client.send(.get, "entities/urn:x:2")
            #expect(try outside.json["speed"]?.objectValue?["value"] == 2)
            #expect(outside.headers[.snapshot] == nil)
        }
    }

    @Test func `a file that is sent to a snapshot does not change the city`() async throws {
        try await withSnapshot { client, _, _, id in
            let inside: HTTPFields = [.snapshot: id]
            let bus: JSONValue = ["id": "urn:x:9", "type": "Bus"]
            let path = "/hub/imports/entities"
            let loaded = try await client.send(.post, path, bus, headers: inside)
            #expect(loaded.status == .ok)
            let found = try await client.send(.get, "entities/urn:x:9", headers: inside)
            #expect(found.status == .ok)
            let outside = try await client.send(.get, "entities/urn:x:9")
            #expect(outside.status == .notFound)
            let none = try await client.send(.post, path, bus, headers: [.snapshot: "urn:x:none"])
            #expect(none.status == .notFound)
        }
    }

    @Test func `operations that snapshots do not have are refused`() async throws {
        try await withSnapshot { client, _, _, id in
            for path in ["csourceRegistrations?type=Bus", "jsonldContexts", "snapshots/\(id)"] {
                let answer = try await client.send(.get, path, headers: [.snapshot: id])
                #expect(answer.status == .badRequest)
            }
            let none = try await client.send(
                .get,
                "entities?type=Bus",
                headers: [.snapshot: "urn:x:none"]
            )
            #expect(none.status == .notFound)
            let office = try await client.send(
                .get,
                "entities?type=Bus",
                headers: [.snapshot: id],
                token: ServedHub.officeToken
            )
            #expect(office.status == .notFound)
            #expect(
                try office.json["type"] == none.json["type"]
            )
        }
    }

    @Test(
        arguments: [
            ["type": "Snapshot"],
            ["type": "Snapshot", "snapshotQueries": []],
            [
                "type": "Snapshot",
                "snapshotQueries": [
                    [
                        "type": "Query", "entities": [["type": "Bus"]],
                        "temporalQ": ["timerel": "after", "timeAt": "2020-01-01T00:00:00Z"],
                    ]
                ],
            ],
            [
                "type": "Snapshot",
                "snapshotTemporalQueries": [["type": "Query", "entities": [["type": "Bus"]]]],
            ],
            ["type": "Snapshot", "snapshotQueries": [["type": "Query", "q": "speed>"]]],
        ] as [JSONValue]
    )
    func `a snapshot without queries, or with bad ones, is refused`(body: JSONValue) async throws {
        try await ServedHub().test { client in
            let answer = try await client.send(.post, "snapshots", body)
            #expect(answer.status == .badRequest)
            #expect(try answer.json["type"]?.stringValue?.hasSuffix("BadRequestData") == true)
        }
    }

    @Test func `a snapshot is updated, cloned, purged and deleted`() async throws {
        try await withSnapshot { client, served, place, _ in
            let updated = try await client.send(.patch, place, ["snapshotPriority": 2])
            #expect(updated.status == .ok)
            #expect(try updated.json["snapshotPriority"] == 2)
            let refused = try await client.send(.patch, place, ["snapshotQueries": []])
            #expect(refused.status == .badRequest)
            let cloned = try await client.send(
                .post,
                place + "/clone",
                ["type": "Snapshot", "snapshotPriority": 9]
            )
            #expect(cloned.status == .created)
            let clone = try #require(cloned.headers[.location])
            await served.makeSnapshots()
            #expect(try await client.send(.get, clone).json["snapshotStatus"] == "success")
            let purge = try await client.send(.delete, "snapshots?q=snapshotPriority%3C5")
            #expect(purge.status == .noContent)
            #expect(try await client.send(.get, place).status == .notFound)
            #expect(try await client.send(.delete, clone).status == .noContent)
            #expect(try await client.send(.delete, "snapshots").status == .badRequest)
            let nothing = try await client.send(.delete, "snapshots?q=snapshotPriority%3C5")
            #expect(nothing.status == .notFound)
        }
    }
}
