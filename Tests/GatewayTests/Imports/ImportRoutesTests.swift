import Broker
import ContextModel
import Foundation
import Governance
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore
import Storage
import Testing

@testable import Gateway

@Suite struct ImportRoutesTests {
    private static let header = HTTPFields([
        HTTPField(name: .authorization, value: "Bearer \(SmallHub.operatorToken)")
    ])

    /// A hub with one map, where visitors may read everything and write nothing.
    private func test(
        maximumBytes: Int = 1 << 20,
        _ body: @escaping @Sendable (any TestClientProtocol) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        let maps = folder.appending(path: "maps")
        try FileManager.default.createDirectory(at: maps, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try Self.map.write(
            to: maps.appending(path: "air.map.yaml"),
            atomically: true,
            encoding: .utf8
        )
        var settings = ImportSettings()
        settings.mapsFolder = maps.path
        settings.maximumBytes = maximumBytes
        settings.spoolFolder = folder.appending(path: "spool")
        let city = CityOnShow(imports: settings)
        try await city.serve(in: folder.path) { try await body($0) }
        let left = (try? FileManager.default.contentsOfDirectory(atPath: settings.spoolFolder.path))
        #expect(left ?? [] == [], "files are removed when they were read")
    }

    private static let map = """
        type: AirQualityObserved
        id: "urn:ngsi-ld:AirQualityObserved:{site}"
        time: {column: when}
        attributes:
          pm25: {column: pm, as: number}
        """

    private func send(
        _ path: String,
        _ text: String,
        _ client: any TestClientProtocol,
        _ headers: HTTPFields = header
    ) async throws -> TestResponse {
        try await client.execute(
            uri: "/hub/imports/" + path,
            method: .post,
            headers: headers,
            body: ByteBuffer(string: text)
        )
    }

    @Test func `a table is imported with a map of the hub, and a bad row is reported`()
        async throws
    {
        try await test { client in
            let table = "site,when,pm\na,2026-01-01T00:00:00Z,7\nb,2026-01-01T00:00:00Z,much\n"
            let answer = try await send("csv?map=air", table, client)
            #expect(answer.status == .multiStatus)
            let summary = try answer.json
            #expect(summary["entities"] == 1 && summary["failures"] == 1)
            let problem = summary["problems"]?.arrayValue?.first?.objectValue
            #expect(problem?["line"] == 3 && problem?["columnName"] == "pm")
            let entity = try await client.execute(
                uri: "/ngsi-ld/v1/entities/urn:ngsi-ld:AirQualityObserved:a?format=simplified",
                method: .get
            )
            #expect(try entity.json["pm25"] == 7)
        }
    }

    /// As the page of the first run does it, for an operator who has written the map there.
    @Test func `a table or features come with a map of their own, from who runs the hub alone`()
        async throws
    {
        try await test { client in
            let table = "site,when,pm\na,2026-01-01T00:00:00Z,7\n"
            let definition = QueryItems.encode(Self.map)
            let answer = try await send("csv?definition=\(definition)", table, client)
            #expect(answer.status == .ok, "\(answer.text)")
            let features =
                #"{"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": null, "properties": {"site": "b", "when": "2026-01-01T00:00:00Z", "pm": 8}}]}"#
            let mapped = try await send("geojson?definition=\(definition)", features, client)
            #expect(mapped.status == .ok, "\(mapped.text)")
            let stored = try await client.execute(
                uri: "/ngsi-ld/v1/entities/urn:ngsi-ld:AirQualityObserved:b?format=simplified",
                method: .get
            )
            #expect(try stored.json["pm25"] == 8)
            let strange = try await send("csv?definition=\(definition)", table, client, [:])
            #expect(strange.status == .unauthorized)
            for (query, reason) in [
                ("definition=\(definition)&map=air", "one map"),
                ("definition=type%3A+%5B", "definition:1"),
                ("definition=" + String(repeating: "x", count: 16_385), "16384 bytes"),
                (
                    "definition="
                        + QueryItems.encode(
                            Self.map + "\nlookup: {file: ../../etc/passwd, key: a, match: site}\n"
                        ), "lookup"
                ),
            ] {
                let refused = try await send("csv?\(query)", table, client)
                #expect(refused.status == .badRequest)
                #expect(refused.text.contains(reason), "\(refused.text)")
            }
        }
    }

    @Test
    func `a late table leaves the newest reading current, and a feed reports missing targets`()
        async throws
    {
        try await test { client in
            for (day, value) in [(2, 20), (1, 10)] {
                let table = "sep=;\nsite;when;pm;\n a ;2026-01-0\(day)T00:00:00+00;\(value)\n"
                let answer = try await send("csv?map=air", table, client)
                #expect(answer.status == .ok)
                #expect(try answer.json["danglingReferences"] == 0)
            }
            let entity = try await client.execute(
                uri: "/ngsi-ld/v1/entities/urn:ngsi-ld:AirQualityObserved:a?format=simplified",
                method: .get
            )
            #expect(try entity.json["pm25"] == 20)
        }
    }

    @Test func `late readings are accepted over HTTP`() async throws {
        try await test { client in
            for (day, status) in [(2, HTTPResponse.Status.created), (1, .noContent)] {
                let body = """
                    [{"id": "urn:a", "type": "T", "n": {"type": "Property", "value": \(day),
                      "observedAt": "2026-01-0\(day)T00:00:00Z"}}]
                    """
                var headers = Self.header
                headers[.contentType] = "application/json"
                let answer = try await client.execute(
                    uri: "/hub/readings",
                    method: .post,
                    headers: headers,
                    body: ByteBuffer(string: body)
                )
                #expect(answer.status == status)
            }
            let entity = try await client.execute(
                uri: "/ngsi-ld/v1/entities/urn:a?format=simplified",
                method: .get
            )
            #expect(try entity.json["n"] == 2)
        }
    }

    @Test func `features and workbooks are imported, and what is none is refused`() async throws {
        try await test { client in
            let features = """
                {"type": "FeatureCollection", "features": [
                {"type": "Feature", "properties": {"code": "N 1", "people": 5}, "geometry":
                {"type": "Polygon", "coordinates": [[[98, 7], [99, 7], [99, 8], [98, 7]]]}},
                {"type": "Feature", "properties": {"people": 6}, "geometry": null}]}
                """
            let id = "urn:ngsi-ld:District:%7Bcode%7D"
            let answer = try await send("geojson?type=District&id=\(id)", features, client)
            #expect(answer.status == .multiStatus)
            #expect(try answer.json["entities"] == 1)
            #expect(try answer.json["problems"]?.arrayValue?.first?.objectValue?["line"] == 4)
            let entity = try await client.execute(
                uri: "/ngsi-ld/v1/entities/urn:ngsi-ld:District:N%25201?format=simplified",
                method: .get
            )
            #expect(try entity.json["people"] == 5)
            #expect(try entity.json["location"]?.objectValue?["type"] == "Polygon")
            #expect(try await send("geojson", "[1]", client).status == .badRequest)
            #expect(try await send("geojson?id=%7B", "{}", client).status == .badRequest)
            let none = try await send("xlsx?map=air", "no workbook", client)
            #expect(none.status == .badRequest)
            #expect(String(buffer: none.body).contains("`.xlsx` file"))
            #expect(try await send("xlsx?map=none", "no workbook", client).status == .notFound)
        }
    }

    @Test func `entities and their history are imported from files`() async throws {
        try await test { client in
            let line = #"{"id":"urn:a","type":"T","n":{"type":"Property","value":1}}"#
            #expect(try await send("entities", line + "\n", client).json["entities"] == 1)
            let past = """
                {"id":"urn:a","type":"T","n":[
                {"type":"Property","value":1,"observedAt":"2026-01-01T00:00:00Z"},
                {"type":"Property","value":2,"observedAt":"2026-01-02T00:00:00Z"}]}
                """.replacing("\n", with: "")
            for _ in 0..<2 {
                #expect(try await send("history", past, client).json["readings"] == 2)
            }
            let answer = try await client.execute(
                uri: "/ngsi-ld/v1/temporal/entities/urn:a?format=temporalValues"
                    + "&timerel=after&timeAt=2025-01-01T00:00:00Z",
                method: .get
            )
            let values = try answer.json["n"]?.objectValue?["values"]?.arrayValue
            #expect(values?.count == 2)
        }
    }

    @Test(arguments: ["csv?map=../air", "csv?map=", "gtfs?feed=a/b", "gtfs"])
    func `a name with a path is refused`(path: String) async throws {
        try await test { client in
            let answer = try await send(path, "", client)
            #expect(answer.status == .badRequest)
        }
    }

    @Test func `an unknown map is not found, and a bad archive is reported without its folder`()
        async throws
    {
        try await test { client in
            let unknown = try await send("csv?map=water", "a\n1\n", client)
            #expect(unknown.status == .notFound)
            let answer = try await send("gtfs?feed=x", "no archive", client)
            #expect(answer.status == .badRequest)
            let detail = try answer.json["detail"]?.stringValue ?? ""
            #expect(detail.contains("`feed.zip`") && !detail.contains("/"), "\(detail)")
        }
    }

    @Test func `a file that is too long is refused and not stored`() async throws {
        try await test(maximumBytes: 100) { client in
            let line = #"{"id":"urn:a","type":"T"}"#
            let text = String(repeating: line + "\n", count: 20)
            let answer = try await send("entities", text, client)
            #expect(answer.status == .contentTooLarge)
        }
    }

    @Test func `without a right to write a file is refused before it is read`() async throws {
        try await test { client in
            let answer = try await send("entities", "{}", client, [:])
            #expect(answer.status == .unauthorized)
        }
    }
}
