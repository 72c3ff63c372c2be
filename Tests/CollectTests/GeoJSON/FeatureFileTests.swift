import ContextModel
import Testing

@testable import Collect

@Suite struct FeatureFileTests {
    private func imported(
        _ text: String,
        type: String? = "District",
        id: String? = nil,
        pieceBytes: Int = 1 << 16
    ) async throws -> (entities: [JSONObject], problems: [String]) {
        let hub = RecordingHub()
        let names = try FeatureNames(type: type, id: id)
        let bytes = MemoryBytes(text, name: "f.geojson", pieceBytes: pieceBytes)
        let tally = try await ImportRun(hub: hub).run(FeatureFile(bytes, names: names))
        return (hub.entities.compactMap(\.objectValue), tally.problems.map(\.description))
    }

    @Test func `a map says what becomes of the properties`() async throws {
        let hub = RecordingHub()
        let map = try ColumnMap(
            yaml: """
                type: Tree
                id: "urn:ngsi-ld:Tree:{code}"
                time: {column: seen, format: "%d/%m/%Y", zone: Asia/Bangkok}
                skip: [{column: state, equals: [felled]}]
                attributes:
                  height: {column: h, as: number, unitCode: MTR}
                  own: {column: "$.id", observed: false}
                  isIn: {text: "urn:ngsi-ld:District:{$.site.code}", as: relationship}
                """,
            file: "map.yaml"
        )
        let features = [
            #""id": "x", "properties": {"geometry": null, "code": "a 1", "seen": "01/05/2026", "h": "7.5", "#
                + #""site": {"code": 3}}, "geometry": {"type": "Point", "coordinates": [98.3, 7.8]}"#,
            #""properties": {"code": 2, "seen": "01/05/2026", "state": "felled"}, "geometry": null"#,
            #""properties": {"code": 3, "seen": "soon", "h": 1}, "geometry": null"#,
            #""properties": {"code": 4, "seen": "02/05/2026", "h": 1}, "geometry": null"#,
        ]
        let text = features.map { #"{"type": "Feature", \#($0)}"# }.joined(separator: "\n")
        let file = try FeatureFile(MemoryBytes(text, name: "f.geojsonl"), map: map)
        let tally = try await ImportRun(hub: hub).run(file)
        #expect(tally.problems.count == 1 && tally.failures == 1, "\(tally.problems)")
        let at: JSONValue = "2026-04-30T17:00:00Z"
        #expect(
            hub.entities.first == [
                "id": "urn:ngsi-ld:Tree:a%201", "type": "Tree",
                "location": [
                    "type": "GeoProperty", "value": ["type": "Point", "coordinates": [98.3, 7.8]],
                ],
                "height": [
                    "type": "Property", "value": 7.5, "unitCode": "MTR", "observedAt": at,
                ],
                "own": ["type": "Property", "value": "x"],
                "isIn": [
                    "type": "Relationship", "object": "urn:ngsi-ld:District:3", "observedAt": at,
                ],
            ]
        )
        #expect(hub.ids == ["urn:ngsi-ld:Tree:a%201", "urn:ngsi-ld:Tree:4"])
        #expect(hub.entities.count == 2)
        #expect(hub.entities.last?.objectValue?["location"] == nil)
    }

    @Test(arguments: [
        ("history: true\ntime: {column: t}\nattributes: {b: {column: b}}", "are for tables"),
        ("attributes: {b: {column: received}}", "`$.received`"),
        ("skip: [{column: topic}]\nattributes: {b: {column: b}}", "`$.topic`"),
    ])
    func `a map for tables or messages is refused`(more: String, reason: String) throws {
        let map = try ColumnMap(yaml: "type: A\nid: 'urn:x:{a}'\n" + more, file: "map.yaml")
        let error = #expect(throws: SourceError.self) {
            try FeatureFile(MemoryBytes("", name: "f.geojson"), map: map)
        }
        #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
    }

    private static let collection = """
        { "type": "FeatureCollection", "name": "features [ {",
          "features": [
            { "type": "Feature", "id": "d1",
              "properties": { "name": "Old \\"town", "people": 12, "open": true, "none": null },
              "geometry": { "type": "Point", "coordinates": [98.3, 7.88] } } ,
            { "type": "Feature", "properties": {"id": 7, "features": [1, {"a": "]}"}]},
              "geometry": null }
          ], "bbox": [98, 7, 99, 8] }
        """

    @Test(arguments: [1, 3, 1 << 16]) func `a collection`(pieceBytes: Int) async throws {
        let found = try await imported(Self.collection, pieceBytes: pieceBytes)
        #expect(found.problems == [])
        #expect(
            found.entities.map { $0["id"]?.stringValue } == [
                "urn:ngsi-ld:District:d1", "urn:ngsi-ld:District:7",
            ]
        )
        let first = try #require(found.entities.first)
        #expect(first["name"]?.objectValue?["value"] == "Old \"town")
        #expect(first["people"]?.objectValue?["value"] == 12)
        #expect(first["open"]?.objectValue?["value"] == true)
        #expect(first["none"] == nil)
        let place = first["location"]?.objectValue
        #expect(place?["type"] == "GeoProperty")
        #expect(place?["value"] == ["type": "Point", "coordinates": [98.3, 7.88]])
        #expect(found.entities[1]["location"] == nil)
        #expect(found.entities[1]["features"]?.objectValue?["value"] == [1, ["a": "]}"]])
    }

    @Test(arguments: [1, 5, 1 << 16]) func `a sequence by lines and by separators`(
        pieceBytes: Int
    ) async throws {
        let feature = #"{"type":"Feature","id":"urn:x:%","properties":{"n":%},"geometry":null}"#
        let lines = ["1", "2", "3"].map { feature.replacing("%", with: $0) }
        for text in [lines.joined(separator: "\n"), lines.map { "\u{1E}\($0)\n" }.joined()] {
            let found = try await imported(text, pieceBytes: pieceBytes)
            #expect(found.problems == [])
            #expect(
                found.entities.map { $0["id"]?.stringValue } == ["urn:x:1", "urn:x:2", "urn:x:3"]
            )
        }
    }

    @Test func `a damaged line is reported with its place, and the others load`() async throws {
        let good = #"{"type":"Feature","id":"urn:x:1","properties":{},"geometry":null}"#
        let other = good.replacing("x:1", with: "x:2")
        for separator in ["", "\u{1E}"] {
            let text = [good, #"{"type":"Feature","id":"urn:x:broken","prop"#, "", other]
                .map { separator + $0 }.joined(separator: "\n")
            let found = try await imported(text)
            #expect(
                found.entities.map { $0["id"]?.stringValue } == ["urn:x:1", "urn:x:2"],
                "\(found)"
            )
            #expect(
                found.problems.count == 1 && found.problems[0].hasPrefix("f.geojson:2: "),
                "\(found)"
            )
        }
    }

    @Test func `identifiers are made of properties, and types come from features`() async throws {
        let text = """
            {"type":"FeatureCollection","features":[
            {"type":"Feature","id":4,"properties":{"type":"Street","code":"A 1/2","lanes":2},"geometry":null},
            {"type":"Feature","properties":{"type":"Street"},"geometry":null}]}
            """
        let found = try await imported(text, type: nil, id: "urn:ngsi-ld:Street:{code}:{id}")
        #expect(found.entities.count == 1)
        #expect(found.entities[0]["id"] == "urn:ngsi-ld:Street:A%201%2F2:4")
        #expect(found.entities[0]["type"] == "Street" && found.entities[0]["lanes"] != nil)
        #expect(found.problems == ["f.geojson:3: The feature has no `code` for its identifier."])
    }

    @Test func `a feature that a hub wrote keeps its attributes as they are`() async throws {
        let text = """
            {"type":"Feature","id":"urn:x:1","properties":{"type":"Beach","waves":{"type":"Property",
            "value":2,"observedAt":"2026-01-01T00:00:00Z"}},"geometry":{"type":"Point","coordinates":[1,2]}}
            """
        let found = try await imported(text, type: nil)
        #expect(found.problems == [])
        #expect(
            found.entities.first?["waves"]?.objectValue?["observedAt"] == "2026-01-01T00:00:00Z"
        )
    }

    @Test(arguments: [
        (#"{"type":"Feature","properties":{},"geometry":null}"#, "has no `id`"),
        (
            #"{"type":"Feature","id":"a","properties":{"location":"x"},"geometry":null}"#,
            "`location`"
        ),
        (
            #"{"type":"Feature","id":"a","properties":{"a b":1},"geometry":null}"#,
            "`a b` is no name"
        ),
        (#"{"type":"Point","coordinates":[1,2]}"#, "a `Point`"), (#"{"a":1}"#, "has no type"),
        (#"{"type":"Feature","id":"a","properties":{"n":01}}"#, "not JSON"),
        (#"{"type":"Feature","id":"a""#, "ends within"),
        (#"{"type":"FeatureCollection","features":[{"type":"Feature""#, "ends within"),
    ])
    func `what is no feature is told`(text: String, reason: String) async throws {
        let found = try await imported(text)
        #expect(found.entities.isEmpty)
        #expect(
            found.problems.count == 1 && found.problems[0].contains(reason),
            "\(found.problems)"
        )
    }

    @Test func `coordinates of another system are refused before anything is loaded`() async throws
    {
        let text = """
            {"type":"FeatureCollection","crs":{"type":"name","properties":{"name":
            "urn:ogc:def:crs:EPSG::32647"}},"features":[{"type":"Feature","id":"a","properties":{},
            "geometry":{"type":"Point","coordinates":[430000,870000]}}]}
            """
        let error = await #expect(throws: SourceError.self) { try await imported(text) }
        #expect(error?.description.contains("-t_srs EPSG:4326") == true)
        let same = text.replacing("EPSG::32647", with: "EPSG::4326").replacing(
            "[430000,870000]",
            with: "[1,2]"
        )
        #expect(try await imported(same).entities.count == 1)
    }

    @Test(arguments: ["[1]", "name,x\n1,2", "<xml/>"]) func `another file is refused`(
        text: String
    ) async {
        await #expect(throws: SourceError.self) { try await imported(text) }
    }

    @Test func `a collection of many features is never in memory as a whole`() async throws {
        let one = #"{"type":"Feature","id":"urn:x:%","properties":{"n":1},"geometry":null}"#
        let features = (0..<5_000).map { one.replacing("%", with: "\($0)") }.joined(separator: ",")
        let found = try await imported(
            #"{"features":["# + features + #"],"type":"FeatureCollection"}"#
        )
        #expect(found.problems == [] && found.entities.count == 5_000)
    }
}
