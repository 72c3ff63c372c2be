import ContextModel
import Foundation
import NIOHTTP1
import Processes
import Testing

/// Programs that people have already, which read a hub with nothing between.
@Suite struct ReadingProgramsTests {
    private static let repository = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../..").standardized
    /// Where `.ci/python-packages` installs them.
    private static let python =
        repository.appending(path: ".build/reading-programs/bin/python").path

    @Test
    func `GDAL, OWSLib, pandas, SensorThings clients, maps and a language model read the hub`()
        async throws
    {
        try #require(
            FileManager.default.isExecutableFile(atPath: Self.python),
            "Run .ci/python-packages reading-programs first, as `make test` does."
        )
        let folder = try TestFolder()
        let hub = try await RealHub(folder: folder)
        try await makeStops(at: hub)
        let programs = try ChildProcess(
            program: Self.python,
            [
                Self.repository.appending(path: "Tests/HubTests/Clients/reading_programs.py").path,
                hub.url,
            ],
            environment: ["PATH": "/usr/bin:/bin", "HOME": folder.path],
            log: folder.path + "/programs.log"
        )
        for program in [
            "gdal_features", "gdal_geojson", "owslib", "pandas_tables", "model_context",
            "frost_client", "pygeoapi", "vector_tiles", "events", "catalogue", "listening",
        ] {
            let line = await programs.line(with: "read \(program)")
            try #require(line != nil, "\(program): \(programs.errors)")
        }
        #expect(await hub.stop() == .exited(0))
    }

    /// Thirty stops with a place, and a number that was counted.
    private func makeStops(at hub: RealHub) async throws {
        let stops = (0..<30).map { number -> JSONValue in
            let longitude = 98 + Double(number) / 10 + 0.05
            return [
                "id": .string("urn:x:stop:\(number)"), "type": "Stop",
                "name": ["type": "Property", "value": .string("Stop \(number)")],
                "passengers": [
                    "type": "Property", "value": .number(JSONNumber(number)),
                    "observedAt": "2026-01-01T08:00:00Z",
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
        try await HubClient.with { try await $0.create(stops, at: hub) }
    }
}
