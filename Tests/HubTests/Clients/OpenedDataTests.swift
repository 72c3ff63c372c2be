import ContextModel
import Foundation
import NIOHTTP1
import Processes
import Testing

/// The page of a type: its rows, its downloads, and the lines with which other programs open them.
@Suite(.timeLimit(.minutes(3))) struct OpenedDataTests {
    private static let repository = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../..").standardized
    private static let python =
        repository.appending(path: ".build/reading-programs/bin/python").path

    @Test func `every line of the page works as it stands`() async throws {
        try #require(
            FileManager.default.isExecutableFile(atPath: Self.python),
            "Run .ci/python-packages reading-programs first, as `make test` does."
        )
        let folder = try TestFolder()
        let hub = try await RealHub(folder: folder)
        try await Self.fill(hub)
        let script = Self.repository.appending(path: "Tests/HubTests/Clients/opened_data.py").path
        let programs = try ChildProcess(
            program: Self.python,
            [
                script,
                hub.url + "/data/rows?type=Station&q=level%3E4&from=2026-01-01&to=2026-01-31",
            ],
            environment: ["PATH": "/usr/bin:/bin", "HOME": folder.path],
            log: folder.path + "/programs.log"
        )
        for program in [
            "QGIS", "GDAL", "pandas", "pandas", "Excel", "Grafana", "curl", "downloads",
        ] {
            let line = await programs.line(with: "opened \(program)")
            try #require(line != nil, "\(program): \(programs.errors)")
        }
        #expect(await hub.stop() == .exited(0))
    }

    @Test func `rows are filtered, paged and aged, and a wrong filter is told in the page`()
        async throws
    {
        let folder = try TestFolder()
        let hub = try await RealHub(folder: folder)
        try await Self.fill(hub)
        try await HubClient.with { client in
            func page(_ query: String) async throws -> String {
                try await client.send(.GET, "/data/rows?type=Station\(query)", to: hub).text
            }
            let all = try await page("")
            #expect(all.contains("Entities that you may see: 60."))
            #expect(all.contains("1 to 50") && all.contains("offset=50"))
            #expect(try await page("&offset=50").contains("51 to 60"))
            let some = try await page("&q=level%3E57")
            #expect(
                some.contains("Entities that you may see: 2.") && some.contains("urn:x:station:59")
            )
            #expect(some.contains("58 m") && !some.contains("urn:x:station:7\u{3C}"))
            let wrong = try await page("&q=level%3E%3E")
            #expect(wrong.contains("class=\"wrong\"") && wrong.contains("value=\"level&gt;&gt;\""))
            #expect(try await page("&from=2026-02-30").contains("is not a day"))
            #expect(try await page("&from=2026-02-02&to=2026-02-01").contains("is later than"))
            let month = try await page("&q=level%3E57&from=2026-01-01&to=2026-01-31")
            #expect(month.contains("2026-01-10T08:00:00Z") && month.contains("1 of 30 days"))
            let empty = try await page("&from=2025-01-01&to=2025-01-31")
            #expect(empty.contains("no readings of these days"))
            let hostile = try await client.send(
                .GET,
                "/data/rows?type=%3Cscript%3Ealert(1)%3C/script%3E&q=%22%3E%3Cb%3Ex",
                to: hub
            )
            #expect(!hostile.text.contains("<script>alert") && !hostile.text.contains("\"><b>x"))
            let thai = try await client.send(.GET, "/data/rows?type=Station&lang=th", to: hub).text
            #expect(thai.contains("ดาวน์โหลด") && thai.contains("name=\"lang\" value=\"th\""))
        }
        #expect(await hub.stop() == .exited(0))
    }

    @Test func `the map says that it shows the first entities alone, and GeoJSON has them all`()
        async throws
    {
        let folder = try TestFolder()
        let hub = try await RealHub(folder: folder)
        try await HubClient.with { client in
            for (count, all) in [(1_000, 1_000), (1, 1_001)] {
                let entities = (0..<count).map { number in
                    JSONValue.object([
                        "id": .string("urn:x:\(count):\(number)"), "type": "Tree",
                        "location": ["value": ["type": "Point", "coordinates": [98.4, 7.9]]],
                    ])
                }
                let made = try await client.send(
                    .POST,
                    "/ngsi-ld/v1/entityOperations/create",
                    to: hub,
                    json: .array(entities)
                )
                try #require(made.status == 201, "\(made.text)")
                let page = try await client.send(.GET, "/data/rows?type=Tree", to: hub).text
                #expect(page.contains("the first 1\u{202F}000.") == (all > 1_000))
                let path = "/ngsi-ld/v1/entities?type=Tree&format=geojson&options=keyValues"
                #expect(page.contains(path.replacing("&", with: "&amp;") + "\" download"))
                let whole = try await client.send(.GET, path, to: hub).json.objectValue
                #expect(whole?["features"]?.arrayValue?.count == all)
            }
        }
        #expect(await hub.stop() == .exited(0))
    }

    /// Sixty stations along a river with a level each, observed on one morning.
    private static func fill(_ hub: RealHub) async throws {
        let stations = (0..<60).map { number -> JSONValue in
            let longitude = 98 + Double(number) / 100
            return [
                "id": .string("urn:x:station:\(number)"), "type": "Station",
                "name": ["type": "Property", "value": .string("Station \(number)")],
                "level": [
                    "type": "Property", "value": .number(JSONNumber(number)), "unitCode": "MTR",
                    "observedAt": "2026-01-10T08:00:00Z",
                ],
                "location": [
                    "type": "GeoProperty",
                    "value": [
                        "type": "Point",
                        "coordinates": [.number(JSONNumber(longitude)), 7.5],
                    ],
                ],
            ]
        }
        try await HubClient.with { try await $0.create(stations, at: hub) }
    }
}
