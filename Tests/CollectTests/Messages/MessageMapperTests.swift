import ContextModel
import Testing

@testable import Collect

@Suite struct MessageMapperTests {
    /// 08:00 of 1 May 2026.
    private static let received = Timestamp(microseconds: 1_777_622_400_000_000)

    private func map(
        _ definition: String,
        _ message: String,
        topic: String? = nil
    ) throws -> MappedMessage {
        let source = try SourceDefinition(
            "webhook: {bearer: {file: secret}}\n" + definition,
            name: "test"
        )
        return try SourceMapper(source).map(
            SourceMessage(Array(message.utf8), topic: topic, receivedAt: Self.received)
        )
    }

    private static let station = """
        map:
          type: AirQualityObserved
          id: "urn:ngsi-ld:AirQualityObserved:{station}"
          time: {column: at}
          location: {latitude: $.place.lat, longitude: $.place.lon}
          skip: [{column: status, equals: [test]}]
          empty: ["-"]
          attributes:
            pm25: {column: pm25, as: number, unitCode: GQ}
            name: {column: name}
            open: {column: open}
            fan: {column: fan, missing: 0}
        """

    @Test func `members of other scripts, and such as would have one name, are all there`() throws {
        let mapped = try map(
            """
            every: {object: $}
            map: {type: Gauge, id: "urn:x:{no}"}
            """,
            #"{"no": 1, "ฝน": 2, "ลม": 3, "ฝุ่น": 4, "a-b": 5, "a_b": 6, "a b": 7}"#
        )
        let entity = try #require(mapped.entities.first?.objectValue)
        let values = ["ฝน", "ลม", "ฝุ่น", "a_b", "a_b_2", "a_b_3"].map {
            entity[$0]?.objectValue?["value"]
        }
        #expect(values == [2, 3, 4, 5, 6, 7])
    }

    @Test(arguments: [
        #""lat": " ", "lon": "-""#, #""lat": "", "lon": 98"#, #""lat": "-", "lon": null"#,
    ])
    func `a place of blanks is a gap`(place: String) throws {
        let mapped = try map(
            Self.station,
            #"{"station": "a", "at": "2026-05-01T07:59:00Z", "pm25": 1, "place": {\#(place)}}"#
        )
        #expect(mapped.refusals == [] && mapped.entities.count == 1)
        #expect(mapped.entities.first?.objectValue?["location"] == nil)
    }

    @Test func `values of JSON keep their types, and texts become numbers where the map says so`()
        throws
    {
        let mapped = try map(
            Self.station,
            """
            {"station": "north 1", "at": "2026-05-01T07:59:00Z", "pm25": "12.50",
             "place": {"lat": 7.88, "lon": "98.39"}, "name": "North", "open": true}
            """
        )
        #expect(mapped.refusals == [])
        let observed: JSONValue = "2026-05-01T07:59:00Z"
        #expect(
            mapped.entities == [
                [
                    "id": "urn:ngsi-ld:AirQualityObserved:north%201", "type": "AirQualityObserved",
                    "location": [
                        "type": "GeoProperty",
                        "value": ["type": "Point", "coordinates": [98.39, 7.88]],
                    ],
                    "pm25": [
                        "type": "Property", "value": 12.5, "unitCode": "GQ", "observedAt": observed,
                    ],
                    "name": ["type": "Property", "value": "North", "observedAt": observed],
                    "open": ["type": "Property", "value": true, "observedAt": observed],
                    "fan": ["type": "Property", "value": 0, "observedAt": observed],
                ]
            ]
        )
    }

    @Test(
        arguments: [
            (#""1.29 103.85""#, "", [103.85, 1.29]), (#""1.29,103.85""#, "", [103.85, 1.29]),
            (#""(1.29; 103.85)""#, "", [103.85, 1.29]), (#"[1.29, 103.85]"#, "", [103.85, 1.29]),
            (#""103.85 1.29""#, ", order: longitude latitude", [103.85, 1.29]),
            (#""-6,2 106,8""#, ", order: latitude longitude", nil), (#""1.29""#, "", nil),
            (#""103.85 1.29""#, "", nil), (#""here, there""#, "", nil), (#""1 2 3""#, "", nil),
        ] as [(String, String, [Double]?)]
    )
    func `a location may stand in one text`(
        text: String,
        order: String,
        expected: [Double]?
    ) throws {
        let mapped = try map(
            "map: {type: Stop, id: 'urn:x:{id}', location: {coordinates: at\(order)}}\n",
            #"{"id": 1, "at": \#(text)}"#
        )
        let place = mapped.entities.first?.objectValue?["location"]?.objectValue?["value"]
        let coordinates = place?.objectValue?["coordinates"]?.arrayValue
        #expect(coordinates?.compactMap { $0.numberValue?.doubleValue } == expected)
        #expect(mapped.refusals.isEmpty == (expected != nil), "\(mapped.refusals)")
    }

    @Test func `with a decimal comma, a blank or semicolon separates the coordinates`() throws {
        let mapped = try map(
            "map: {type: Stop, id: 'urn:x:{id}', decimal: ',', location: {coordinates: at}}\n",
            #"[{"id": 1, "at": "-6,2 106,8"}, {"id": 2, "at": "-6,2; 106,8"}]"#
        )
        #expect(mapped.refusals == [] && mapped.entities.count == 2)
        let expected: JSONValue = ["type": "Point", "coordinates": [106.8, -6.2]]
        for entity in mapped.entities {
            #expect(entity.objectValue?["location"]?.objectValue?["value"] == expected)
        }
    }

    @Test func `a relationship leads to each entity that the cell names, once`() throws {
        let definition = """
            map:
              type: Alert
              id: "urn:x:{id}"
              attributes:
                hasRoute: {text: "urn:r:{$.informed[*].route}", as: relationship, several: true}
                hasStop: {column: stops, as: relationship, several: true}
                text: {column: text}
            """
        let mapped = try map(
            definition,
            #"""
            [{"id": 1, "informed": [{"route": "A 1"}, {"stop": 1}, {"route": "B"}, {"route": "A 1"}],
              "stops": ["urn:s:1", "urn:s:2"], "text": "x"},
             {"id": 2, "informed": [{"route": "C"}], "stops": [], "text": "y"},
             {"id": 3, "text": "z"}]
            """#
        )
        #expect(mapped.refusals == [])
        func object(_ place: Int, _ name: String) -> JSONValue? {
            mapped.entities[place].objectValue?[name]?.objectValue?["object"]
        }
        #expect(object(0, "hasRoute") == ["urn:r:A%201", "urn:r:B"])
        #expect(object(0, "hasStop") == ["urn:s:1", "urn:s:2"])
        #expect(object(1, "hasRoute") == "urn:r:C" && object(1, "hasStop") == nil)
        #expect(object(2, "hasRoute") == nil)
        let routes = (0...MessageMapper.maximumTargets).map { #"{"route": \#($0)}"# }
        let many = try map(
            definition,
            #"{"id": 1, "informed": [\#(routes.joined(separator: ","))]}"#
        )
        #expect(many.entities.isEmpty && many.refusals.count == 1)
    }

    @Test func `several maps make entities of several types of one message`() throws {
        let definition = """
            rows: $.stations[*]
            number: "{$.sequence}"
            every: {object: $.values}
            map:
              - type: Station
                id: "urn:x:station:{id}"
                attributes: {name: {column: name}}
              - type: Fan
                id: "urn:x:fan:{fan}"
                skip: [{column: fan}]
                attributes: {isAt: {text: "urn:x:station:{id}", as: relationship}}
            """
        let source = try SourceDefinition(
            "webhook: {bearer: {file: secret}}\n" + definition,
            name: "test"
        )
        #expect(source.types == ["Station", "Fan"] && !source.hasOwnTimes)
        let mapped = try map(
            definition,
            #"""
            {"sequence": 9, "stations": [
              {"id": 1, "name": "North", "fan": "a", "values": {"pm25": 3}},
              {"id": 2, "name": "South"}, {"name": "Nowhere"}]}
            """#
        )
        #expect(mapped.number == "9")
        let ids = mapped.entities.compactMap { $0.objectValue?["id"]?.stringValue }
        #expect(ids == ["urn:x:station:1", "urn:x:station:2", "urn:x:fan:a"])
        #expect(mapped.entities[0].objectValue?["pm25"] != nil)
        #expect(mapped.entities[2].objectValue?["pm25"] == nil)
        #expect(mapped.refusals.count == 1, "\(mapped.refusals)")
        // What is no message at all is told once.
        #expect(try map(definition, "no JSON").refusals.count == 1)
    }

    @Test(arguments: [
        ("map: []", "one to 10 maps"),
        ("map: {type: A, id: a, location: {coordinates: a, latitude: b}}", "`coordinates`, or"),
        ("map: {type: A, id: a, location: {coordinates: a, order: north}}", "is not one of"),
        ("map: {type: A, id: a, attributes: {b: {column: c, several: true}}}", "as: relationship"),
        (
            "map: {type: A, id: a, attributes: {b: {text: '{c}{d}', as: relationship, several: true}}}",
            "with one cell"
        ),
    ])
    func `a map that cannot be meant is refused with the reason`(
        definition: String,
        reason: String
    ) {
        let error = #expect(throws: SourceError.self) { try map(definition, "{}") }
        #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
    }

    @Test func `a bad row of an array is told, and the others are mapped`() throws {
        let mapped = try map(
            Self.station,
            """
            [{"station": "a", "at": "2026-05-01T07:59:00Z", "pm25": 1},
             {"station": "b", "at": "yesterday", "pm25": 1},
             {"station": "c", "at": "2026-05-01T07:59:00Z", "pm25": "much"},
             {"station": "d", "at": "2026-05-01T07:59:00Z", "pm25": "-", "status": "test"},
             {"at": "2026-05-01T07:59:00Z", "pm25": 1},
             {"station": "e", "at": "2026-05-01T07:59:00Z", "pm25": null, "fan": 2}, 7]
            """
        )
        let ids = mapped.entities.compactMap { $0.entityIDForTest?.suffix(1) }
        #expect(ids == ["a", "e"])
        #expect(mapped.refusals.count == 4)
        #expect(mapped.refusals[0].hasPrefix("Row 2: `yesterday` is not a time"))
        #expect(mapped.refusals[1] == "Row 3: pm25: `much` is not a number.")
        #expect(mapped.refusals[2] == "Row 5: A part of the identifier is empty.")
        #expect(mapped.refusals[3].hasPrefix("Row 7: A reading is an object"))
    }

    @Test func `levels of the topic, the time of receipt and all members can be used`() throws {
        let mapped = try map(
            """
            number: "{id}"
            every: {object: $.data, except: [debug]}
            map:
              type: Device
              id: "urn:ngsi-ld:Device:{topic.2}"
              time: {value: "{received}", format: epochSeconds}
              attributes:
                topic: {text: "{topic}"}
            """,
            """
            {"id": 7, "data": {"t": 21.5, "on": false, "rel hum": 60, "debug": 1, "id": 3,
             "list": [1], "none": null}}
            """,
            topic: "city/lamp 7/up"
        )
        #expect(mapped.refusals == [])
        #expect(mapped.number == "7")
        let entity = try #require(mapped.entities.first?.objectValue)
        #expect(entity["id"] == "urn:ngsi-ld:Device:lamp%207")
        let names = ["id", "type", "topic", "t", "on", "rel_hum", "value_id"]
        #expect(entity.members.map(\.key) == names)
        #expect(entity["t"]?.objectValue?["observedAt"]?.stringValue == Self.received.text)
    }

    @Test func `readings are found in rows, and joined with a second list`() throws {
        // The shape of readings apart from stations.
        let mapped = try map(
            """
            rows: $.data.readings[*]
            each: $.data[*]
            join: {rows: "$.data.stations[*]", key: id, match: "{stationId}"}
            map:
              type: WeatherObserved
              id: "urn:ngsi-ld:WeatherObserved:{stationId}"
              time: {column: timestamp}
              location: {latitude: latitude, longitude: longitude}
              entity:
                name: {column: name, observed: false}
              attributes:
                temperature: {column: value}
            """,
            """
            {"data": {"stations": [
                {"id": "S1", "name": "Clementi", "latitude": 1.3, "longitude": 103.7},
                {"id": "S2", "name": "Marina", "latitude": 1.2, "longitude": 103.8}],
              "readings": [{"timestamp": "2026-05-01T08:00:00+08:00", "data": [
                {"stationId": "S2", "value": 31.1}, {"stationId": "S9", "value": 30},
                {"stationId": "S1", "value": 29}]}]}}
            """
        )
        #expect(mapped.refusals == ["reading 2: There is nothing to join for `S9`."])
        #expect(mapped.entities.count == 2)
        let first = try #require(mapped.entities.first?.objectValue)
        #expect(first["id"] == "urn:ngsi-ld:WeatherObserved:S2")
        #expect(first["name"] == ["type": "Property", "value": "Marina"])
        #expect(
            first["temperature"]
                == ["type": "Property", "value": 31.1, "observedAt": "2026-05-01T00:00:00Z"]
        )
    }

    @Test func `a table is a list of rows, too`() throws {
        let mapped = try map(
            "format: csv\n" + Self.station,
            "station,at,pm25,status\na,2026-05-01T07:59:00Z,7,\nb,2026-05-01T07:59:00Z\n"
        )
        #expect(mapped.entities.count == 1)
        #expect(mapped.refusals.count == 1)
        #expect(mapped.refusals[0].contains("The row has 2 fields, the header 4."))
    }

    @Test(arguments: ["", "{", "[1", "\u{0}", "nonsense", "{\"a\":1,\"a\":2}"])
    func `what is not JSON is refused as a whole`(message: String) throws {
        let mapped = try map(Self.station, message)
        #expect(mapped.entities.isEmpty)
        #expect(
            mapped.refusals.count == 1 && mapped.refusals[0].hasPrefix("The message is not JSON")
        )
    }

    @Test func `a message of too many rows is refused`() throws {
        let rows = Array(repeating: "{}", count: MessageMapper.maximumRows + 1)
        let mapped = try map(Self.station, "[\(rows.joined(separator: ","))]")
        #expect(mapped.refusals == ["The message has more than 10000 rows."])
    }

    @Test(arguments: [
        (
            "mqtt: {broker: \"mqtt://b\", topics: [a]}\nmap: {type: A, id: b, history: true}",
            "is for files"
        ),
        ("map: {type: A, id: b}", "needs `webhook`"), ("webhook: {}", "There should be one of"),
        ("webhook: {bearer: secret}\nmap: {type: A, id: b}", "A secret does not stand here"),
        ("webhook: {bearer: {file: ../etc/passwd}}\nmap: {type: A, id: b}", "without its folder"),
        ("webhook: {bearer: {variable: HOME}}\nmap: {type: A, id: b}", "BALAI_SOURCE_"),
        ("mqtt: {broker: \"http://b\", topics: [a]}\nmap: {type: A, id: b}", "is not a broker"),
        (
            "mqtt: {broker: \"mqtt://b\", topics: [\"a/#/b\"]}\nmap: {type: A, id: b}",
            "topic filter"
        ),
        ("poll: {url: \"file:///etc\", every: 5}\nmap: {type: A, id: b}", "http or https"),
        ("poll: {url: \"http://a\", every: 0}\nmap: {type: A, id: b}", "above zero"),
        ("webhook: {bearer: {file: a}}\nmap: {type: A, id: \"{$.a[}\"}", "$.a["),
        ("webhook: {bearer: {file: a}}\nrows: a\nmap: {type: A, id: b}", "begins with `$`"),
        ("webhook: {bearer: {file: a}}\nmap: {type: A, id: \"{topic.0}\"}", "counted from 1"),
        ("webhook: {bearer: {file: a}}\nweb: 1\nmap: {type: A, id: b}", "no such key"),
    ])
    func `a definition that cannot work is refused with the reason`(
        _ text: String,
        _ reason: String
    ) throws {
        let error = #expect(throws: SourceError.self) { try SourceDefinition(text, name: "x") }
        #expect(try #require(error).description.contains(reason))
    }

    @Test func `a definition may be JSON`() throws {
        let text = """
            {"mqtt": {"broker": "mqtts://b.example", "topics": ["a/+/b", "c/#"], "version": "3.1.1"},
             "map": {"type": "A", "id": "urn:x:{topic.2}", "attributes": {"v": {"column": "$.v"}}}}
            """
        let source = try SourceDefinition(text, name: "x")
        guard case .mqtt(let topics) = source.way else {
            Issue.record("it is a source by MQTT")
            return
        }
        #expect(topics.port == 8_883 && topics.isSecure && !topics.isVersion5)
        #expect(topics.filters == ["a/+/b", "c/#"] && topics.qualityOfService == 1)
    }

    @Test(arguments: [
        ("a/+/b", "a/x/b", true), ("a/+/b", "a/b", false), ("a/+/b", "a/x/b/c", false),
        ("a/+/b", "a//b", true), ("a/#", "a/x/y", true), ("a/#", "a", true), ("a/#", "ab", false),
        ("#", "a/b", true), ("#", "$SYS/x", false), ("+/x", "$SYS/x", false),
        ("$SYS/#", "$SYS/x", true), ("$share/hubs/a/+", "a/x", true), ("+", "a/b", false),
        ("a", "a", true), ("a", "A", false),
    ])
    func `a topic is one of the filters'`(filter: String, topic: String, expected: Bool) throws {
        let source = try SourceDefinition(
            "mqtt: {broker: \"mqtt://x\", topics: [z, \"\(filter)\"]}\n\(Self.station)",
            name: "test"
        )
        guard case .mqtt(let topics) = source.way else {
            Issue.record("it is by MQTT")
            return
        }
        #expect(topics.includes(topic) == expected)
    }

    @Test(arguments: ["$.last", "last", "$..last"])
    func `the cells of one message share its steps`(cell: String) throws {
        // Each reading asks for a member of a large object that they share.
        let shared = (0..<60_000).map { #""m\#($0)": 1"# }.joined(separator: ",")
        let readings = Array(repeating: "{}", count: 9_000).joined(separator: ",")
        let mapped = try map(
            """
            each: $.list[*]
            map: {type: A, id: "urn:x:{topic}", attributes: {a: {column: "\(cell)"}}}
            """,
            "{\"list\": [\(readings)], \(shared), \"last\": 1}",
            topic: "t"
        )
        #expect((1..<9_000).contains(mapped.entities.count))
        #expect(mapped.refusals.last?.contains("steps") == true)
    }
}

extension JSONValue {
    var entityIDForTest: String? { objectValue?["id"]?.stringValue }
}
