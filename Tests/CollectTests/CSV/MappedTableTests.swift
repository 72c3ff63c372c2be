import ContextModel
import Testing

@testable import Collect

@Suite struct MappedTableTests {
    /// Imports the table with the map; other tables are given by name.
    private func imported(
        _ table: String,
        _ yaml: String,
        others: [String: String] = [:],
        memory: ImportMemory = ImportMemory()
    ) async throws -> (RecordingHub, ImportTally) {
        let hub = RecordingHub()
        let map = try ColumnMap(yaml: yaml, file: "m.yaml")
        let source = try MappedTable(MemoryBytes(table, name: "t.csv"), map: map, memory: memory) {
            (file) throws(SourceError) in
            guard let text = others[file] else { throw SourceError("no \(file)") }
            return MemoryBytes(text, name: file)
        }
        return (hub, try await ImportRun(hub: hub).run(source))
    }

    private static let sites = """
        type: T
        id: "urn:ngsi-ld:T:{site}"
        time: {column: when}
        repeats: keep
        attributes: {n: {column: n, as: number}}
        """

    @Test func `the memory to separate rows has a limit`() async throws {
        let rows = (0..<1_000).map { "site-\($0),2026-01-01T00:00:00Z,1" }
        let table = (["site,when,n"] + rows).joined(separator: "\n")
        let (_, tally) = try await imported(
            table,
            Self.sites,
            memory: ImportMemory(maximumBytes: 60_000)
        )
        #expect((1..<1_000).contains(tally.failures))
        #expect(try await imported(table, Self.sites).1.failures == 0)
    }

    @Test(.timeLimit(.minutes(1)))
    func `many readings of one moment are separated in linear time`()
        async throws
    {
        let rows = [String](repeating: "a,2026-01-01T00:00:00Z,1", count: 20_000)
        let table = (["site,when,n"] + rows).joined(separator: "\n")
        let (hub, tally) = try await imported(table, Self.sites)
        #expect(tally.failures == 0)
        #expect(Set(hub.readings("urn:ngsi-ld:T:a", "n")).count == 20_000)
    }

    @Test func `a row becomes an entity with the attributes of the map`() async throws {
        let (hub, tally) = try await imported(
            """
            site;pm;open;when;lat;lon
            A b;"7,5";yes;2026-01-31 08:30;7,88;98,39

            """,
            """
            type: AirQualityObserved
            id: "urn:ngsi-ld:AirQualityObserved:{site}"
            separator: ";"
            decimal: ","
            time: {column: when, zone: Asia/Bangkok}
            location: {latitude: lat, longitude: lon}
            attributes:
              pm25: {column: pm, as: number, unitCode: GQ}
              isOpen: {column: open, as: boolean, observed: false}
              refDevice: {text: "urn:ngsi-ld:Device:{site}", as: relationship}
              source: {constant: made up, observed: false}
            """
        )
        #expect(tally.problems == [])
        let expected: JSONValue = [
            "id": "urn:ngsi-ld:AirQualityObserved:A%20b", "type": "AirQualityObserved",
            "location": [
                "type": "GeoProperty", "value": ["type": "Point", "coordinates": [98.39, 7.88]],
            ],
            "pm25": [
                "type": "Property", "value": 7.5, "unitCode": "GQ",
                "observedAt": "2026-01-31T01:30:00Z",
            ],
            "isOpen": ["type": "Property", "value": true],
            "refDevice": [
                "type": "Relationship", "object": "urn:ngsi-ld:Device:A b",
                "observedAt": "2026-01-31T01:30:00Z",
            ],
            "source": ["type": "Property", "value": "made up"],
        ]
        #expect(hub.entities == [expected])
    }

    @Test func `a column with both coordinates is a location`() async throws {
        let (hub, tally) = try await imported(
            "id;at\n1;7,88 98,39\n2;98,39 7,88\n",
            """
            type: Stop
            id: "urn:x:{id}"
            separator: ";"
            decimal: ","
            location: {coordinates: at}
            """
        )
        #expect(hub.entities.count == 1 && tally.failures == 1)
        #expect(
            hub.entities.first?.objectValue?["location"]?.objectValue?["value"]
                == ["type": "Point", "coordinates": [98.39, 7.88]]
        )
    }

    private static let wide = """
        type: CrowdFlowObserved
        id: "urn:ngsi-ld:CrowdFlowObserved:{sensor}"
        history: true
        repeats: keep
        time:
          value: "{date} {hour}"
          format: "%Y-%m-%d %H:%M-%*"
          zone: Pacific/Auckland
          dayStartsAt: "06:00"
        wide: {except: [date, hour], name: sensor, value: count}
        lookup: {file: places.csv, key: name, match: "{sensor}"}
        location: {latitude: lat, longitude: lon}
        attributes:
          peopleCount: {column: count, as: number}
        entity:
          name: {text: "{sensor}"}
        """
    private static let places = [
        "places.csv": "name,lat,lon\nNorth,-36.8,174.7\nSouth,-36.9,174.8\n"
    ]

    @Test func `each column of a wide table becomes the history of an entity`() async throws {
        let (hub, tally) = try await imported(
            """
            date,hour,North,South
            2019-01-01,6:00-6:59,4.0,
            2019-01-01,23:00-23:59,0.0,7.0
            2019-01-01,0:00-0:59,,9.0

            """,
            Self.wide,
            others: Self.places
        )
        #expect(tally.problems == [] && tally.entities == 2 && tally.readings == 4)
        #expect(
            hub.readings("urn:ngsi-ld:CrowdFlowObserved:North", "peopleCount") == [
                "2018-12-31T17:00:00Z 4.0", "2019-01-01T10:00:00Z 0.0",
            ]
        )
        #expect(
            hub.readings("urn:ngsi-ld:CrowdFlowObserved:South", "peopleCount") == [
                "2019-01-01T10:00:00Z 7.0", "2019-01-01T11:00:00Z 9.0",
            ]
        )
        #expect(
            hub.entities.first?.objectValue?["location"]?.objectValue?["value"] == [
                "type": "Point", "coordinates": [174.7, -36.8],
            ]
        )
    }

    @Test func `two readings of one hour stay two`() async throws {
        let (hub, tally) = try await imported(
            """
            date,hour,North
            2025-01-03,10:00-10:59,1.0
            2025-01-03,10:00-10:59,1.0
            2025-09-27,2:00-2:59,3.0
            2025-09-27,3:00-3:59,4.0
            2026-04-04,2:00-2:59,5.0
            2026-04-04,2:00-2:59,6.0

            """,
            Self.wide,
            others: Self.places
        )
        #expect(tally.readings == 6)
        #expect(
            hub.readings("urn:ngsi-ld:CrowdFlowObserved:North", "peopleCount") == [
                "2025-01-02T21:00:00Z 1.0", "2025-01-02T21:00:00.001Z 1.0",
                // Clocks skip 02:00 of 28 September; its count stays beside that of 03:00.
                "2025-09-27T14:00:00Z 3.0", "2025-09-27T14:00:00.001Z 4.0",
                // Clocks show 02:00 of 5 April twice.
                "2026-04-04T13:00:00Z 5.0", "2026-04-04T14:00:00Z 6.0",
            ]
        )
    }

    @Test func `a bad cell is reported with its position and the others load`() async throws {
        let (_, tally) = try await imported(
            """
            date,hour,North,West
            2019-01-01,6:00-6:59,many,2
            2019-01-01,25:00-25:59,1,2
            2019-01-01,7:00-7:59,1,2,3
            2019-01-01,8:00-8:59,1,2

            """,
            Self.wide,
            others: Self.places
        )
        #expect(
            tally.problems.map(\.description) == [
                "t.csv:2, column 3 (North): `many` is not a number.",
                "t.csv:2, column 4 (West): `places.csv` has no row for `West`.",
                "t.csv:3, column 1 (date): `2019-01-01 25:00-25:59` is not a time in the map's format.",
                "t.csv:4: The row has 5 fields, the header 4.",
            ]
        )
        #expect(tally.readings == 3)
    }

    @Test func `rows are skipped and empty texts are gaps by the map`() async throws {
        let (hub, _) = try await imported(
            "id,v,state\n1,NA,ok\n2,5,test\n3,6,ok\n",
            """
            type: T
            id: "urn:x:{id}"
            empty: [NA, "-"]
            skip: [{column: state, equals: [test, broken]}]
            attributes: {v: {column: v, as: number}}
            """
        )
        #expect(
            hub.entities == [
                ["id": "urn:x:1", "type": "T"],
                ["id": "urn:x:3", "type": "T", "v": ["type": "Property", "value": 6]],
            ]
        )
    }

    @Test func `a map that names a missing column is refused`() async {
        await #expect(throws: SourceError("The map names a column `b`; `t.csv` has `a`.")) {
            try await imported(
                "a\n1\n",
                "type: T\nid: \"urn:x:{a}\"\nattributes: {v: {column: b}}\n"
            )
        }
    }

    private static let plain = """
        type: T
        id: "urn:x:{site}"
        attributes: {v: {column: pm, as: number}}

        """

    @Test(arguments: [
        "site,when,pm,\na,1,2,\n", ",site,when,pm\n0,a,1,2\n", "x,site,x,pm\n0,a,1,2\n",
        "site,when,pm,\na,1,2\n", "site, pm \n a ,\t2\n",
    ])
    func `a column that no map names does no harm`(table: String) async throws {
        let (hub, tally) = try await imported(table, Self.plain)
        #expect(tally.problems == [])
        #expect(
            hub.entities == [
                ["id": "urn:x:a", "type": "T", "v": ["type": "Property", "value": 2]]
            ]
        )
    }

    @Test func `a column of the map must not be repeated, nor a sensor of a wide table`()
        async
    {
        await #expect(throws: SourceError("`t.csv` has more than one column `pm`.")) {
            try await imported("site,pm,pm\na,1,2\n", Self.plain)
        }
        await #expect(throws: SourceError("`t.csv` has more than one column `North`.")) {
            try await imported(
                "date,hour,North,North\n",
                Self.wide,
                others: Self.places
            )
        }
    }

    @Test func `blanks around cells are ignored unless the map says otherwise`() async throws {
        let rows = "site,pm\n a,\" 1 \"\nb,   \nc, NA\n"
        let (hub, tally) = try await imported(rows, Self.plain + "empty: [NA]\n")
        #expect(tally.problems == [])
        #expect(hub.ids == ["urn:x:a", "urn:x:b", "urn:x:c"])
        #expect(hub.entities.map { $0.objectValue?["v"] != nil } == [true, false, false])
        let text = """
            type: T
            id: "urn:x:{site}"
            trim: false
            attributes: {v: {column: pm}}
            """
        let (kept, _) = try await imported("site,pm\na, b \n", text)
        #expect(kept.entities.first?.objectValue?["v"]?.objectValue?["value"] == " b ")
    }

    @Test(arguments: [
        ("1.234,5", "decimal: \",\"\nthousands: \".\"", "1234.5"),
        ("-1 234 567", "thousands: \" \"", "-1234567"),
        ("1\u{202F}234,25", "thousands: space\ndecimal: \",\"", "1234.25"),
        ("12,34,567.5", "thousands: \",\"", "1234567.5"), ("1'234", "thousands: \"'\"", "1234"),
        ("1234", "thousands: \",\"", "1234"), ("0,5", "decimal: \",\"", "0.5"),
    ])
    func `numbers are read in the map's notation`(
        cell: String,
        keys: String,
        number: String
    ) async throws {
        let (hub, tally) = try await imported(
            "site;pm\na;\(cell)\n",
            Self.plain + "separator: \";\"\n" + keys
        )
        #expect(tally.problems == [])
        let value = hub.entities.first?.objectValue?["v"]?.objectValue?["value"]
        #expect(value?.numberValue?.doubleValue == Double(number))
    }

    @Test(arguments: [
        ("7,5", "", "`decimal: \",\"` in the map"),
        ("1.234,5", "", "`decimal: \",\"` and `thousands: \".\"` in the map"),
        ("1,234,567", "", "`thousands: \",\"` in the map"),
        ("1,234", "", "`thousands: \",\"` or `decimal: \",\"` in the map"),
        ("1.5", "thousands: \".\"\ndecimal: \",\"", "is not a number."),
        ("many", "", "`many` is not a number."),
    ])
    func `a number in another notation is refused with the keys it needs`(
        cell: String,
        keys: String,
        advice: String
    ) async throws {
        let (_, tally) = try await imported(
            "site;pm\na;\(cell)\n",
            Self.plain + "separator: \";\"\n" + keys
        )
        #expect(tally.problems.first?.reason.contains(advice) == true, "\(tally.problems)")
    }

    @Test func `a header further down, or split otherwise, is found and reported`() async throws {
        let table = "Report of January\n\nsite;pm\na;1\n"
        do {
            _ = try await imported(table, Self.plain)
            Issue.record("the header was not missed")
        } catch let error as SourceError {
            let advice = "Line 3 has it with `separator: \";\"` and `skipRows: 2` in the map."
            #expect(error.description.hasSuffix(advice), "\(error)")
        }
        let keys = "separator: \";\"\nskipRows: 2\n"
        let (hub, tally) = try await imported(table, Self.plain + keys)
        #expect(tally.problems == [] && hub.ids == ["urn:x:a"])
        let (excel, _) = try await imported("sep=;\nsite;pm\na;1\n", Self.plain)
        #expect(excel.ids == ["urn:x:a"])
    }
}
