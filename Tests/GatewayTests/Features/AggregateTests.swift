import ContextModel
import Governance
import HTTPTypes
import HummingbirdTesting
import NIOCore
import Testing

@testable import Broker
@testable import Gateway

/// Sums across entities, by group and by period of the city's calendar.
@Suite struct AggregateTests {
    /// Four sensors in two districts; each has a reading every six hours, its own number as the value.
    static func test(_ body: @escaping @Sendable (ServedClient) async throws -> Void) async throws {
        try await ServedHub(onDisk: true).test { client in
            for number in 1...4 { try await make(number, client) }
            for (name, west) in [("North", 98.0), ("South", 100.0)] {
                _ = try await client.send(.post, "entities", district(name, west))
            }
            try await body(client)
        }
    }

    private static func district(_ name: String, _ west: Double) -> JSONValue {
        func corner(_ east: Double, _ north: Double) -> JSONValue {
            [.number(JSONNumber(west + east)), .number(JSONNumber(6 + north))]
        }
        return [
            "id": .string("urn:x:district:\(name)"), "type": "District",
            "name": ["type": "Property", "value": .string(name)],
            "location": [
                "type": "GeoProperty",
                "value": [
                    "type": "Polygon",
                    "coordinates": [
                        [corner(0, 0), corner(1.9, 0), corner(1.9, 2), corner(0, 2), corner(0, 0)]
                    ],
                ],
            ],
        ]
    }

    private static func make(_ number: Int, _ client: ServedClient) async throws {
        let readings = (0..<8).map { index -> JSONValue in
            let (day, hour) = (index / 4, index % 4 * 6)
            let time = "2026-01-\(day == 0 ? "31" : "30")T\(hour < 10 ? "0" : "")\(hour):00:00Z"
            return [
                "type": "Property", "value": .number(JSONNumber(number)),
                "observedAt": .string(time),
            ]
        }
        let place: JSONValue = [
            "type": "Point", "coordinates": [.number(JSONNumber(97.5 + Double(number))), 7],
        ]
        let sensor: JSONValue = [
            "id": .string("urn:x:\(number)"), "type": "Sensor", "level": readings[0],
            "district": ["type": "Property", "value": number < 3 ? "A" : "B"],
            "scope": .string("/city/\(number < 2 ? "a" : "b")/n\(number)"),
            "location": ["type": "GeoProperty", "value": place],
        ]
        _ = try await client.send(.post, "entities", sensor)
        let history: JSONValue = ["level": .array(Array(readings.dropFirst()))]
        let answer = try await client.send(
            .post,
            "temporal/entities/urn:x:\(number)/attrs",
            history
        )
        #expect(answer.status == .noContent)
    }

    private static func rows(_ client: ServedClient, _ query: String) async throws -> [[String]] {
        let path = "/aggregates?type=Sensor&attrs=level&format=csv&\(query)"
        let answer = try await client.send(.get, path)
        #expect(answer.status == .ok, "\(String(buffer: answer.body))")
        return String(buffer: answer.body).split(separator: "\r\n").dropFirst()
            .map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
    }

    @Test func `days and months are those of the city's clock`() async throws {
        try await Self.test { client in
            // In Bangkok the 30th has the readings from 17:00 UTC of the 29th on.
            let days = try await Self.rows(
                client,
                "period=day&zone=Asia/Bangkok&from=2026-01-30&to=2026-02-02&methods=count,sum"
            )
            #expect(
                days.map { [$0[0], $0[5], $0[6]] } == [
                    ["2026-01-30T00:00:00+07:00", "12", "30"],
                    ["2026-01-31T00:00:00+07:00", "16", "40"],
                    ["2026-02-01T00:00:00+07:00", "4", "10"],
                ]
            )
            let months = try await Self.rows(
                client,
                "zone=Asia/Bangkok&from=2026-01-01&to=2026-03-01&methods=count,avg,min,max"
            )
            #expect(
                months.map { Array($0[5...]) } == [
                    ["28", "2.5", "1", "4"], ["4", "2.5", "1", "4"],
                ]
            )
        }
    }

    @Test(arguments: [
        ("entity", ["urn:x:1": "8", "urn:x:2": "16", "urn:x:3": "24", "urn:x:4": "32"]),
        ("type", ["Sensor": "80"]), ("attribute:district", ["A": "24", "B": "56"]),
        ("scope:2", ["/city/a": "8", "/city/b": "72"]),
        ("area:District", ["urn:x:district:North": "24", "urn:x:district:South": "56"]),
    ])
    func `groups are formed by what entities are now`(
        by: String,
        sums: [String: String]
    ) async throws {
        try await Self.test { client in
            let rows = try await Self.rows(
                client,
                "period=whole&from=2026-01-01&to=2026-03-01&methods=sum&by=\(by)"
            )
            let found = Dictionary(rows.map { ($0[2], $0[5]) }, uniquingKeysWith: { $1 })
            #expect(found == sums)
            if by == "area:District" { #expect(Set(rows.map { $0[3] }) == ["North", "South"]) }
        }
    }

    /// The record names what decides the groups, because the answer tells it.
    @Test func `attributes that decide the groups are disclosed`() async throws {
        let served = try ServedHub(onDisk: true)
        try await served.test { client in
            for number in 1...4 { try await Self.make(number, client) }
            _ = try await client.send(.post, "entities", Self.district("North", 98))
            func names(_ grouping: GroupQuestion.Grouping) async throws -> [String: Set<String>] {
                let edges = ["2026-01-01T00:00:00Z", "2026-03-01T00:00:00Z"]
                let question = GroupQuestion(
                    condition: .type(LDContext.core.expand("Sensor")),
                    attributes: [LDContext.core.expand("level")],
                    grouping: grouping,
                    edges: edges.compactMap { Timestamp($0) }
                )
                let sums = try await served.hub.reading.sums(
                    question,
                    caller: Caller(party: .operator)
                )
                var found: [String: Set<String>] = [:]
                sums.answer.forEachDisclosure { id, names in
                    found[id.uri, default: []].formUnion(names.map { LDContext.core.compact($0) })
                }
                return found
            }
            #expect(try await names(.none)["urn:x:1"] == ["level"])
            let district = LDContext.core.expand("district")
            #expect(try await names(.attribute(district))["urn:x:1"] == ["level", "district"])
            let areas = try await names(.area(LDContext.core.expand("District")))
            #expect(areas["urn:x:1"] == ["level", "location"])
            #expect(areas["urn:x:district:North"] == ["location", "name"])
            // The last two lie in no area.
            #expect(areas["urn:x:4"] == ["level"])
        }
    }

    @Test func `an answer in JSON has its groups and periods`() async throws {
        try await Self.test { client in
            let answer = try await client.send(
                .get,
                "/aggregates?type=Sensor&attrs=level&from=2026-01-30&to=2026-01-31&period=day&q=level==1"
            ).json
            #expect(answer["timeZone"] == "UTC")
            let group = answer["groups"]?.arrayValue?.first?.objectValue
            #expect(group?["attribute"] == "level")
            let period = group?["periods"]?.arrayValue?.first?.objectValue
            #expect(period?["avg"] == 1)
            #expect(period?["from"] == "2026-01-30T00:00:00+00:00")
        }
    }

    @Test(arguments: [
        "type=Sensor&attrs=level", "attrs=level&from=2026-01-01", "type=Sensor&from=2026-01-01",
        "type=Sensor&attrs=level&from=yesterday", "type=Sensor&attrs=level&from=2026-01-01&by=x",
        "type=Sensor&attrs=level&from=2026-01-01&zone=Mars/Base",
        "type=Sensor&attrs=level&from=2026-01-01&methods=mode",
        "type=Sensor&attrs=level&from=2026-01-01&period=decade",
        "type=Sensor&attrs=level&from=2026-02-01&to=2026-01-01",
        "type=Sensor&attrs=level&from=2026-01-01&by=scope:0",
        "type=Sensor&attrs=level&from=0001-01-01&period=hour",
    ])
    func `what is not understood is refused`(query: String) async throws {
        try await ServedHub().test { client in
            let answer = try await client.send(.get, "/aggregates?\(query)")
            #expect(answer.status.code >= 400 && answer.status.code < 500)
        }
    }

    /// The edges of days, where clocks change, and of weeks.
    @Test func `the calendar knows changes of clocks`() throws {
        let berlin = try CityCalendar(zone: "Europe/Berlin")
        let days = try berlin.edges(
            from: try berlin.moment("2026-03-28", "from"),
            to: try berlin.moment("2026-03-31", "to"),
            .day
        )
        #expect(
            days.map(\.text) == [
                "2026-03-27T23:00:00Z", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z",
                "2026-03-30T22:00:00Z",
            ]
        )
        // Clocks went from midnight to one o'clock.
        let cairo = try CityCalendar(zone: "Africa/Cairo")
        #expect(try cairo.moment("2024-04-26", "from").text == "2024-04-25T22:00:00Z")
        let weeks = try berlin.edges(
            from: try berlin.moment("2026-01-01", "from"),
            to: try berlin.moment("2026-01-13", "to"),
            .week
        )
        #expect(
            weeks.map(berlin.text).map { $0.prefix(10) } == [
                "2026-01-01", "2026-01-05", "2026-01-12", "2026-01-13",
            ]
        )
        let years = try berlin.edges(
            from: try berlin.moment("2024-02-29", "from"),
            to: try berlin.moment("2026-02-01", "to"),
            .year
        )
        #expect(
            years.map(berlin.text).map { $0.prefix(10) } == [
                "2024-02-29", "2025-01-01", "2026-01-01", "2026-02-01",
            ]
        )
        let delhi = try CityCalendar(zone: "Asia/Kolkata")
        let hours = try delhi.edges(
            from: try #require(Timestamp("2026-01-01T00:00:00Z")),
            to: try #require(Timestamp("2026-01-01T02:00:00Z")),
            .hour
        )
        #expect(hours.map(\.text)[1] == "2026-01-01T00:30:00Z")
    }

    /// Clocks go back from 02:00 to 01:30 in April, and forward from 02:00 to 02:30 in October.
    @Test func `hours follow clocks that change by half an hour`() throws {
        let island = try CityCalendar(zone: "Australia/Lord_Howe")
        func hours(_ start: String, _ end: String) throws -> [String] {
            let edges = try island.edges(
                from: try #require(Timestamp(start)),
                to: try #require(Timestamp(end)),
                .hour
            )
            return edges.map { String(island.text($0).dropFirst(11)) }
        }
        #expect(
            try hours("2026-04-04T13:00:00Z", "2026-04-04T17:30:00Z") == [
                "00:00:00+11:00", "01:00:00+11:00", "02:00:00+10:30", "03:00:00+10:30",
                "04:00:00+10:30",
            ]
        )
        #expect(
            try hours("2026-10-03T13:30:00Z", "2026-10-03T17:00:00Z") == [
                "00:00:00+10:30", "01:00:00+10:30", "02:30:00+11:00", "03:00:00+11:00",
                "04:00:00+11:00",
            ]
        )
        // Where a whole hour comes twice, it is two hours.
        let berlin = try CityCalendar(zone: "Europe/Berlin")
        let twice = try berlin.edges(
            from: try #require(Timestamp("2026-10-25T00:00:00Z")),
            to: try #require(Timestamp("2026-10-25T02:00:00Z")),
            .hour
        )
        #expect(twice.count == 3)
    }
}
