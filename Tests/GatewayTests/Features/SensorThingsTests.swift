import Broker
import ContextModel
import Governance
import HTTPTypes
import HummingbirdTesting
import NIOCore
import Testing

@testable import Gateway

/// The OGC SensorThings API 1.1, for reading.
@Suite struct SensorThingsTests {
    private static let base = "/sensorthings/v1.1"

    /// Five sensors with ten readings each, of which the second has a second series, and a bench without any.
    static func test(_ body: @escaping @Sendable (ServedClient) async throws -> Void) async throws {
        try await ServedHub().test { client in
            for number in 0..<5 {
                try await make(number, client)
            }
            let bench: JSONValue = [
                "id": "urn:x:bench", "type": "Bench", "name": property("Bench"),
            ]
            _ = try await client.send(.post, "entities", bench)
            try await body(client)
        }
    }

    private static func property(_ value: JSONValue) -> JSONValue {
        ["type": "Property", "value": value]
    }

    private static func make(_ number: Int, _ client: ServedClient) async throws {
        func reading(_ hour: Int) -> JSONValue {
            [
                "type": "Property", "value": .number(JSONNumber(number * 10 + hour)),
                "unitCode": "CEL", "observedAt": .string(time(hour)),
            ]
        }
        let location: JSONValue = [
            "type": "GeoProperty",
            "value": [
                "type": "Point", "coordinates": [.number(JSONNumber(98 + number)), 7],
            ],
        ]
        var sensor: JSONObject = [
            "id": .string("urn:x:\(number)"), "type": "Sensor",
            "name": property(.string("Sensor \(number)")), "temperature": reading(0),
        ]
        if number != 4 { sensor["location"] = location }
        if number == 1 { sensor["humidity"] = reading(0) }
        _ = try await client.send(.post, "entities", .object(sensor))
        for hour in 1..<10 {
            let change: JSONValue = ["temperature": reading(hour)]
            let answer = try await client.send(.patch, "entities/urn:x:\(number)/attrs", change)
            #expect(answer.status == .noContent)
        }
    }

    private static func time(_ hour: Int) -> String { "2026-01-01T0\(hour):00:00Z" }

    private static func get(_ client: ServedClient, _ path: String) async throws -> JSONObject {
        let encoded = path.replacing(" ", with: "%20").replacing("|", with: "%7C")
        let answer = try await client.send(.get, "\(base)/\(encoded)")
        #expect(answer.status == .ok, "\(path): \(String(buffer: answer.body))")
        return try answer.json
    }

    private static func values(_ page: JSONObject, _ name: String = "@iot.id") -> [JSONValue] {
        (page["value"]?.arrayValue ?? []).map { $0.objectValue?[name] ?? .null }
    }

    @Test func `the address of the service lists the eight sets`() async throws {
        try await Self.test { client in
            let root = try await client.send(.get, Self.base).json
            let names = (root["value"]?.arrayValue ?? []).compactMap { $0.objectValue?["name"] }
            #expect(names.count == 8)
            for name in names {
                let page = try await Self.get(client, name.stringValue ?? "")
                #expect(page["value"]?.arrayValue?.isEmpty == false, "\(name)")
            }
        }
    }

    @Test func `a Thing shows what it is, and leads to the rest`() async throws {
        try await Self.test { client in
            let thing = try await Self.get(
                client,
                "Things('urn:x:1')?$expand=Datastreams($expand=ObservedProperty),Locations"
            )
            #expect(thing["name"] == "Sensor 1")
            #expect(thing["properties"]?.objectValue?["type"] == "Sensor")
            let streams = thing["Datastreams"]?.arrayValue ?? []
            #expect(streams.count == 2)
            #expect(streams[0].objectValue?["@iot.id"] == "urn:x:1|temperature")
            let unit = streams[0].objectValue?["unitOfMeasurement"]?.objectValue
            #expect(unit?["symbol"] == "°C")
            let observed = streams[0].objectValue?["ObservedProperty"]?.objectValue
            #expect(observed?["name"] == "temperature")
            let places = thing["Locations"]?.arrayValue ?? []
            let geometry = places.first?.objectValue?["location"]?.objectValue
            #expect(geometry?["coordinates"] == [99, 7])
        }
    }

    @Test func `the newest Observation of every Datastream comes in one answer`() async throws {
        try await Self.test { client in
            let page = try await Self.get(
                client,
                "Datastreams?$expand=Observations($top=1;$orderby=phenomenonTime desc)"
            )
            let newest = Self.values(page, "Observations").map {
                $0.arrayValue?.first?.objectValue?["result"]
            }
            #expect(newest == [9, 19, 10, 29, 39, 49])
        }
    }

    /// An observation that arrives late does not become the newest.
    @Test func `the newest Observation is the last that was observed, not written`() async throws {
        try await Self.test { client in
            let late: JSONValue = [
                "temperature": [
                    "type": "Property", "value": -1, "observedAt": "2025-12-31T00:00:00Z",
                ]
            ]
            _ = try await client.send(.patch, "entities/urn:x:0/attrs", late)
            let page = try await Self.get(
                client,
                "Datastreams('urn:x:0|temperature')/Observations?$top=1"
            )
            #expect(Self.values(page, "result") == [9])
        }
    }

    @Test(arguments: ["asc", "desc"])
    func `links lead through all Observations of a Datastream once`(order: String) async throws {
        try await Self.test { client in
            var path = Optional(
                "Datastreams('urn:x:2|temperature')/Observations?$top=4&$count=true"
                    + "&$orderby=phenomenonTime \(order)"
            )
            var results: [JSONValue] = []
            while let next = path {
                let page = try await Self.get(client, next)
                #expect(page["@iot.count"] == 10)
                results += Self.values(page, "result")
                path = page["@iot.nextLink"]?.stringValue.flatMap(Self.path)
            }
            let expected = (20..<30).map { JSONValue.number(JSONNumber($0)) }
            #expect(results == (order == "asc" ? expected : expected.reversed()))
        }
    }

    private static func path(_ link: String) -> String? {
        link.firstRange(of: "v1.1/").map { String(link[$0.upperBound...]) }
    }

    @Test(arguments: ["Things", "Datastreams", "Observations", "Locations", "Sensors"])
    func `links lead through a whole set once`(set: String) async throws {
        try await Self.test { client in
            let whole = Self.values(try await Self.get(client, "\(set)?$top=1000"))
            var (path, found) = (Optional("\(set)?$top=2"), [JSONValue]())
            while let next = path {
                let page = try await Self.get(client, next)
                found += Self.values(page)
                path = page["@iot.nextLink"]?.stringValue.flatMap(Self.path)
            }
            #expect(Set(found).count == found.count)
            #expect(found == whole)
            let expected = ["Observations": 51, "Datastreams": 6, "Locations": 4]
            #expect(whole.count == expected[set] ?? 6)
        }
    }

    @Test(arguments: [
        ("Things?$filter=name eq 'Sensor 3'", ["urn:x:3"]),
        ("Things?$filter=properties/type eq 'Bench'", ["urn:x:bench"]),
        (
            "Things?$filter=startswith(name,'Sensor') and not (name eq 'Sensor 0')&$top=1",
            ["urn:x:1"]
        ),
        ("Things?$filter=Datastreams/ObservedProperty/id eq 'humidity'", ["urn:x:1"]),
        ("Things?$orderby=name desc&$top=2", ["urn:x:4", "urn:x:3"]),
        ("Things?$orderby=name&$skip=5", ["urn:x:4"]),
        ("Things?$skip=4&$top=1", ["urn:x:4"]),
        (
            "Things?$filter=st_within(Locations/location,geography'POLYGON((98.5 6,100.5 6,100.5 8,98.5 8,98.5 6))')",
            ["urn:x:1", "urn:x:2"]
        ),
        (
            "Datastreams?$filter=ObservedProperty/id eq 'humidity' or Thing/name eq 'Sensor 0'",
            ["urn:x:0|temperature", "urn:x:1|humidity"]
        ),
        ("ObservedProperties('humidity')/Datastreams", ["urn:x:1|humidity"]),
        ("Things('urn:x:0')/Datastreams('urn:x:0|temperature')/Thing/Locations", ["urn:x:0"]),
        (
            "Datastreams('urn:x:0|temperature')/Observations?$filter=result gt 7",
            [
                "urn:x:0|temperature||2026-01-01T09:00:00Z",
                "urn:x:0|temperature||2026-01-01T08:00:00Z",
            ]
        ),
        (
            "Datastreams('urn:x:0|temperature')/Observations?$filter=phenomenonTime ge 2026-01-01T02:00:00Z and "
                + "phenomenonTime lt 2026-01-01T04:00:00Z&$orderby=phenomenonTime",
            [
                "urn:x:0|temperature||2026-01-01T02:00:00Z",
                "urn:x:0|temperature||2026-01-01T03:00:00Z",
            ]
        ),
    ])
    func `filters, orders and paths find`(path: String, ids: [String]) async throws {
        try await Self.test { client in
            let page = try await Self.get(client, path)
            #expect(Self.values(page).compactMap(\.stringValue) == ids)
        }
    }

    @Test func `counts are of all that match`() async throws {
        try await Self.test { client in
            for (path, count) in [
                ("Things", 6), ("Datastreams", 6),
                ("Datastreams?$filter=Thing/name eq 'Sensor 1'", 2),
                ("Things?$filter=name eq 'Sensor 1'", 1), ("ObservedProperties", 2),
            ] {
                let mark = path.contains("?") ? "&" : "?"
                let page = try await Self.get(client, path + mark + "$count=true&$top=1")
                #expect(page["@iot.count"] == .number(JSONNumber(count)), "\(path)")
                #expect(Self.values(page).count == 1)
            }
            let bare = try await client.send(.get, "\(Self.base)/Things/$count")
            #expect(String(buffer: bare.body) == "6")
        }
    }

    @Test func `single entities, their properties and bare values are found`() async throws {
        try await Self.test { client in
            let id = "Observations('urn:x:3|temperature||2026-01-01T05:00:00Z')"
            let observation = try await Self.get(
                client,
                id + "?$expand=Datastream,FeatureOfInterest"
            )
            #expect(observation["result"] == 35)
            #expect(observation["Datastream"]?.objectValue?["@iot.id"] == "urn:x:3|temperature")
            #expect(observation["FeatureOfInterest"]?.objectValue?["@iot.id"] == "urn:x:3")
            #expect(try await Self.get(client, id + "/result") == ["result": 35])
            let path = "\(Self.base)/Things('urn:x:3')/name/$value"
            let bare = try await client.send(.get, path)
            #expect(String(buffer: bare.body) == "Sensor 3")
            let links = try await Self.get(client, "Things('urn:x:1')/Datastreams/$ref")
            #expect(Self.values(links, "@iot.selfLink").count == 2)
        }
    }

    @Test(arguments: [
        ("Things('urn:x:9')", HTTPResponse.Status.notFound),
        ("Things('urn:x:9')/Datastreams", .notFound), ("Things(1)", .notFound),
        ("Things('urn:x:0')/Datastreams('urn:x:1%7Ctemperature')", .notFound),
        ("Datastreams('urn:x:0%7Cname')", .notFound), ("Boxes", .notFound),
        ("Things('urn:x:0')/Sensors", .notFound), ("Things?$filter=name%20eq", .badRequest),
        ("Things?$filter=colour%20eq%201", .badRequest), ("Things?$top=-1", .badRequest),
        ("Things?$expand=Sensors", .badRequest), ("Things?$select=colour", .badRequest),
        ("Things?$skiptoken=x", .badRequest), ("Things?$orderby=name%20up", .badRequest),
        ("Things?$filter=nothing(name)", .unprocessableContent), ("Things?colour=red", .badRequest),
    ])
    func `what is not there, or not understood, is refused`(
        path: String,
        status: HTTPResponse.Status
    ) async throws {
        try await Self.test { client in
            let answer = try await client.send(.get, "\(Self.base)/\(path)")
            #expect(answer.status == status, "\(String(buffer: answer.body))")
        }
    }

    /// What is nested without end, or would be sorted without end, is refused in time.
    @Test func `long and deep filters are refused`() async throws {
        try await Self.test { client in
            for filter in [
                String(repeating: "(", count: 5_000), String(repeating: "not%20", count: 3_000),
                String(repeating: "(", count: 200) + "1%20eq%201"
                    + String(repeating: ")", count: 200),
            ] {
                let answer = try await client.send(.get, "\(Self.base)/Things?$filter=\(filter)")
                #expect([.badRequest, .forbidden, .unprocessableContent].contains(answer.status))
            }
            let all = try await client.send(
                .get,
                "\(Self.base)/Observations?$orderby=phenomenonTime%20desc"
            )
            #expect(all.status != .ok)
        }
    }

    /// Each step back and forth would multiply the answer.
    @Test func `an expansion that leads back is refused`() async throws {
        try await Self.test { client in
            let back = [
                "Things?$expand=Datastreams/Thing", "Things?$expand=Locations($expand=Things)",
                "Sensors?$expand=Datastreams($expand=ObservedProperty($expand=Datastreams))",
                "Datastreams?$expand=Observations/Datastream",
            ]
            for path in back {
                let answer = try await client.send(.get, "\(Self.base)/\(path)")
                #expect(answer.status == .forbidden, "\(path)")
                #expect(String(buffer: answer.body).contains("leads back"))
            }
        }
    }

    @Test func `what is expanded counts among the parts of an answer`() async throws {
        var limits = HubLimits()
        limits.maximumAnswerInstances = 5
        try await ServedHub(limits: limits).test { client in
            for number in 0..<3 { try await Self.make(number, client) }
            let some = try await Self.get(client, "Things?$top=2&$expand=Datastreams")
            #expect(Self.values(some).count == 2)
            // Four Datastreams, and for each of them a property.
            let path = "\(Self.base)/Things?$expand=Datastreams/ObservedProperty"
            let answer = try await client.send(.get, path)
            #expect(answer.status != .ok)
            #expect(String(buffer: answer.body).contains("ask for fewer with $top"))
        }
    }

    /// The Datastreams of an ObservedProperty are those of many entities.
    @Test func `expanded Datastreams of a property are filtered, sorted and counted`() async throws
    {
        try await Self.test { client in
            let property = try await Self.get(
                client,
                "ObservedProperties('temperature')?$expand="
                    + "Datastreams($filter=Thing/name eq 'Sensor 4';$top=1;$count=true)"
            )
            #expect(property["Datastreams@iot.count"] == 1)
            let found = property["Datastreams"]?.arrayValue ?? []
            #expect(found.map { $0.objectValue?["@iot.id"] } == ["urn:x:4|temperature"])
            let sorted = try await Self.get(
                client,
                "ObservedProperties('temperature')?$expand="
                    + "Datastreams($orderby=Thing/name desc;$top=1;$count=true)"
            )
            #expect(sorted["Datastreams@iot.count"] == 5)
            let first = sorted["Datastreams"]?.arrayValue?.first?.objectValue
            #expect(first?["@iot.id"] == "urn:x:4|temperature")
        }
    }

    /// With every pair of values, a few operations would have more results than memory.
    @Test(.timeLimit(.minutes(1)))
    func `arithmetic over two lists has no result`() async throws {
        try await ServedHub().test { client in
            let list = JSONValue.array((0..<1_000).map { .number(JSONNumber($0)) })
            let entity: JSONValue = [
                "id": "urn:x:1", "type": "Sensor", "name": Self.property("One"),
                "levels": Self.property(list),
            ]
            _ = try await client.send(.post, "entities", entity)
            func found(_ filter: String) async throws -> Int {
                Self.values(try await Self.get(client, "Things?$filter=\(filter)")).count
            }
            let levels = "properties/levels"
            #expect(try await found("\(levels) add 1 eq 1000") == 1)
            #expect(try await found("\(levels) eq 999") == 1)
            let sum = [String](repeating: levels, count: 8).joined(separator: " add ")
            #expect(try await found("\(sum) gt 0") == 0)
            let path = "\(Self.base)/Things?$filter=\(levels)%20eq%20\(levels)"
            let answer = try await client.send(.get, path)
            #expect(answer.status != .ok)
        }
    }

    @Test func `selected properties alone are shown`() async throws {
        try await Self.test { client in
            let page = try await Self.get(client, "Things?$select=id,name&$top=1")
            #expect(page["value"] == [["@iot.id": "urn:x:0", "name": "Sensor 0"]])
        }
    }
}
