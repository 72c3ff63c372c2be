import ContextModel
import Foundation
import NIOHTTP1
import Processes
import Testing

/// Files as GDAL and openpyxl write them, loaded by the command.
@Suite(.timeLimit(.minutes(3))) struct ImportedFilesTests {
    private static let repository = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../..").standardized
    private static let python =
        repository.appending(path: ".build/reading-programs/bin/python").path

    @Test func `what ogr2ogr converts is loaded from a pipe`() async throws {
        let folder = try TestFolder()
        let hub = try await RealHub(folder: folder)
        let balai = try ChildProcess.product("balai").path
        let source = """
            {"type": "FeatureCollection", "features": [
            {"type": "Feature", "properties": {"code": "A 1", "people": 12, "name": "ราไวย์"}, "geometry":
            {"type": "MultiPolygon", "coordinates": [[[[98.3, 7.7], [98.4, 7.7], [98.4, 7.8], [98.3, 7.7]]]]}},
            {"type": "Feature", "properties": {"code": "B", "people": null, "name": "Rawai"}, "geometry":
            {"type": "LineString", "coordinates": [[98.3, 7.7], [98.4, 7.7]]}}]}
            """
        try source.write(toFile: folder.path + "/in.geojson", atomically: true, encoding: .utf8)
        // A GeoPackage in metres, as a city's GIS department has it.
        let script = """
            set -e; cd \(folder.path)
            ogr2ogr -q -t_srs EPSG:32647 -f GPKG districts.gpkg in.geojson -nlt GEOMETRY
            ogr2ogr -q -f GeoJSON metres.geojson -lco RFC7946=NO districts.gpkg
            if \(balai) import geojson metres.geojson --type X --id 'urn:x:{code}' --hub \(hub.url); then exit 9; fi
            ogr2ogr -q -t_srs EPSG:4326 -f GeoJSONSeq /dev/stdout districts.gpkg | \\
                \(balai) import geojson --type District --id 'urn:ngsi-ld:District:{code}' --hub \(hub.url) --json -
            ogr2ogr -q -t_srs EPSG:4326 -f GeoJSONSeq -lco RS=YES /dev/stdout districts.gpkg | \\
                \(balai) import geojson --type Area --id 'urn:ngsi-ld:Area:{code}' --hub \(hub.url) -
            """
        let end = try Self.run("/bin/sh", ["-c", script], folder)
        #expect(end.code == 0, "\(end)")
        #expect(end.errors.contains("-t_srs EPSG:4326"), "\(end.errors)")
        try await HubClient.with { client in
            for type in ["District", "Area"] {
                let found = try await client.send(
                    .GET,
                    "/ngsi-ld/v1/entities/urn:ngsi-ld:\(type):A%25201?options=keyValues",
                    to: hub
                )
                let entity = try found.json.objectValue
                #expect(entity?["people"] == 12 && entity?["name"] == "ราไวย์", "\(found.text)")
                let place = entity?["location"]?.objectValue
                #expect(["Polygon", "MultiPolygon"].contains(place?["type"]?.stringValue))
                let line = try await client.send(
                    .GET,
                    "/ngsi-ld/v1/entities/urn:ngsi-ld:\(type):B?options=keyValues",
                    to: hub
                )
                #expect(try line.json.objectValue?["people"] == nil)
            }
        }
        #expect(await hub.stop() == .exited(0))
    }

    /// The lines of the document that begin so, as a command of the test.
    private static func documented(
        _ beginning: String,
        _ balai: String,
        _ hub: RealHub
    ) throws -> String {
        let page = try String(
            contentsOf: repository.appending(path: "docs/connecting.md"),
            encoding: .utf8
        )
        let block = page.components(separatedBy: "```sh\n").dropFirst()
            .compactMap { $0.components(separatedBy: "\n```").first }
            .first { $0.hasPrefix(beginning) }
        return try #require(block).replacing("balai import", with: "\(balai) import")
            .replacing(" -o", with: " -q -o") + " --hub \(hub.url)"
    }

    @Test func `car parks get the places of another table, in metres, as the document says`()
        async throws
    {
        let folder = try TestFolder()
        let hub = try await RealHub(folder: folder, settings: ["BALAI_SOURCE_KEY": "a-secret"])
        let balai = try ChildProcess.product("balai").path
        let table = """
            car_park_no,address,x_coord,y_coord,car_park_type
            ACB,"BLK 270/271 ALBERT CENTRE BASEMENT CAR PARK",30314.7936,31490.4942,BASEMENT CAR PARK
            """
        try table.write(
            toFile: folder.path + "/HDBCarparkInformation.csv",
            atomically: true,
            encoding: .utf8
        )
        let script =
            "set -e; cd \(folder.path)\n" + (try Self.documented("ogr2ogr -s_srs", balai, hub))
        let end = try Self.run("/bin/sh", ["-c", script], folder)
        #expect(end.code == 0, "\(end)")
        let shipped = try String(
            contentsOf: Self.repository.appending(
                path: "examples/sources/singapore-public-car-parks.source.yaml"
            ),
            encoding: .utf8
        )
        let map = try #require(shipped.range(of: "rows:"))
        let definition =
            "webhook: {bearer: {variable: BALAI_SOURCE_KEY}}\n" + shipped[map.lowerBound...]
        let lots = """
            {"items": [{"carpark_data": [{"carpark_number": "ACB", "update_datetime": "2026-05-01T15:59:04",
              "carpark_info": [{"total_lots": "105", "lot_type": "C", "lots_available": "12"}]}]}]}
            """
        try await HubClient.with { client in
            let made = try await client.send(
                .PUT,
                "/sources/v1/parks",
                to: hub,
                headers: [("Content-Type", "application/yaml")],
                body: Array(definition.utf8)
            )
            #expect(made.status == 201, "\(made.text)")
            let sent = try await client.send(
                .POST,
                "/sources/parks",
                to: hub,
                headers: [("Authorization", "Bearer a-secret")],
                body: Array(lots.utf8)
            )
            #expect(sent.status == 204, "\(sent.text)")
            let found = try await client.send(
                .GET,
                "/ngsi-ld/v1/entities/urn:ngsi-ld:OffStreetParking:hdb:ACB?options=keyValues",
                to: hub
            ).json.objectValue
            #expect(found?["availableSpotNumber"] == 12)
            #expect(found?["address"]?.stringValue?.contains("ALBERT CENTRE") == true)
            let place = found?["location"]?.objectValue?["coordinates"]?.arrayValue?
                .compactMap { $0.numberValue?.doubleValue }
            #expect(abs((place?.first ?? 0) - 103.854118) < 1e-5)
            #expect(abs((place?.last ?? 0) - 1.301063) < 1e-5)
        }
        #expect(await hub.stop() == .exited(0))
    }

    @Test func `what openpyxl writes is loaded by a map`() async throws {
        try #require(
            FileManager.default.isExecutableFile(atPath: Self.python),
            "Run .ci/python-packages reading-programs first, as `make test` does."
        )
        let folder = try TestFolder()
        let hub = try await RealHub(folder: folder)
        let workbook = folder.path + "/readings.xlsx"
        let script = Self.repository.appending(path: "Tests/HubTests/Clients/make_workbook.py").path
        let made = try Self.run(Self.python, [script, workbook], folder)
        #expect(made.code == 0, "\(made.errors)")
        let map = """
            type: Well
            id: "urn:ngsi-ld:Well:{well}"
            skipRows: 2
            time: {column: when, format: iso, zone: Asia/Bangkok}
            history: true
            entity: {open: {column: open, as: boolean}, name: {column: name}}
            attributes: {level: {column: level, as: number, unitCode: MTR}}
            empty: ["#N/A"]
            """
        try map.write(toFile: folder.path + "/map.yaml", atomically: true, encoding: .utf8)
        let end = try Self.run(
            nil,
            [
                "import", "xlsx", workbook, "--sheet", "Readings", "--map",
                folder.path + "/map.yaml",
                "--hub", hub.url, "--json",
            ],
            folder
        )
        #expect(end.code == 0, "\(end)")
        try await HubClient.with { client in
            let entity = try await client.send(
                .GET,
                "/ngsi-ld/v1/entities/urn:ngsi-ld:Well:w%25201?options=keyValues",
                to: hub
            ).json.objectValue
            #expect(
                entity?["name"] == "Deep, \"old\" well" && entity?["open"] == true
                    && entity?["level"] == 2.5
            )
            let past = try await client.send(
                .GET,
                "/ngsi-ld/v1/temporal/entities/urn:ngsi-ld:Well:w%25201?attrs=level&options=temporalValues",
                to: hub
            ).text
            for reading in [#"[1.25,"2026-01-31T01:30:00Z"]"#, #"[2.5,"2026-02-01T01:30:00Z"]"#] {
                #expect(past.filter { $0 != " " }.contains(reading), "\(past)")
            }
        }
        #expect(await hub.stop() == .exited(0))
    }

    private static func run(
        _ program: String?,
        _ arguments: [String],
        _ folder: TestFolder
    ) throws -> (code: Int32, output: String, errors: String) {
        let log = "\(folder.path)/log-\(UUID().uuidString)"
        let process = try ChildProcess(
            program: program,
            arguments,
            environment: ["XDG_STATE_HOME": folder.path + "/state", "HOME": folder.path],
            log: log
        )
        let output = process.readRest()
        guard case .exited(let code) = process.waitUntilEnded() else {
            return (-1, output, process.errors)
        }
        return (code, output, process.errors)
    }
}
